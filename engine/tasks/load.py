"""The one way in to a task's rows: read from their source, their labels made classes."""

from collections.abc import Sequence

from msgspec import Struct

from engine.errors import UsageError, shown
from engine.tasks.catalog import describe
from engine.tasks.entry import TaskEntry
from engine.tasks.rows import RawTask, Rows
from engine.tasks.splits import held_out_rows, hold_out
from engine.tasks.task import Examples, TaskData, rows_fingerprint

_PLAUSIBLE = 20


def load_task(name: str, data: str) -> TaskData:
    """Read a task of ``data``: ``hub``, ``sample``, a folder or a task file.

    A part's name gives the whole task that it is a part of: which rows are in the part depends on
    a backbone.

    Raises:
        UsageError: there is no such task, its rows cannot be had, or they are no task: none, all of
            one class, or with labels that are no classes.
    """
    entry = describe(name, data)
    raw = entry.origin.read(entry)
    for rows in (raw.train, raw.validation):
        if rows is not None:
            _require_classes(rows)
    classes = classes_of(raw, entry.labels)
    train, validation = _splits(raw, classes, entry)
    return TaskData(
        name=entry.whole,
        labels=classes.names,
        epochs=entry.epochs,
        train=train,
        validation=validation,
        group_by_passage=entry.group_by_passage,
        fingerprint=rows_fingerprint(train, validation),
    )


def _require_classes(rows: Rows) -> None:
    found = set(rows.labels)
    if not found:
        raise UsageError(f"{rows.where} has no rows; give at least two of each class")
    if len(found) == 1:
        raise UsageError(
            f"{rows.where} has one class only, '{shown(found.pop())}'; a task needs two or more"
        )


def _splits(raw: RawTask, classes: "Classes", entry: TaskEntry) -> tuple[Examples, Examples]:
    pairs = any(any(rows.sentence2 or ()) for rows in (raw.train, raw.validation) if rows)
    train = _examples(raw.train, classes, pairs=pairs)
    if raw.validation is None:
        return _split_off(train, raw.train.where)
    validation = _examples(raw.validation, classes, pairs=pairs)
    return train, validation.take(range(len(validation))[: entry.validation_rows])


def _split_off(examples: Examples, where: str) -> tuple[Examples, Examples]:
    train, validation = hold_out(examples, held_out_rows(len(examples)))
    if len(set(validation.labels)) == 1 or not len(validation):
        raise UsageError(
            f"{where} has too few rows to keep some of each class for validation: {len(examples)}; "
            "give more, or name a validation file"
        )
    return train, validation


def _examples(rows: Rows, classes: "Classes", *, pairs: bool) -> Examples:
    return Examples(
        sentence1=rows.sentence1,
        sentence2=rows.sentence2 if pairs else None,
        labels=[classes.indices[label] for label in rows.labels],
    )


class Classes(Struct, frozen=True):
    """The classes of a task."""

    names: tuple[str, ...]
    """In the order of their indices."""
    indices: dict[str, int]
    """By label as it is spelled in the rows."""


def classes_of(raw: RawTask, asked: Sequence[str] = ()) -> Classes:
    """Tell which class each label of a task means.

    The names are those asked for, or those the source knows, or else the labels of the training
    rows, sorted (as numbers where all are). Where names are given, rows may hold their indices.

    Raises:
        UsageError: the label column holds no classes, or a label is none of them.
    """
    given = tuple(asked) or raw.train.names
    names = given or _sorted(set(raw.train.labels))
    if len(names) > max(_PLAUSIBLE, len(raw.train.labels) // 2):
        raise UsageError(
            f"{raw.train.where} has {len(names)} different labels in {len(raw.train.labels)} rows; "
            "name the column that holds classes"
        )
    splits = [rows for rows in (raw.train, raw.validation) if rows]
    found = {label for rows in splits for label in rows.labels}
    by_name = {name: index for index, name in enumerate(names)}
    by_index = {str(index): index for index in range(len(names))}
    are_indices = given and not found <= by_name.keys() and found <= by_index.keys()
    classes = Classes(names, by_index if are_indices else by_name)
    for rows in splits:
        for strange in sorted(set(rows.labels) - classes.indices.keys()):
            raise UsageError(
                f"{rows.where} has label '{shown(strange)}'; "
                f"the classes are {shown(', '.join(names))}"
            )
    return classes


def _sorted(labels: set[str]) -> tuple[str, ...]:
    numbers = all(label.removeprefix("-").isdecimal() for label in labels)
    return tuple(sorted(labels, key=int if numbers else None))
