"""The catalog: which tasks there are in hub, sample pack, a folder or a task file.

Light: the screen uses it. Nothing here reads a row.
"""

from collections.abc import Sequence
from pathlib import Path

from engine.errors import UsageError
from engine.tasks.entry import TaskEntry
from engine.tasks.glue import GLUE
from engine.tasks.names import find_entry, nearest_name
from engine.tasks.sources.folder import folder_tasks
from engine.tasks.sources.own import own_tasks
from engine.tasks.sources.sample_pack import SAMPLES


def data_name(data: str) -> str:
    """Return ``data`` as runs remember it: ``hub``, ``sample`` or an absolute path.

    Raises:
        UsageError: it is neither of the words, nor a folder, nor a task file.
    """
    if data in ("hub", "sample"):
        return data
    path = Path(data).expanduser().resolve()
    if path.is_dir() or (path.is_file() and path.suffix == ".toml"):
        return str(path)
    if path.exists():
        raise UsageError(
            f"data '{data}' is no task file; name its columns in a TOML file, and pass that"
        )
    raise UsageError(f"no data '{data}'; use hub, sample, a folder of tasks or a task file (.toml)")


def known_tasks(data: str) -> tuple[TaskEntry, ...]:
    """Return the tasks of ``data``: ``hub``, ``sample``, a folder or a task file.

    Raises:
        UsageError: the folder or file does not exist, or does not say what is needed.
    """
    match data_name(data):
        case "hub":
            return GLUE
        case "sample":
            return SAMPLES
        case path if Path(path).is_dir():
            return folder_tasks(Path(path))
        case path:
            return own_tasks(Path(path))


def describe(name: str, data: str) -> TaskEntry:
    """Return what is known of a task; ``SST-2`` and ``sst2`` are the same name.

    Raises:
        UsageError: there is no such task in ``data``.
    """
    entries = known_tasks(data)
    entry = find_entry(name, entries)
    if entry is None:
        raise UsageError(_unknown(name, data, [known.name for known in entries]))
    return entry


def describe_sequence(names: Sequence[str], data: str) -> tuple[TaskEntry, ...]:
    """Return what is known of the tasks of a sequence.

    Raises:
        UsageError: a task is unknown, or two of the names mean the same one.
    """
    entries = tuple(describe(name, data) for name in names)
    found = [entry.name for entry in entries]
    for name, entry in zip(names, entries, strict=True):
        if found.count(entry.name) > 1:
            raise UsageError(f"task '{name}' comes twice in the sequence; each is learnt once")
    return entries


def _unknown(name: str, data: str, there: Sequence[str]) -> str:
    tasks = ", ".join(there)
    for elsewhere, entries in (("hub", GLUE), ("sample", SAMPLES)):
        if data != elsewhere and find_entry(name, entries):
            return (
                f"task '{name}' is not in data '{data}' but in '{elsewhere}': use --data "
                f"{elsewhere}, or one of {tasks}"
            )
    near = nearest_name(name, there)
    hint = f"did you mean '{near}'? There are" if near else "there are"
    return f"no task '{name}' in data '{data}'; {hint} {tasks}"
