"""Where tasks come from: what can be said for ``--data``, and which tasks there are then.

A source is a file here, with a kind of ``Origin`` that reads its rows, and a line in ``SOURCES``.
Light: the terminal uses it. Nothing here reads a row.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from engine.tasks.sources.hub import GLUE
from engine.tasks.sources.own import folder_tasks, own_tasks
from engine.tasks.sources.sample import SAMPLES
from engine.tasks.task import TaskEntry


class NamedSource(NamedTuple):
    """Is asked for by a word."""

    said: str
    """As help and errors name it."""
    word: str
    meaning: str
    """Offered with the word, in a few words."""
    tasks: tuple[TaskEntry, ...]


class PathSource(NamedTuple):
    """Is asked for by the path of a folder or a file."""

    said: str
    """As help and errors name it."""
    accepts: Callable[[Path], bool]
    tasks: Callable[[Path], tuple[TaskEntry, ...]]


def _is_task_file(path: Path) -> bool:
    return path.is_file() and path.suffix == ".toml"


SOURCES: Final[tuple[NamedSource | PathSource, ...]] = (
    NamedSource("sample", "sample", "real text that needs the package index only", SAMPLES),
    NamedSource("hub (GLUE)", "hub", "GLUE, from the hub", GLUE),
    PathSource("a folder of tasks", Path.is_dir, folder_tasks),
    PathSource("a task file (.toml)", _is_task_file, own_tasks),
)
"""The first that accepts what was said answers."""


def sources_said() -> str:
    """Return what can be said for ``--data``, as help and errors list it."""
    *others, last = (source.said for source in SOURCES)
    return f"{', '.join(others)}, or {last}"


def named_sources() -> list[NamedSource]:
    """Return the sources that are asked for by a word."""
    return [source for source in SOURCES if isinstance(source, NamedSource)]
