"""The catalog: which tasks there are in hub, sample pack, a folder or a task file.

Light: the screen uses it. Nothing here reads a row.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from engine.errors import UsageError, did_you_mean, shown
from engine.files import expanded
from engine.tasks.sources import SOURCES, PathSource, named_sources, sources_said
from engine.tasks.subsets import (
    find_named,
    find_subset,
    first_clash,
    nearest_name,
    split_name,
    subset_names,
)
from engine.tasks.task import TaskEntry


def data_name(data: str) -> str:
    """Return ``data`` as runs remember it: ``hub``, ``sample`` or an absolute path.

    Raises:
        UsageError: it is neither of the words, nor a folder, nor a task file.
    """
    if any(source.word == data for source in named_sources()):
        return data
    path = expanded(data).resolve()
    if any(source.accepts(path) for source in _path_sources()):
        return str(path)
    if path.exists():
        raise UsageError(
            f"data '{shown(data)}' is no task file; name its columns in a TOML file, and pass that"
        )
    raise UsageError(f"no data '{shown(data)}'; use {sources_said()}")


def known_tasks(data: str) -> tuple[TaskEntry, ...]:
    """Return the tasks of ``data``: ``hub``, ``sample``, a folder or a task file.

    Raises:
        UsageError: the folder or file does not exist, or does not say what is needed.
    """
    name = data_name(data)
    for named in named_sources():
        if named.word == name:
            return named.tasks
    path = Path(name)
    return next(source.tasks(path) for source in _path_sources() if source.accepts(path))


def describe(name: str, data: str) -> TaskEntry:
    """Return what is known of a task, or of a part of one such as ``sst2/short``.

    ``SST-2`` and ``sst2`` are the same name.

    Raises:
        UsageError: there is no such task in ``data``, or no such part.
    """
    entries = known_tasks(data)
    whole, part = split_name(name)
    entry = find_named(whole, entries)
    if entry is None:
        raise UsageError(_unknown(whole, data, [known.name for known in entries]))
    return entry if part is None else _part_of(entry, part)


def names_of(entries: Iterable[TaskEntry]) -> tuple[str, ...]:
    """Return every name that can be asked for: of the tasks, then of their parts."""
    wholes = tuple(entry.name for entry in entries)
    return (*wholes, *(part for whole in wholes for part in subset_names(whole)))


def describe_sequence(names: Sequence[str], data: str) -> tuple[TaskEntry, ...]:
    """Return what is known of the tasks of a sequence.

    Raises:
        UsageError: a task is unknown, or two of the names mean the same one or share rows.
    """
    entries = tuple(describe(name, data) for name in names)
    found = [entry.name for entry in entries]
    for name, entry in zip(names, entries, strict=True):
        if found.count(entry.name) > 1:
            raise UsageError(
                f"task '{shown(name)}' comes twice in the sequence; each is learnt once"
            )
    clash = first_clash(found)
    if clash:
        raise UsageError(
            f"'{shown(clash[0])}' and '{shown(clash[1])}' share rows, so one would give the other "
            "away; learn the two parts of one shift, or different tasks"
        )
    return entries


def _part_of(entry: TaskEntry, part: str) -> TaskEntry:
    subset = find_subset(part, entry.name)
    return replace(
        entry,
        name=f"{entry.name}/{subset.name}",
        title=f"{entry.title}, {subset.name}",
        description=f"{entry.description} Only {subset.description}.",
        subset=subset,
    )


def _unknown(name: str, data: str, there: Sequence[str]) -> str:
    tasks = shown(", ".join(there), 600)
    for source in named_sources():
        if data != source.word and find_named(name, source.tasks):
            return (
                f"task '{shown(name)}' is not in data '{shown(data)}' but in "
                f"'{source.word}': use --data {source.word}, or one of {tasks}"
            )
    hint = did_you_mean(nearest_name(name, there))
    return f"no task '{shown(name)}' in data '{shown(data)}'; {hint} {tasks}"


def _path_sources() -> list[PathSource]:
    return [source for source in SOURCES if isinstance(source, PathSource)]
