"""The one way in to a task's rows: read from their source, their labels made classes."""

from engine.errors import UsageError, shown
from engine.tasks.catalog import describe
from engine.tasks.rows import Classes, RawTask, Rows, classes_of
from engine.tasks.splits import held_out_rows, hold_out
from engine.tasks.task import Examples, TaskData, TaskEntry, rows_fingerprint


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
    classes = classes_of(raw, entry.labels, entry.unlabelled)
    raw = _labelled(raw, classes)
    for rows in raw.splits():
        _require_classes(rows)
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


def _labelled(raw: RawTask, classes: Classes) -> RawTask:
    """Leave out the rows whose label was said to be none."""

    def kept(rows: Rows) -> Rows:
        if classes.indices.keys() >= set(rows.labels):
            return rows
        return rows.take(i for i, label in enumerate(rows.labels) if label in classes.indices)

    return RawTask(
        train=kept(raw.train), validation=None if raw.validation is None else kept(raw.validation)
    )


def _require_classes(rows: Rows) -> None:
    found = set(rows.labels)
    if not found:
        raise UsageError(f"{rows.where} has no rows; give at least two of each class")
    if len(found) == 1:
        raise UsageError(
            f"{rows.where} has one class only, '{shown(found.pop())}'; a task needs two or more"
        )


def _splits(raw: RawTask, classes: Classes, entry: TaskEntry) -> tuple[Examples, Examples]:
    pairs = any(any(rows.sentence2 or ()) for rows in raw.splits())
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


def _examples(rows: Rows, classes: Classes, *, pairs: bool) -> Examples:
    return Examples(
        sentence1=rows.sentence1,
        sentence2=rows.sentence2 if pairs else None,
        labels=[classes.indices[label] for label in rows.labels],
    )
