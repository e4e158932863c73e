"""Which rows a run learns from, is scored on, and is watched on, as its protocol says."""

from msgspec import Struct

from engine.errors import UsageError
from engine.spec.protocol import Protocol
from engine.tasks.holdout import example_keys, hold_out, stratified, without
from engine.tasks.task import Examples, TaskData

_SHARE = 10
_AT_LEAST = 100
_AT_MOST = 1000
_NEVER_OVER = 4


class TaskSplits(Struct, frozen=True, kw_only=True):
    """The rows of one task under one protocol. No text of ``train`` is in another split."""

    train: Examples
    search: Examples
    """Scores trials: held out of the training rows, or the validation split itself."""
    validation: Examples
    """Measured for the report."""
    retention: Examples
    """Part of ``search``, measured again and again while a stage is learnt."""


def split_rows(task: TaskData, protocol: Protocol) -> TaskSplits:
    """Split a task's rows. The same task and protocol give the same rows, whatever the run's seed.

    A training row whose text is in the validation split, or among those held out, is left out.

    Raises:
        UsageError: too few rows are left to learn from.
    """
    by_passage = task.group_by_passage
    validation = stratified(task.validation, protocol.eval_rows)
    reported = set(example_keys(task.validation, by_passage=by_passage))
    train = without(task.train, reported, by_passage=by_passage)
    search = validation
    if protocol.selection == "held-out":
        rows = min(held_out_rows(len(train)), protocol.eval_rows or _AT_MOST)
        train, search = hold_out(train, rows, by_passage=by_passage)
    _require_enough(task, train, search, protocol)
    return TaskSplits(
        train=stratified(train, protocol.train_rows),
        search=search,
        validation=validation,
        retention=stratified(search, protocol.retention_rows),
    )


def held_out_rows(rows: int) -> int:
    """Return how many of so many training rows to hold out.

    A tenth, but 100 at least and 1,000 at most, and never more than a quarter.
    """
    return min(max(rows // _SHARE, _AT_LEAST), _AT_MOST, rows // _NEVER_OVER)


def _require_enough(task: TaskData, train: Examples, search: Examples, protocol: Protocol) -> None:
    classes = set(task.train.labels)
    if set(train.labels) != classes or not len(search):
        raise UsageError(
            f"task '{task.name}' has too few training rows to hold some out: {len(task.train)}, of "
            f"which {len(train)} are not in another split; give more rows of each class"
        )
    if protocol.train_rows is not None and protocol.train_rows < len(classes):
        raise UsageError(
            f"{protocol.train_rows} training rows cannot show the {len(classes)} classes of task "
            f"'{task.name}'; ask for more"
        )
