"""The one way in to a task's rows."""

from hashlib import blake2b

from engine.errors import UsageError
from engine.tasks.catalog import describe
from engine.tasks.classes import class_indices, class_names
from engine.tasks.entry import FileOrigin, HubOrigin, SampleOrigin, TaskEntry
from engine.tasks.holdout import hold_out
from engine.tasks.rows import RawTask, Rows
from engine.tasks.sources.files import read_files
from engine.tasks.sources.hub import read_hub
from engine.tasks.sources.sample import read_sample
from engine.tasks.splits import held_out_rows
from engine.tasks.task import Examples, TaskData


def load_task(name: str, data: str) -> TaskData:
    """Read a task of ``data``: ``hub``, ``sample``, a folder or a task file.

    Raises:
        UsageError: there is no such task, its rows cannot be had, or they are no task: none, all of
            one class, or with labels that are no classes.
    """
    entry = describe(name, data)
    raw = _read(entry)
    for rows in (raw.train, raw.validation):
        if rows is not None:
            _require_classes(rows)
    names = class_names(raw, entry.labels)
    train, validation = _splits(raw, names, entry)
    return TaskData(
        name=entry.name,
        labels=names,
        epochs=entry.epochs,
        train=train,
        validation=validation,
        group_by_passage=entry.group_by_passage,
        fingerprint=_fingerprint(train, validation),
    )


def _read(entry: TaskEntry) -> RawTask:
    match entry.origin:
        case HubOrigin() as origin:
            return read_hub(origin)
        case FileOrigin() as origin:
            return read_files(origin)
        case SampleOrigin() as origin:
            return read_sample(entry, origin)


def _require_classes(rows: Rows) -> None:
    found = set(rows.labels)
    if not found:
        raise UsageError(f"{rows.where} has no rows; give at least two of each class")
    if len(found) == 1:
        raise UsageError(
            f"{rows.where} has one class only, '{found.pop()}'; a task needs two or more"
        )


def _splits(raw: RawTask, names: tuple[str, ...], entry: TaskEntry) -> tuple[Examples, Examples]:
    pairs = any(
        any(rows.sentence2) for rows in (raw.train, raw.validation) if rows and rows.sentence2
    )
    train = _examples(raw.train, names, pairs=pairs)
    if raw.validation is None:
        return hold_out(train, held_out_rows(len(train)))
    validation = _examples(raw.validation, names, pairs=pairs)
    return train, validation.take(
        range(min(len(validation), entry.validation_rows or len(validation)))
    )


def _examples(rows: Rows, names: tuple[str, ...], *, pairs: bool) -> Examples:
    return Examples(
        sentence1=rows.sentence1,
        sentence2=rows.sentence2 if pairs else None,
        labels=class_indices(rows, names),
    )


def _fingerprint(train: Examples, validation: Examples) -> str:
    both = train.fingerprint() + validation.fingerprint()
    return blake2b(both.encode(), digest_size=16).hexdigest()
