"""Measuring every task learnt so far."""

from collections.abc import Sequence

from engine.learning.device import Device
from engine.learning.evaluation import evaluate
from engine.learning.events import Measurement, Split
from engine.learning.model import SequenceModel
from engine.learning.prepared import PreparedTask


def follow(
    model: SequenceModel, tasks: Sequence[PreparedTask], device: Device
) -> tuple[Measurement, ...]:
    """Measure these first tasks of the sequence on their retention rows."""
    return tuple(
        _measure(model, task, index, "retention", device) for index, task in enumerate(tasks)
    )


def examine(
    model: SequenceModel, tasks: Sequence[PreparedTask], device: Device
) -> tuple[Measurement, ...]:
    """Measure these first tasks on their retention rows and on the whole splits."""
    splits: tuple[Split, ...] = ("retention", "search", "validation")
    return tuple(
        _measure(model, task, index, split, device)
        for index, task in enumerate(tasks)
        for split in splits
    )


def _measure(
    model: SequenceModel, task: PreparedTask, index: int, split: Split, device: Device
) -> Measurement:
    rows = {"retention": task.retention, "search": task.search, "validation": task.validation}
    evaluation = evaluate(model, rows[split], index, device)
    return Measurement(
        task=index,
        split=split,
        accuracy=evaluation.accuracy,
        loss=evaluation.loss,
        predicted=evaluation.class_counts(task.classes),
    )
