"""Asking for small runs, and looking at what came of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace
from torch import Tensor

from engine.learning.checkpoint import Checkpoint
from engine.learning.events import Event, Measured, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from engine.spec import Protocol, RunSpec

PAIR = ("mood", "topic")
TRIPLE = ("mood", "topic", "agree")


@dataclass(frozen=True)
class Ask:
    """Makes the specs of runs: flat at 3e-3 for two epochs, each measured once, unless told."""

    data: Path
    model: Path
    text: Path | None = None

    def __call__(
        self,
        sequence: tuple[str, ...] = PAIR,
        *,
        lr: float = 3e-3,
        rates: tuple[float, ...] | None = None,
        seed: int = 0,
        method: str | None = None,
        options: Mapping[str, float | str] | None = None,
        **protocol: object,
    ) -> RunSpec:
        return RunSpec(
            sequence=sequence,
            data=str(self.data),
            model=str(self.model),
            method=method or ("profile" if rates else "flat"),
            options={**({} if rates else {"lr": lr}), **(options or {})},
            learning_rates=rates,
            seed=seed,
            device="cpu",
            protocol=Protocol(
                **{"epochs": 2, "measures_per_epoch": 1, "precision": "fp32", **protocol}
            ),
        )


def learn(spec: RunSpec) -> tuple[SequenceLearner, list[Event]]:
    """Learn to the end."""
    learner = prepare(spec)
    return learner, list(learner.events())


def learn_until(learner: SequenceLearner, step: int) -> Iterator[Event]:
    """Learn until so many steps are done, over all stages; return what is still to come."""
    events = learner.events()
    for event in events:
        if isinstance(event, Stepped) and event.step == step:
            return events
    raise AssertionError(f"there is no step {step}")


def learn_saving(
    spec: RunSpec, *steps: int
) -> tuple[SequenceLearner, list[Event], list[Checkpoint]]:
    """Learn to the end; return also what was saved after each of these steps, over all stages."""
    learner, events, saved = prepare(spec), [], []
    for event in learner.events():
        events.append(event)
        if isinstance(event, Stepped) and event.step in steps:
            now = learner.save()  # whose tensors are the learner's own
            copies = {name: value.clone() for name, value in now.tensors.items()}
            saved.append(replace(now, tensors=copies))
    assert len(saved) == len(steps)
    return learner, events, saved


def go_on(spec: RunSpec, checkpoint: Checkpoint) -> tuple[SequenceLearner, list[Event]]:
    """Learn to the end from where another learner was saved."""
    learner = prepare(spec)
    learner.restore(checkpoint)
    return learner, list(learner.events())


def weights(learner: SequenceLearner) -> dict[str, Tensor]:
    """Return copies of all weights."""
    return {name: value.clone() for name, value in learner.model.state_dict().items()}


def same_weights(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether every weight is the same to the last bit."""
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)


def measured(events: list[Event]) -> list[Measured]:
    return [event for event in events if isinstance(event, Measured)]


def losses(events: list[Event]) -> list[float | None]:
    return [event.loss for event in events if isinstance(event, Stepped)]
