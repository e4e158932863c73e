"""Pictures of the screen: where they go and what they are called."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Final

from textual.app import App

from bertcl_tui.widgets.frame import TopBar
from engine.errors import reason_of, shown

FOLDER: Final = Path("pictures")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9.]+")
_MOST: Final = 80
"""Characters of a screen's name."""


def save_picture(app: App[None]) -> None:
    """Save the screen as it is, and say where."""
    shown_path = app.screen.query(TopBar)
    name = picture_name(shown_path.first().path if shown_path else ())
    path = free_path(Path.cwd() / FOLDER, name, datetime.now())
    try:
        path.parent.mkdir(exist_ok=True)
        app.save_screenshot(path.name, str(path.parent))
    except OSError as error:
        text = f"The screen cannot be saved as {shown(path)}: {reason_of(error)}."
        app.notify(text, severity="error", markup=False)
    else:
        app.notify(f"Screen saved as {shown(path)}", markup=False)


def picture_name(path: Sequence[str]) -> str:
    """Return what a picture is called of the screen that one came to by this path."""
    words = "-".join(path[1:] or path)
    return _UNFIT.sub("-", words).strip("-.").lower()[:_MOST] or "screen"


def free_path(folder: Path, name: str, moment: datetime) -> Path:
    """Return where a picture goes: a name of that moment that no file there has."""
    stem = f"{name}-{moment:%Y-%m-%d-%H%M%S}"
    names = (f"{stem}-{number}" if number > 1 else stem for number in count(1))
    return next(path for each in names if not (path := folder / f"{each}.svg").exists())
