"""Measuring every task learnt so far."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.learning.device import Device
from engine.learning.evaluation import evaluate
from engine.learning.events import Measurement, Split
from engine.learning.model import SequenceModel
from engine.learning.prepared import PreparedTask


def follow(
    model: SequenceModel, tasks: Sequence[PreparedTask], which: Iterable[int], device: Device
) -> tuple[Measurement, ...]:
    """Measure these of the sequence's tasks on their retention rows."""
    return tuple(_measure(model, tasks[index], index, "retention", device) for index in which)


def examine(
    model: SequenceModel, tasks: Sequence[PreparedTask], which: Iterable[int], device: Device
) -> tuple[Measurement, ...]:
    """Measure these of the sequence's tasks on their retention rows and on the whole splits."""
    return tuple(
        measurement
        for index in which
        for measurement in _examine(model, tasks[index], index, device)
    )


def _examine(
    model: SequenceModel, task: PreparedTask, index: int, device: Device
) -> tuple[Measurement, ...]:
    retention = _measure(model, task, index, "retention", device)
    search = _measure(model, task, index, "search", device)
    if task.validation is task.search:
        return retention, search, replace(search, split="validation")
    return retention, search, _measure(model, task, index, "validation", device)


def _measure(
    model: SequenceModel, task: PreparedTask, index: int, split: Split, device: Device
) -> Measurement:
    evaluation = evaluate(model, task.rows(split), index, device)
    return Measurement(
        task=index,
        split=split,
        accuracy=evaluation.accuracy,
        loss=evaluation.loss,
        predicted=evaluation.class_counts(task.classes),
    )
