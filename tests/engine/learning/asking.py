"""Asking for small runs, and looking at what came of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from engine.learning.events import Event, Measured, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from engine.spec import Protocol, RunSpec

PAIR = ("mood", "topic")
TRIPLE = ("mood", "topic", "agree")


@dataclass(frozen=True)
class Ask:
    """Makes the specs of runs: flat at 3e-3 for two epochs, unless told otherwise."""

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
            protocol=Protocol(**{"epochs": 2, "precision": "fp32", **protocol}),
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
