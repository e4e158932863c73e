"""How well a task is known: prediction of its rows, and the measurements made of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.learning.confusion import Cell, Confusion
from engine.learning.device import Device, to_device
from engine.learning.events import Between, Measurement, go_on
from engine.learning.model import SequenceModel, resting
from engine.learning.plan import PreparedTask, Rows, Split
from engine.spec.protocol import Score
from engine.tasks.encoded import Encoded, batches_by_length


@dataclass(frozen=True)
class Evaluation:
    """Row by row, in the order of the rows: loss, predicted class, and the right one."""

    losses: NDArray[np.float32]
    predicted: NDArray[np.int64]
    labels: NDArray[np.int64]
    summaries: NDArray[np.float32] | None = None
    """What every head sees of each row, shape (rows, hidden size); None: not asked for."""

    @property
    def accuracy(self) -> float:
        return float((self.predicted == self.labels).mean())

    @property
    def macro_f1(self) -> float:
        """The mean of the F1 of every class that a row has or was given, as scikit-learn has it."""
        right = np.bincount(self.labels[self.predicted == self.labels])
        both = np.bincount(np.concatenate((self.labels, self.predicted)))
        there = both > 0
        right = np.pad(right, (0, len(both) - len(right)))
        return float((2 * right[there] / both[there]).mean())

    def score(self, name: Score) -> float:
        """Return what p is made of."""
        return self.macro_f1 if name == "macro-f1" else self.accuracy

    @property
    def loss(self) -> float:
        return float(self.losses.mean())

    def take(self, rows: Rows) -> "Evaluation":
        """Return what is known of these rows."""
        return Evaluation(self.losses[rows], self.predicted[rows], self.labels[rows])

    def class_counts(self, classes: int) -> tuple[int, ...]:
        """Return how many rows were given each class."""
        return tuple(np.bincount(self.predicted, minlength=classes).tolist())

    def cells(self) -> tuple[Cell, ...]:
        """Return the cells of the confusion matrix that have rows, by right and predicted class."""
        pairs = np.stack((self.labels, self.predicted))
        (right, predicted), rows = np.unique(pairs, axis=1, return_counts=True)
        found = zip(right.tolist(), predicted.tolist(), rows.tolist(), strict=True)
        return tuple(found)


def evaluate(
    model: SequenceModel,
    rows: Encoded,
    task: int,
    device: Device,
    between: Between = go_on,
    *,
    summaries: bool = False,
) -> Evaluation:
    """Predict every row without dropout; rows of like length go together, for speed.

    Args:
        model: as it is.
        rows: of the task.
        task: whose head predicts them.
        device: where the model is.
        between: called between two batches.
        summaries: whether what the head sees is returned too.
    """
    losses, predicted, seen = [], [], []

    def look(summary: Tensor, labels: Tensor) -> None:
        logits = model.scores(summary, task)
        if summaries:
            seen.append(summary.float())
        losses.append(functional.cross_entropy(logits, labels, reduction="none"))
        predicted.append(logits.argmax(dim=1))

    batches = _summarise(model, rows, device, between, look)
    return Evaluation(
        in_order(losses, batches),
        in_order(predicted, batches),
        rows.labels,
        in_order(seen, batches) if summaries else None,
    )


def answers(
    model: SequenceModel,
    rows: Encoded,
    tasks: Iterable[int],
    device: Device,
    between: Between = go_on,
) -> dict[int, Tensor]:
    """Return what these tasks' heads say of every row without dropout: logits, on the device."""
    found: dict[int, list[Tensor]] = {task: [] for task in tasks}

    def look(summary: Tensor, _: Tensor) -> None:
        for task, logits in found.items():
            logits.append(model.scores(summary, task))

    batches = _summarise(model, rows, device, between, look)
    return {
        task: torch.from_numpy(in_order(logits, batches)).to(device.target)
        for task, logits in found.items()
    }


def _summarise(
    model: SequenceModel,
    rows: Encoded,
    device: Device,
    between: Between,
    look: Callable[[Tensor, Tensor], None],
) -> list[NDArray[np.int64]]:
    """Hand on, batch by batch, what heads see of every row without dropout, and its labels.

    Returns:
        Which rows were in each batch.
    """
    batches = batches_by_length(rows.lengths(), device.tokens_at_once)
    with resting(model), torch.inference_mode(), device.autocast():
        for indices in batches:
            between()
            batch = to_device(rows.batch(indices), device)
            labels = batch.pop("labels")
            look(model.summary(batch), labels)
    return batches


def in_order(values: list[Tensor], batches: list[NDArray[np.int64]]) -> NDArray[Any]:
    """Put the batches' values back in the order of the rows, in one copy from the device.

    Args:
        values: of each batch, shape (rows of the batch, …).
        batches: which rows were in each; all rows, each once.
    """
    found = torch.cat(values).cpu().numpy()
    ordered = np.empty_like(found)
    ordered[np.concatenate(batches)] = found
    return ordered


@dataclass(frozen=True)
class Examiner:
    """Measures tasks of a sequence with a model as it is; calls ``between`` two batches."""

    model: SequenceModel
    tasks: Sequence[PreparedTask]
    device: Device
    between: Between = go_on
    score: Score = "accuracy"
    """What p is made of."""
    summaries: bool = False
    """Whether what heads see of the rows that score trials is kept."""
    examined: dict[int, Evaluation] = field(default_factory=dict)
    """What was found of those rows, by task."""

    def follow(self, which: Iterable[int]) -> tuple[Measurement, ...]:
        """Measure these of the sequence's tasks on their retention rows."""
        return tuple(
            self._measurement(index, "retention", self._evaluate(index, "retention"))
            for index in which
        )

    def examine(self, which: Iterable[int]) -> tuple[Measurement, ...]:
        """Measure these of the sequence's tasks on all rows that score trials.

        What is known of their retention rows is read off the same predictions, and so is the report
        where the rows are the same.
        """
        return tuple(measurement for index in which for measurement in self._examine(index))

    def report(self, which: Iterable[int]) -> tuple[Measurement, ...]:
        """Measure these of the sequence's tasks on the rows of the report that score no trials."""
        return tuple(
            self._measurement(index, "validation", self._evaluate(index, "validation"))
            for index in which
            if self.tasks[index].validation is not self.tasks[index].search
        )

    def _examine(self, index: int) -> tuple[Measurement, ...]:
        task, found = self.tasks[index], self._evaluate(index, "search", summaries=self.summaries)
        self.examined[index] = found
        retention = self._measurement(index, "retention", found.take(task.followed))
        search = self._measurement(index, "search", found)
        counted = replace(search, confusion=Confusion(task.labels, found.cells()))
        if task.validation is task.search:
            return retention, counted, replace(search, split="validation")
        return retention, counted

    def _evaluate(self, index: int, split: Split, *, summaries: bool = False) -> Evaluation:
        rows = self.tasks[index].rows(split)
        return evaluate(self.model, rows, index, self.device, self.between, summaries=summaries)

    def _measurement(self, index: int, split: Split, found: Evaluation) -> Measurement:
        macro_f1 = found.macro_f1
        return Measurement(
            task=index,
            split=split,
            accuracy=found.accuracy,
            loss=found.loss,
            predicted=found.class_counts(self.tasks[index].classes),
            macro_f1=macro_f1,
            score=macro_f1 if self.score == "macro-f1" else None,
        )
