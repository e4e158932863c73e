"""Adapters of each stage, at right angles to those before."""

import pytest
import torch
from torch import Tensor

from engine.learning.events import Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from tests.engine.learning.asking import (
    TRIPLE,
    Ask,
    go_on,
    learn_saving,
    learn_until,
    same_weights,
    weights,
)

RATES = (1e-2, 1e-2, 1e-2, 1e-2)
QUERY = "encoder.layer.1.attention.self.query"


def _o_lora(ask: Ask, weight: float = 0.5, **others: object) -> SequenceLearner:
    options = {"rank": 2, "alpha": 4, "orthogonality": weight}
    return prepare(ask(TRIPLE, method="o-lora", options=options, lr=1e-2, epochs=1, **others))


def _after_stage(learner: SequenceLearner, stage: int) -> SequenceLearner:
    learn_until(learner, learner.setup.plans[stage].last_step)
    return learner


def _acting(learner: SequenceLearner) -> dict[str, Tensor]:
    found = learner.method.acting_weights(learner.model)
    return {name: weight.detach().clone() for name, weight in found}


def _part(learner: SequenceLearner, part: str) -> Tensor:
    return dict(learner.model.backbone.named_parameters())[f"{QUERY}.{part}.default.weight"]


def test_adapters_become_part_of_the_weights_and_new_ones_begin(ask: Ask) -> None:
    learner = _after_stage(_o_lora(ask), 0)
    before, earlier = _acting(learner), _part(learner, "lora_A").detach().clone()
    assert _part(learner, "lora_B").abs().sum() > 0
    learner.method.begin_stage(learner.setup, learner.model, 1)
    after = _acting(learner)
    for name, weight in after.items():
        torch.testing.assert_close(weight, before[name], rtol=1e-5, atol=1e-6)
    assert _part(learner, "lora_B").abs().sum() == 0
    assert not _part(learner, "lora_A").equal(earlier)
    assert learner.method.state()[QUERY].equal(earlier)


def test_the_penalty_is_of_every_pair_of_rows(ask: Ask) -> None:
    learner = _after_stage(_o_lora(ask), 0)
    assert learner.method.penalty(learner.model) is None
    for stage in (1, 2):
        learner.method.begin_stage(learner.setup, learner.model, stage)
    total = 0.0
    for name, rows in learner.method.state().items():
        assert len(rows) == 4, "two stages of rank 2"
        now = dict(learner.model.backbone.named_parameters())[f"{name}.lora_A.default.weight"]
        total += sum(float(row.dot(new).abs()) for row in rows for new in now.detach())
    found = learner.method.penalty(learner.model)
    assert found is not None
    assert found.item() == pytest.approx(0.5 * total, rel=1e-4)


def test_it_keeps_later_adapters_at_right_angles(ask: Ask) -> None:
    def overlap(weight: float) -> float:
        learner = _after_stage(_o_lora(ask, weight), 1)
        return float(
            (learner.method.state()[QUERY] @ _part(learner, "lora_A").detach().T).abs().sum()
        )

    assert overlap(0.5) < 0.5 * overlap(0.0)


def test_a_later_stage_moves_nothing_but_its_adapters(ask: Ask) -> None:
    learner = _after_stage(_o_lora(ask), 0)
    rest = learner.events()
    next(event for event in rest if isinstance(event, Stepped))
    before = weights(learner)
    list(rest)
    moved = {name for name, value in weights(learner).items() if not value.equal(before[name])}
    assert any("lora_A" in name for name in moved)
    bases = [name for name in moved if "base_layer.bias" in name or "LayerNorm" in name]
    assert bases == []


def test_it_goes_on_where_it_was(ask: Ask) -> None:
    asked = {"options": {"rank": 2}, "rates": RATES, "batch_size": 24}
    spec = ask(TRIPLE, method="o-lora", epochs=1, **asked)
    whole, _, saved = learn_saving(spec, 1, 3, 5)
    assert [checkpoint.position.stage for checkpoint in saved] == [0, 1, 2]
    for checkpoint in saved:
        resumed, _ = go_on(spec, checkpoint)
        assert same_weights(weights(resumed), weights(whole))
        assert same_weights(resumed.method.state(), whole.method.state())
