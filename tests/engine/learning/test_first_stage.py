"""A sequence that takes over a first stage gives bit for bit what it gives alone."""

from pathlib import Path

import pytest

from engine.learning.checkpoint import (
    Checkpoint,
    first_stage_key,
    read_checkpoint,
    write_checkpoint,
)
from engine.learning.events import Measured
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from engine.spec import RunSpec
from tests.engine.learning.asking import PAIR, Ask, learn, same_weights, weights

OTHER = ("mood", "agree")


def _key(spec: RunSpec) -> str | None:
    learner = prepare(spec)
    return first_stage_key(learner.setup, learner.method)


def _first_stage(spec: RunSpec, folder: Path) -> Checkpoint:
    learner, path = prepare(spec), folder / "first.safetensors"
    key = first_stage_key(learner.setup, learner.method)
    assert key is not None
    measured = []
    for event in learner.events():
        if isinstance(event, Measured):
            measured.append(event)
            if event.fraction == 1.0:
                break
    write_checkpoint(path, learner.first_stage(key, measured))
    first = read_checkpoint(path)
    assert first is not None
    return first


@pytest.mark.parametrize(
    ("begun_by", "method"), [("flat", "flat"), ("flat", "ewc-task"), ("lora", "lora")]
)
def test_taken_over_from_another_sequence(
    begun_by: str, method: str, ask: Ask, tmp_path: Path
) -> None:
    alone, events = learn(ask(OTHER, method=method))
    heir = prepare(ask(OTHER, method=method))
    heir.take_over(_first_stage(ask(PAIR, method=begun_by), tmp_path))
    inherited = list(heir.events())
    assert same_weights(weights(heir), weights(alone))
    assert heir.validation_matrix == alone.validation_matrix
    assert _measured(inherited) == _measured(events)
    assert _steps(inherited) < _steps(events)


def _measured(events: list[object]) -> list[Measured]:
    return [event for event in events if isinstance(event, Measured)]


def _steps(events: list[object]) -> int:
    return len(events) - len(_measured(events))


def test_a_checkpoint_after_it_is_as_any_other(ask: Ask, tmp_path: Path) -> None:
    alone, _ = learn(ask(OTHER))
    heir = prepare(ask(OTHER))
    heir.take_over(_first_stage(ask(PAIR), tmp_path))
    saved = heir.save()
    again: SequenceLearner = prepare(ask(OTHER))
    again.restore(saved)
    list(again.events())
    assert same_weights(weights(again), weights(alone))


def test_methods_that_begin_alike_share_it(ask: Ask) -> None:
    flat = _key(ask())
    assert flat is not None
    assert flat == _key(ask(OTHER))
    assert flat == _key(ask(rates=(3e-3,) * 4))
    assert flat == _key(ask(method="replay"))


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"lr": 1e-3},
        {"method": "l2-sp"},
        {"method": "freeze-k", "options": {"layers": 1}},
        {"epochs": 3},
        {"dropout": False},
        {"sequence": ("topic", "mood")},
    ],
)
def test_whatever_changes_the_weights_keeps_them_apart(
    changes: dict[str, object], ask: Ask
) -> None:
    assert _key(ask(**changes)) != _key(ask())


def test_what_nobody_can_share(ask: Ask) -> None:
    assert _key(ask(method="joint")) is None
    assert _key(ask(optimizer_state="carried")) is None
