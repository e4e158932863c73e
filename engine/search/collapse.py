"""The collapse sentinel: it ends a trial that predicts one class, or whose loss is no number."""

import math
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

_JUDGED_FROM = 0.5
"""Share of a stage after which a model that still predicts one class is not merely young."""
_LEARNING_STEPS = 20
"""Steps after the warm-up before which nothing could have been learnt, however short the stage."""
Look = Callable[[int], Sequence[int]]
"""Predicts all rows of a task that score trials; returns how many are of each class."""


class Observation(Struct, frozen=True, kw_only=True):
    """What was measured on one task of the sequence."""

    stage: int
    """From 0, as tasks are counted; the task learnt in it has the same place in the sequence."""
    step: int
    """Counted over all stages."""
    done: float
    """Share of the stage's steps that were taken: 0 to 1."""
    warm_steps: int
    """The stage's steps since its warm-up was over; below 0 before."""
    task: int
    """Place in the sequence."""
    predicted: tuple[int, ...] = ()
    """How many rows were predicted to be of each class; empty: only the loss is known."""
    loss: float | None = None
    whole: bool = False
    """Measured on all rows that score trials, not on those of them that are followed."""


class Suspicion(Struct, frozen=True):
    """A task whose followed rows were all predicted to be of one class when last measured."""

    stage: int
    step: int
    task: int


class SentinelState(Struct, frozen=True):
    """What a sentinel remembers; it goes into checkpoints."""

    suspicions: tuple[Suspicion, ...] = ()


class CollapseSentinel:
    """Watches one run.

    A loss that is NaN or infinite is a collapse at once. So is a task learnt so far of whose rows
    that score trials all are predicted to be of one class. They are looked at when a stage ends,
    and in its second half when all rows that are followed were of one class twice in a row. A
    stage is judged from ``_LEARNING_STEPS`` after its warm-up on.
    """

    def __init__(self, sequence: Sequence[str], state: SentinelState | None = None) -> None:
        self._sequence = tuple(sequence)
        self.state = state or SentinelState()

    def watch(self, seen: Observation, look: Look) -> str | None:
        """Return why the run has collapsed, in words for people; None: it has not."""
        if seen.loss is not None and not math.isfinite(seen.loss):
            return f"loss became {seen.loss} in stage {seen.stage + 1} at step {seen.step}"
        if not _is_judged(seen):
            return None
        if seen.whole:
            one_class = _is_one_class(seen.predicted)
            return self._verdict(seen, seen.predicted, "at the end of") if one_class else None
        before, one_class = self._suspicion(seen), _is_one_class(seen.predicted)
        suspicion = Suspicion(seen.stage, seen.step, seen.task)
        self._remember(seen.task, suspicion if one_class else None)
        if not one_class or before is None or before.step == seen.step:
            return None
        predicted = look(seen.task)
        return self._verdict(seen, predicted, "in") if _is_one_class(predicted) else None

    def _suspicion(self, seen: Observation) -> Suspicion | None:
        return next(
            (
                suspicion
                for suspicion in self.state.suspicions
                if suspicion.task == seen.task and suspicion.stage == seen.stage
            ),
            None,
        )

    def _remember(self, task: int, suspicion: Suspicion | None) -> None:
        others = tuple(other for other in self.state.suspicions if other.task != task)
        self.state = msgspec.structs.replace(
            self.state, suspicions=others if suspicion is None else (*others, suspicion)
        )

    def _verdict(self, seen: Observation, predicted: Sequence[int], when: str) -> str:
        label = max(range(len(predicted)), key=predicted.__getitem__)
        return (
            f"every row of {self._sequence[seen.task]} was predicted to be of class {label} "
            f"{when} stage {seen.stage + 1} (step {seen.step})"
        )


def _is_judged(seen: Observation) -> bool:
    """Whether a task was learnt for long enough; at a stage's end all of its rows are measured."""
    return (
        seen.task <= seen.stage
        and seen.warm_steps >= _LEARNING_STEPS
        and seen.done >= _JUDGED_FROM
        and seen.whole == (seen.done >= 1.0)
        and any(seen.predicted)
    )


def _is_one_class(predicted: Sequence[int]) -> bool:
    return sum(count > 0 for count in predicted) == 1
