"""What changes when a task's or a model's own files change, told without reading them. Light."""

from collections.abc import Iterable
from pathlib import Path

from engine.tasks.entry import TaskEntry
from engine.tasks.models import model_path

Stamp = tuple[tuple[str, int, int], ...]
"""Name, time of change and size of each file that is there; nothing for what is on the hub."""


def rows_stamp(entry: TaskEntry) -> Stamp:
    """Return the stamp of the files that hold a task's rows."""
    return _stamp(entry.origin.files())


def model_stamp(model: str) -> Stamp:
    """Return the stamp of a model's files.

    Raises:
        UsageError: there is no such model.
    """
    folder = Path(model_path(model))
    return _stamp(sorted(folder.iterdir())) if folder.is_dir() else ()


def _stamp(files: Iterable[Path]) -> Stamp:
    found = [(file, file.stat()) for file in files if file.is_file()]
    return tuple((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in found)
