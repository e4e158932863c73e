"""What a stage learns from: its steps, the rows of each step, and where accuracy is measured.

The rows of a step are a pure function of seed, stage and epoch, so that a run can be resumed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from math import ceil, floor
from typing import Final, Literal

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from engine.learning.balance import class_weights, draw_balanced
from engine.learning.device import Device
from engine.profiles.grouping import Grouping
from engine.spec import Protocol
from engine.spec.protocol import as_known_before
from engine.tasks.encoded import Encoded

Rows = NDArray[np.int64]
Split = Literal["retention", "search", "validation"]
_LOOKS: Final = 32
"""Most steps of a stage whose updates are looked at."""
_WINDOW: Final = 50
"""Batches whose rows are sorted by length together."""


@dataclass(frozen=True)
class StagePlan:
    """One stage. Steps of a stage are counted from 1; ``first_step`` is what came before it."""

    task: str
    first_step: int
    rows: int
    epochs: int
    batch_size: int
    measured_at: frozenset[int]
    measures: int
    """How often it would be measured if nothing bounded that."""
    followed: int
    """Most rows of a task that are followed in it."""

    @property
    def steps_per_epoch(self) -> int:
        return ceil(self.rows / self.batch_size)

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.epochs

    @property
    def last_step(self) -> int:
        return self.first_step + self.steps

    @cached_property
    def traced_at(self) -> frozenset[int]:
        """The steps whose updates are looked at, evenly spread; the last one is among them."""
        looks = min(self.steps, _LOOKS)
        return frozenset(ceil(self.steps * k / looks) for k in range(1, looks + 1))

    def due_by(self, step: int) -> int:
        """Return how many measurements there would have been up to where one was made."""
        return round(step * self.measures / self.steps)


def plan_stage(
    task: str,
    *,
    rows: int,
    epochs: int,
    protocol: Protocol,
    first_step: int,
    followed: int | None = None,
    affordable: int | None = None,
) -> StagePlan:
    """Plan a stage, measured ``measures_per_epoch`` times an epoch and at its end.

    What is measured when is a function of the plan alone, never of how long something took: trials
    of a study are compared at the same steps, and a resumed run measures what it would have.

    Args:
        task: its name; for a stage of several tasks, theirs joined by ``+``.
        rows: of one epoch, whatever tasks they are of.
        epochs: passes over the rows.
        protocol: of the run.
        first_step: what came before the stage.
        followed: most rows of a task that are followed; None: as many as the protocol has.
        affordable: at most so many measurements before its end; None: all.
    """
    steps = ceil(rows / protocol.batch_size) * epochs
    measures = min(steps, protocol.measures_per_epoch * epochs)
    return StagePlan(
        task=task,
        first_step=first_step,
        rows=rows,
        epochs=epochs,
        batch_size=protocol.batch_size,
        measured_at=frozenset(round(steps * k / measures) for k in _points(measures, affordable)),
        measures=measures,
        followed=protocol.retention_rows if followed is None else followed,
    )


def _points(measures: int, affordable: int | None) -> Iterable[int]:
    """Return which of so many even points are measured: the last one, of the others most early.

    Their distances grow evenly, as learning and forgetting slow down.
    """
    if affordable is None or affordable >= measures - 1:
        return range(1, measures + 1)
    apart = (measures * (k / (affordable + 1)) ** 2 for k in range(1, affordable + 1))
    return *(max(k, floor(point + 0.5)) for k, point in enumerate(apart, start=1)), measures


def batches(
    plan: StagePlan,
    *,
    stage: int,
    seed: int,
    shuffle: bool,
    after: int,
    lengths: Rows | None = None,
    classes: Rows | None = None,
) -> Iterator[Rows]:
    """Yield the rows of every step of a stage after step ``after``; each row once an epoch.

    Balanced, a row comes as often as its class has to, and as often as others of it, or once more.

    Args:
        plan: of the stage.
        stage: its number, from 0.
        seed: of the stage.
        shuffle: whether every epoch has an order of its own; else rows come as they are.
        after: how many steps were taken.
        lengths: of all rows, where those of a batch shall be of like length; None: as they come.
        classes: of all rows, of every task its own, where those of a task shall come equally often.
    """
    for step in range(after, plan.steps):
        epoch, place = divmod(step, plan.steps_per_epoch)
        if place == 0 or step == after:
            draw = np.random.default_rng((seed, stage, epoch))
            drawn = np.arange(plan.rows) if classes is None else draw_balanced(classes, draw)
            order = draw.permutation(drawn) if shuffle else drawn
            if lengths is not None:
                order = _by_length(order, lengths, plan.batch_size, draw)
        yield order[place * plan.batch_size : (place + 1) * plan.batch_size]


def _by_length(order: Rows, lengths: Rows, batch_size: int, draw: np.random.Generator) -> Rows:
    """Return an order whose batches have rows of like length, drawn from so many batches each.

    The last batch, where it is short, has its rows as they come: its few rows weigh more.
    """
    whole = len(order) - len(order) % batch_size
    ordered = []
    for first in range(0, whole, _WINDOW * batch_size):
        window = order[first : min(whole, first + _WINDOW * batch_size)]
        window = window[np.argsort(lengths[window], kind="stable")]
        ordered.append(draw.permutation(window.reshape(-1, batch_size)).ravel())
    return np.concatenate((*ordered, order[whole:]))


@dataclass(frozen=True)
class Share:
    """Training rows of one task."""

    task: int
    """Its place in the sequence."""
    rows: Rows


Pool = tuple[Share, ...]
"""What one stage learns from; a row's number in it runs through the shares in their order."""


@dataclass(frozen=True)
class Part:
    """What a step learns of one task: its rows, and their share of the step's loss."""

    task: int
    rows: Rows
    weight: float
    purpose: str = ""
    """What a method calls rows that it adds to a step."""


def pool_size(pool: Pool) -> int:
    """Return the number of rows of all shares."""
    return sum(len(share.rows) for share in pool)


def parts_of(pool: Pool, numbers: NDArray[np.int64]) -> tuple[Part, ...]:
    """Return the rows of these numbers in the pool, by task; weights are shares of all rows."""
    parts, first = [], 0
    for share in pool:
        inside = numbers[(numbers >= first) & (numbers < first + len(share.rows))]
        if len(inside):
            rows = share.rows[inside - first]
            parts.append(Part(share.task, rows, len(rows) / len(numbers)))
        first += len(share.rows)
    return tuple(parts)


def pieces_of(part: Part, rows: int) -> Iterator[Part]:
    """Yield parts of at most so many rows that together are one."""
    for first in range(0, len(part.rows), rows):
        piece = part.rows[first : first + rows]
        yield replace(part, rows=piece, weight=part.weight * len(piece) / len(part.rows))


@dataclass(frozen=True)
class PreparedTask:
    """One task of a sequence, encoded for one backbone."""

    name: str
    labels: tuple[str, ...]
    """Names of the classes, in the order of their indices."""
    epochs: int
    fingerprint: str
    """Of the rows that were split."""
    train: Encoded
    search: Encoded
    """The rows that score trials; ``validation`` itself in the ``paper`` protocol."""
    validation: Encoded
    followed: Rows
    """Which rows of ``search`` are followed while a stage is learnt."""

    @property
    def classes(self) -> int:
        """How many there are."""
        return len(self.labels)

    @cached_property
    def class_weights(self) -> NDArray[np.float32]:
        """How much a row of each class counts where rare ones shall count as much as others."""
        return class_weights(self.train.labels, self.classes)

    @cached_property
    def retention(self) -> Encoded:
        """The rows that are followed."""
        return self.search.take(self.followed)

    @cached_property
    def unfollowed(self) -> Encoded:
        """The rest of the rows that score trials."""
        return self.search.take(np.setdiff1d(np.arange(len(self.search)), self.followed))

    def rows(self, split: Split) -> Encoded:
        """Return the rows of a split that is measured."""
        splits = {"retention": self.retention, "search": self.search, "validation": self.validation}
        return splits[split]

    def parts(self) -> tuple[Encoded, ...]:
        """Return the splits that have all rows among them."""
        return self.train, self.search, self.validation


@dataclass(frozen=True)
class Setup:
    """Everything that decides what is learnt, but for the weights it begins with."""

    tasks: tuple[PreparedTask, ...]
    plans: tuple[StagePlan, ...]
    pools: tuple[Pool, ...]
    """The rows of each stage."""
    model: str
    """The backbone: ``sample``, a hub name, or a folder."""
    method: str
    """Its name and options, written one way."""
    grouping: Grouping
    learning_rates: tuple[float, ...]
    protocol: Protocol
    seed: int
    device: Device
    first_lr: float | None = None
    """Of all choices in stage 1; None: stage 1 has the rates of the others."""
    first_seed: int | None = None
    """Of stage 1; None: the seed of the others."""

    def rates_of(self, stage: int) -> tuple[float, ...]:
        """Return the peak rate of every choice in a stage."""
        if stage > 0 or self.first_lr is None:
            return self.learning_rates
        return (self.first_lr,) * self.grouping.n_choices

    def seed_of(self, stage: int) -> int:
        """Return the seed of a stage's rows and of its dropout."""
        return self.seed if stage > 0 or self.first_seed is None else self.first_seed

    def batches(self, stage: int, after: int) -> Iterator[Rows]:
        """Yield the rows of every step of a stage after step ``after``, numbered in its pool."""
        plan, protocol = self.plans[stage], self.protocol
        by_length = protocol.batching == "by-length"
        return batches(
            plan,
            stage=stage,
            seed=self.seed_of(stage),
            shuffle=protocol.shuffle,
            after=after,
            lengths=self.lengths(stage, np.arange(plan.rows)) if by_length else None,
            classes=self._classes(stage) if protocol.balance == "sampling" else None,
        )

    def _classes(self, stage: int) -> Rows:
        """Return the task and the class of each row of a stage's pool."""
        labels = [
            np.stack(
                (
                    np.full(len(share.rows), share.task),
                    self.tasks[share.task].train.labels[share.rows],
                )
            )
            for share in self.pools[stage]
        ]
        return np.concatenate(labels, axis=1)

    def weights_of(self, task: int) -> NDArray[np.float32] | None:
        """Return how much a row of each class of a task counts in the loss; None: all alike."""
        if self.protocol.balance != "weights":
            return None
        return self.tasks[task].class_weights

    def lengths(self, stage: int, numbers: Rows) -> NDArray[np.int64]:
        """Return the number of tokens of each of these rows of a stage's pool."""
        parts = parts_of(self.pools[stage], numbers)
        return np.concatenate([self.tasks[part.task].train.lengths(part.rows) for part in parts])

    @property
    def fingerprint(self) -> str:
        """A hash of what must be the same when a checkpoint is gone on from; not the device."""
        parts = (
            [(task.name, task.classes, task.fingerprint) for task in self.tasks],
            [(plan.rows, plan.epochs) for plan in self.plans],
            self.model,
            self.method,
            self.grouping,
            self.learning_rates,
            as_known_before(self.protocol),
            self.seed,
            *(item for item in (self.first_lr, self.first_seed) if item is not None),
        )
        return blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()


def seed_step(seed: int, stage: int, step: int, device: Device) -> None:
    """Begin anew the streams that dropout draws from there.

    Whatever else draws from them between two steps changes nothing.
    """
    seed_streams((seed, stage, step), device)


def seed_streams(key: Sequence[int], device: Device) -> None:
    """Begin anew the streams of random numbers that are drawn there."""
    (state,) = np.random.SeedSequence(key).generate_state(1)
    # For every device it costs more, as torch notes where it was asked for those not yet in use.
    everywhere = device.target.type != "cpu"
    (torch.manual_seed if everywhere else torch.default_generator.manual_seed)(int(state))


def all_rows(task: PreparedTask, index: int) -> Share:
    """Return every training row of the task at this place of the sequence."""
    return Share(index, np.arange(len(task.train)))
