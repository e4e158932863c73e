"""A restored learner gives bit for bit what an undisturbed one gives."""

from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from engine.errors import EngineError
from engine.learning.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from engine.learning.events import Event, Measured, Planned, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from engine.spec import RunSpec
from tests.engine.learning.asking import Ask, learn, learn_until, same_weights, weights

PROTOCOLS = {
    "default": {},
    "original-code": {
        "optimizer_state": "carried",
        "idle_heads": "drifting",
        "loss": "softmax-cross-entropy",
        "selection": "validation",
        "dropout": False,
        "shuffle": False,
    },
    "carried, with dropout": {"optimizer_state": "carried"},
    "by length": {"batching": "by-length"},
    "bf16": {"precision": "bf16"},
}


class Undisturbed(NamedTuple):
    spec: RunSpec
    learner: SequenceLearner
    events: list[Event]

    @property
    def steps(self) -> int:
        return self.learner.setup.plans[-1].last_step


@pytest.fixture(scope="module", params=PROTOCOLS)
def undisturbed(request: pytest.FixtureRequest, ask: Ask) -> Undisturbed:
    spec = ask(**{"epochs": 1, **PROTOCOLS[request.param]})
    return Undisturbed(spec, *learn(spec))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.safetensors"


def _through_file(checkpoint: Checkpoint, path: Path) -> Checkpoint:
    write_checkpoint(path, checkpoint)
    found = read_checkpoint(path)
    assert found is not None
    return found


def _after(events: list[Event], step: int) -> list[Event]:
    return [
        event
        for event in events
        if isinstance(event, Planned)
        or (isinstance(event, Measured | Stepped) and event.step > step)
    ]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_restored(undisturbed: Undisturbed, path: Path, share: float) -> None:
    stop = round(share * undisturbed.steps)  # a half: where the second stage begins
    disturbed = prepare(undisturbed.spec)
    if stop:
        learn_until(disturbed, stop)
    checkpoint = _through_file(disturbed.save("mine"), path)

    restored = prepare(undisturbed.spec)
    restored.restore(checkpoint)
    assert restored.steps_taken == stop
    events = list(restored.events())

    assert checkpoint.extra == "mine"
    assert events == _after(undisturbed.events, stop)
    assert same_weights(weights(restored), weights(undisturbed.learner))
    assert _optimizer(restored).keys() == _optimizer(undisturbed.learner).keys()
    assert same_weights(_optimizer(restored), _optimizer(undisturbed.learner))
    assert restored.search_matrix == undisturbed.learner.search_matrix
    assert restored.validation_matrix == undisturbed.learner.validation_matrix


def _optimizer(learner: SequenceLearner) -> dict[str, Tensor]:
    tensors = learner.save().tensors
    return {name: value for name, value in tensors.items() if name.startswith("optimizer.")}


def test_restored_again_and_again(ask: Ask, path: Path) -> None:
    spec = ask(epochs=1)
    whole, _ = learn(spec)
    learner = prepare(spec)
    for step in range(1, 7):
        learn_until(learner, step)
        checkpoint = _through_file(learner.save(), path)
        learner = prepare(spec)
        learner.restore(checkpoint)
    assert same_weights(weights(learner), weights(whole))
    assert learner.search_matrix == whole.search_matrix


def test_going_on_after_saving_changes_nothing(ask: Ask, path: Path) -> None:
    spec = ask(epochs=1)
    whole, _ = learn(spec)
    learner = prepare(spec)
    rest = learn_until(learner, 2)
    _through_file(learner.save(), path)
    list(rest)
    assert same_weights(weights(learner), weights(whole))


def test_two_learners_restored_from_one_checkpoint_share_nothing(ask: Ask, path: Path) -> None:
    spec = ask(epochs=1)
    first = prepare(spec)
    learn_until(first, 2)
    checkpoint = _through_file(first.save(), path)
    results = []
    for _ in range(2):
        learner = prepare(spec)
        learner.restore(checkpoint)
        list(learner.events())
        results.append(weights(learner))
    assert same_weights(*results)


def test_other_random_numbers_drawn_between_steps_change_nothing(ask: Ask) -> None:
    spec = ask(epochs=1)
    whole, _ = learn(spec)
    learner = prepare(spec)
    for event in learner.events():
        if isinstance(event, Stepped):
            torch.rand(event.step)
    assert same_weights(weights(learner), weights(whole))


@pytest.mark.parametrize("change", [{"seed": 1}, {"lr": 1e-3}, {"dropout": False}, {"epochs": 3}])
def test_checkpoint_of_another_run(ask: Ask, change: dict[str, object]) -> None:
    checkpoint = prepare(ask()).save()
    other = prepare(ask(**change))
    with pytest.raises(EngineError, match="written for other data or settings; bring those back"):
        other.restore(checkpoint)
