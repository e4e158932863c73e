"""Several trials of a study learnt in one process: their steps are taken together, as one.

One trial's batch leaves a large GPU idle. A `Stack` has the weights of several learners in tensors
with a leading dimension of trials, and each learner's own weights and moments are views of them: it
measures, is saved and ends as if it were alone, and only the step is not its own. Learners may be
at different steps and stages, and have batches of different sizes and lengths; padding and rows
that are not there get no gradient.

A trial in a stack equals the same trial alone but for the order of sums: losses are within 1e-5 of
each other (relative, in fp32 and over the steps of the tests; what is learnt at rates that diverge
magnifies any difference). So they are with dropout on a CPU, where every row has numbers of its
own. A GPU draws for all trials at once, each its own part of it, so that a trial is another draw of
the same; the same stack gives the same. What others do, or that they leave, changes nothing else.
"""

import math
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from engine.errors import UsageError, shown
from engine.learning.events import Event, Taken, Wanted
from engine.learning.learner import SequenceLearner
from engine.learning.packed.rows import is_plain_encoder
from engine.learning.plan import seed_streams
from engine.learning.stacked.batch import StackedBatch, first_states, stack_batches
from engine.learning.stacked.layers import (
    PaddedMasks,
    drop_row_by_row,
    stacked_backbone,
    stacked_linear,
)
from engine.learning.stacked.weights import StackedWeights


def why_alone(learner: SequenceLearner) -> str | None:
    """Return why a learner can take its steps only alone; None: it can do so with others."""
    config = learner.model.backbone.config
    if not learner.method.can_be_stacked:
        return f"method {learner.method.name} learns one trial at a time"
    if not is_plain_encoder(config):
        return f"'{shown(config.model_type)}' models learn one trial at a time"
    return None


def fit_each_other(one: SequenceLearner, other: SequenceLearner) -> bool:
    """Whether two learners differ in rates, seeds and what is done alone."""
    return _what_is_shared(one) == _what_is_shared(other)


def _what_is_shared(learner: SequenceLearner) -> tuple[object, ...]:
    setup = learner.setup
    tasks = [(task.name, task.classes, task.fingerprint) for task in setup.tasks]
    return tasks, setup.plans, setup.model, setup.grouping, setup.protocol, setup.device


class _Place(NamedTuple):
    """Where a learner is in its course, and the step it wants next; None: it is not known yet."""

    course: Generator[Event | Wanted, Taken]
    wanted: Wanted | None


class Stack:
    """Learners whose steps are taken together.

    Whoever drives it asks each learner for what it says ``until_step``, and then takes the ``step``
    that all of them want. A learner may leave or join between any two events.
    """

    def __init__(self) -> None:
        self._places: dict[SequenceLearner, _Place] = {}
        self._taken: dict[SequenceLearner, Taken] = {}
        self._unread: list[Tensor] = []
        self._weights: StackedWeights | None = None
        self._backbone: PreTrainedModel | None = None
        self._masks: PaddedMasks | None = None

    @property
    def learners(self) -> tuple[SequenceLearner, ...]:
        return tuple(self._places)

    def join(self, learner: SequenceLearner) -> None:
        """Take a learner in, wherever in its run it is.

        Raises:
            UsageError: its steps can be taken alone only, or it learns something else.
        """
        reason = why_alone(learner)
        if reason is None and not all(fit_each_other(learner, other) for other in self._places):
            reason = "trials of different tasks, models or protocols are not learnt together"
        if reason is not None:
            raise UsageError(f"{reason}; learn it alone")
        self._places[learner] = _Place(learner.course(), None)

    def leave(self, learner: SequenceLearner) -> None:
        """Let a learner go; it can go on alone, or in another stack, from where it is."""
        place = self._places.pop(learner)
        self._taken.pop(learner, None)
        place.course.close()
        if self._weights is not None and learner in self._weights.learners:
            self._weights.give_back(learner)
        if not self._places:
            self._weights = self._backbone = None

    def until_step(self, learner: SequenceLearner) -> Iterator[Event]:
        """Say what happens to a learner until it wants its next step, or is at its end."""
        while (place := self._places.get(learner)) is not None and place.wanted is None:
            taken = self._taken.pop(learner, None)
            said = next(place.course, None) if taken is None else place.course.send(taken)
            if said is None:
                return
            if isinstance(said, Wanted):
                self._places[learner] = place._replace(wanted=said)
            else:
                yield said

    def wants_step(self, learner: SequenceLearner) -> bool:
        """Whether a learner is in the stack and waits for its next step."""
        place = self._places.get(learner)
        return place is not None and place.wanted is not None

    def step(self) -> None:
        """Take the step that every learner wants; where it fails, nothing has changed.

        Raises:
            ValueError: a learner is at its end, or was not asked what happens until its step.
        """
        wanted = [place.wanted for place in self._places.values() if place.wanted is not None]
        if len(wanted) < len(self._places):
            raise ValueError("not every learner wants a step")
        began = time.monotonic()
        weights, backbone = self._stacked()
        batch = stack_batches(self.learners, wanted)
        weights.forget_gradients()
        losses = self._losses_of(backbone, weights, batch, wanted)
        losses.sum().backward()  # type: ignore[no-untyped-call]
        with ExitStack() as traced:
            for learner, at, loss in zip(self.learners, wanted, losses.detach(), strict=True):
                traced.enter_context(learner.trace.update(at, loss))
            weights.step(wanted)
        self._unread.append(losses.detach())
        at_once = any(
            at.step in learner.setup.plans[at.stage].measured_at
            for learner, at in zip(self.learners, wanted, strict=True)
        )
        found = self._read_losses(at_once=at_once)
        share = (time.monotonic() - began) / len(found)
        for learner, at, loss in zip(self.learners, wanted, found, strict=True):
            learner.has_taken(at, loss)
            self._taken[learner] = Taken(loss, share)
            self._places[learner] = self._places[learner]._replace(wanted=None)

    def events(self) -> Iterator[tuple[SequenceLearner, Event]]:
        """Learn all to their ends, saying what happens to whom; who is at its end leaves."""
        while self._places:
            for learner in self.learners:
                for event in self.until_step(learner):
                    yield learner, event
                if learner in self._places and not self.wants_step(learner):
                    self.leave(learner)
            if self._places:
                self.step()

    def _stacked(self) -> tuple[StackedWeights, PreTrainedModel]:
        """Return the weights of those who are here now; they are copied where others were."""
        weights, backbone = self._weights, self._backbone
        if weights is not None and (weights.learners != self.learners or not weights.is_whole):
            weights.settle_all()
            weights = None
        if weights is None or backbone is None:
            # Of a loss that is no number, the next one tells as well.
            self._unread = []
            # What was stacked is freed part by part while it is stacked anew.
            self._weights = self._backbone = weights = backbone = None
            weights = StackedWeights(self.learners)
            backbone = stacked_backbone(self.learners[0].model.backbone, weights.of_backbone())
            self._masks = drop_row_by_row(backbone)
            self._weights, self._backbone = weights, backbone
        return weights, backbone

    def _read_losses(self, *, at_once: bool) -> list[float | None]:
        """Return what is known of each trial's loss, as ``Stepped`` has it."""
        if len(self._unread) < self.learners[0].losses_at_once and not at_once:
            return [None] * len(self.learners)
        of_trials = torch.stack(self._unread, dim=1).tolist()
        self._unread = []
        return [
            next((loss for loss in losses if not math.isfinite(loss)), losses[-1])
            for losses in of_trials
        ]

    def _losses_of(
        self,
        backbone: PreTrainedModel,
        weights: StackedWeights,
        batch: StackedBatch,
        wanted: Sequence[Wanted],
    ) -> Tensor:
        """Return each trial's loss, shape (trials,)."""
        any_learner = self.learners[0]
        protocol, device = any_learner.setup.protocol, any_learner.setup.device
        key = [
            number
            for learner, at in zip(self.learners, wanted, strict=True)
            for number in (learner.setup.seed_of(at.stage), at.stage, at.step)
        ]
        seed_streams(key, device)
        backbone.train(protocol.dropout)
        masks = self._masks
        if masks is not None:
            masks.begin_batch(batch.keys, batch.inputs["attention_mask"])
        losses = torch.zeros(len(wanted), device=device.target)
        with device.autocast():
            states = first_states(backbone, batch.inputs, masks)
            chance = any_learner.model.dropout.p
            if masks is None:
                states = functional.dropout(states, chance, protocol.dropout)
            elif protocol.dropout:
                states = states * masks.of_rows(states.shape[1], chance).view_as(states)
            logits = [
                stacked_linear(states, *weights.of_head(scored.task)) for scored in batch.scored
            ]
        for found, scored in zip(logits, batch.scored, strict=True):
            scores = found.float()
            if protocol.loss == "softmax-cross-entropy":
                scores = scores.softmax(dim=1)
            each = functional.cross_entropy(scores, scored.labels.flatten(), reduction="none")
            losses = losses + (each.view_as(scored.shares) * scored.shares).sum(dim=1)
        return losses
