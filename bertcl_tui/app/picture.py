"""Where a picture of the screen goes."""

from datetime import datetime
from itertools import count
from pathlib import Path


def free_path(folder: Path, moment: datetime) -> Path:
    """Return a name with the time in it that no file there has yet."""
    name = f"bertcl-{moment:%Y-%m-%d-%H%M%S}"
    names = (f"{name}-{number}" if number > 1 else name for number in count(1))
    return next(path for name in names if not (path := folder / f"{name}.svg").exists())
