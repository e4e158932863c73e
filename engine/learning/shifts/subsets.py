"""Which rows of a task are in which part, for one backbone."""

from engine.learning.shifts.clusters import sort_by_clusters
from engine.learning.shifts.embedding import Pretrained
from engine.spec import Protocol
from engine.tasks.holdout import example_keys
from engine.tasks.lengths import token_lengths
from engine.tasks.shifts.length import Cut, authors_sides, cut_at, median_cut
from engine.tasks.shifts.sides import Sides
from engine.tasks.subsets import Shift
from engine.tasks.task import Examples, TaskData


def sides_of(task: TaskData, shift: Shift, protocol: Protocol, pretrained: Pretrained) -> Sides:
    """Tell the side of every row of a task.

    Raises:
        UsageError: the model or the device is not to be had.
    """
    if shift == "cluster":
        return sort_by_clusters(task, protocol, pretrained)
    return _sort_by_length(task, protocol, pretrained)


def length_cut(task: TaskData, pretrained: Pretrained) -> Cut:
    """Return where the training rows are cut by their length."""
    return median_cut(token_lengths(task.train, pretrained.tokenizer), _keys(task, task.train))


def _sort_by_length(task: TaskData, protocol: Protocol, pretrained: Pretrained) -> Sides:
    """Cut at the median of the training rows.

    Validation rows are cut where the training rows are, not at their own median: a part is then the
    same kind of text in both splits, as a text that comes later would be sorted too.
    """
    train = token_lengths(task.train, pretrained.tokenizer)
    validation = token_lengths(task.validation, pretrained.tokenizer)
    if protocol.length_split == "authors":
        pairs = task.train.sentence2 is not None
        return Sides(
            train=authors_sides(train, pairs=pairs),
            validation=authors_sides(validation, pairs=pairs),
        )
    cut = length_cut(task, pretrained)
    return Sides(
        train=cut_at(train, _keys(task, task.train), cut),
        validation=cut_at(validation, _keys(task, task.validation), cut),
    )


def _keys(task: TaskData, examples: Examples) -> list[bytes]:
    return example_keys(examples, by_passage=task.group_by_passage)
