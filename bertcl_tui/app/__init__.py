"""The app: which screens there are, how one comes to another, and what is set."""

import gc
import os
import sys
from functools import partial
from typing import Final

from engine.errors import UsageError, shown

_COLLECTED_AFTER: Final = 50_000
"""New objects after which Python looks for garbage: opening makes many that stay."""


def open_app(store: str | None = None) -> int:
    """Show the app until it is left, and return the exit code; None: on the default store.

    Raises:
        UsageError: there is no terminal to show it in.
    """
    if not has_terminal():
        raise UsageError("the app needs a terminal; see bertcl-tui --help for what works without")
    if os.environ.get("TERM") == "dumb":
        raise UsageError("the app needs a terminal whose cursor moves, and TERM says dumb; set it")
    gc.set_threshold(_COLLECTED_AFTER)
    from bertcl_tui.app.app import BertclApp
    from bertcl_tui.settings import apply_places, read_settings, settings_file

    path = settings_file()
    settings = read_settings(path)
    apply_places(settings)
    opened = partial(BertclApp, settings=settings, settings_path=path, warm=True)
    try:
        app = opened() if store is None else opened(store)
    except UsageError as error:
        raise UsageError(
            f"settings {shown(path)}: {error}; mend it with bertcl-tui config edit"
        ) from None
    _draw_on_terminal()
    app.run()
    return app.return_code or 0


def _draw_on_terminal() -> None:
    """Let the app be drawn where a person sees it, also where errors go to a file (``2>``).

    Textual draws on what stderr was as Python began.
    """
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        setattr(sys, "__stderr__", sys.__stdout__)  # noqa: B010 - it is said to be final


def has_terminal() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()
