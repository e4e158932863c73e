"""What becomes of the heads of tasks that are not being learnt."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.learning.backbone import load_backbone
from engine.learning.learner import SequenceLearner
from engine.learning.model import SequenceModel
from engine.learning.prepare import prepare
from tests.engine.learning.asking import Ask, learn_until

STAGE = 3
"""Steps of a stage."""


def _head(learner: SequenceLearner, task: int) -> Tensor:
    return learner.model.heads[task].weight.detach().clone()


def test_frozen_while_another_is_learnt(ask: Ask) -> None:
    learner = prepare(ask(epochs=1))
    second = _head(learner, 1)
    rest = learn_until(learner, STAGE)
    first = _head(learner, 0)
    assert _head(learner, 1).equal(second)
    list(rest)
    assert _head(learner, 0).equal(first)
    assert not _head(learner, 1).equal(second)


def test_drifting_by_the_momentum_that_was_carried_over(ask: Ask) -> None:
    learner = prepare(ask(epochs=1, idle_heads="drifting", optimizer_state="carried"))
    second = _head(learner, 1)
    rest = learn_until(learner, STAGE)
    first = _head(learner, 0)
    assert _head(learner, 1).equal(second)
    list(rest)
    assert not _head(learner, 0).equal(first)


def test_not_drifting_without_momentum(ask: Ask) -> None:
    learner = prepare(ask(epochs=1, idle_heads="drifting", optimizer_state="fresh"))
    rest = learn_until(learner, STAGE)
    first = _head(learner, 0)
    list(rest)
    assert _head(learner, 0).equal(first)


def test_waiting_is_no_step_of_a_later_head(ask: Ask) -> None:
    spec = ask(epochs=1, idle_heads="drifting", optimizer_state="carried", warmup=0.0, lr=1e-3)
    learner = prepare(spec)
    learn_until(learner, STAGE)
    before = _head(learner, 1)
    learn_until(learner, STAGE + 1)
    # Adam's very first step is as large as the rate.
    assert float((_head(learner, 1) - before).abs().max()) == pytest.approx(1e-3, rel=1e-2)


@pytest.mark.parametrize(("state", "steps"), [("fresh", STAGE), ("carried", 2 * STAGE)])
def test_what_adam_knows_at_a_later_stage(ask: Ask, state: str, steps: int) -> None:
    learner = prepare(ask(epochs=1, optimizer_state=state))
    list(learner.events())
    assert float(learner.save().tensors["optimizer.0.step"]) == steps


def _heads(backbone: Path, *, seed: int, classes: tuple[int, ...] = (2, 3)) -> list[Tensor]:
    model = SequenceModel(load_backbone(str(backbone)), classes, seed=seed)
    return [parameter.detach() for head in model.heads for parameter in head.parameters()]


def test_heads_begin_as_the_seed_says(backbone: Path) -> None:
    heads = _heads(backbone, seed=1)
    torch.rand(3)
    again = _heads(backbone, seed=1)
    assert all(one.equal(other) for one, other in zip(heads, again, strict=True))
    assert not heads[0].equal(_heads(backbone, seed=2)[0])


def test_later_tasks_do_not_change_how_an_earlier_head_begins(backbone: Path) -> None:
    assert _heads(backbone, seed=1)[0].equal(_heads(backbone, seed=1, classes=(2, 5, 4))[0])


def test_heads_begin_small_and_without_bias(backbone: Path) -> None:
    weight, bias, *_ = _heads(backbone, seed=1, classes=(200,))
    assert float(weight.std()) == pytest.approx(0.02, rel=0.05)
    assert not bias.any()
