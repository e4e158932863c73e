"""A restored learner gives bit for bit what an undisturbed one gives."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.errors import EngineError
from engine.learning.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from engine.learning.events import Event, Measured, Planned, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from tests.engine.learning.asking import (
    Ask,
    go_on,
    learn,
    learn_saving,
    learn_until,
    same_weights,
    weights,
)

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


STOPS = (2, 4)
"""Steps, of 6: the second stage begins after 3."""
BOUNDS = (3, 6)
"""Where stages end: they are alike in every protocol."""


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


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_restored(ask: Ask, protocol: str, path: Path) -> None:
    spec = ask(**{"epochs": 1, "measures_per_epoch": 3, **PROTOCOLS[protocol]})
    stops = sorted(STOPS + BOUNDS) if protocol == "default" else STOPS
    whole, events, saved = learn_saving(spec, *stops)
    for stop, checkpoint in zip(stops, saved, strict=True):
        restored = prepare(spec)
        restored.restore(_through_file(checkpoint, path))
        assert restored.steps_taken == stop
        assert list(restored.events()) == _after(events, stop)
        _assert_same_state(restored, whole)


def test_saving_changes_nothing(ask: Ask) -> None:
    undisturbed, events = learn(ask(epochs=1))
    saved, same, _ = learn_saving(ask(epochs=1), 2, 3, 4)
    assert same == events
    _assert_same_state(saved, undisturbed)


def _assert_same_state(one: SequenceLearner, other: SequenceLearner) -> None:
    assert same_weights(weights(one), weights(other))
    assert _optimizer(one).keys() == _optimizer(other).keys()
    assert same_weights(_optimizer(one), _optimizer(other))
    assert one.search_matrix == other.search_matrix
    assert one.validation_matrix == other.validation_matrix


def test_restored_before_the_first_step(ask: Ask, path: Path) -> None:
    spec = ask(epochs=1)
    checkpoint = _through_file(prepare(spec).save("mine"), path)
    assert checkpoint.extra == "mine"
    whole, events = learn(spec)
    restored, again = go_on(spec, checkpoint)
    assert again == events
    _assert_same_state(restored, whole)


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
