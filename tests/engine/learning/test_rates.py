from pathlib import Path

import pytest

from engine.learning.backbone import load_backbone
from engine.learning.model import SequenceModel, make_optimizer, set_rates
from engine.learning.prepare import prepare
from engine.profiles.grouping import make_grouping
from engine.profiles.parameters import choice_of_parameters
from engine.spec.protocol import rate_factor
from tests.engine.learning.asking import Ask, learn_until, weights

RATES = (1e-4, 2e-4, 3e-4, 4e-4)
GROUPING = make_grouping("paper", 2)


def test_a_tenth_rises_and_the_rest_falls_along_a_half_cosine() -> None:
    course = [rate_factor(step, 20, 0.1) for step in range(20)]
    assert course[:3] == [0.5, 1.0, 1.0]
    assert course[11] == pytest.approx(0.5)  # half of the 18 falling steps are done
    assert course[19] == pytest.approx(0.0076, abs=1e-4)
    assert course[2:] == sorted(course[2:], reverse=True)


def test_where_the_fall_ends_the_rate_is_zero() -> None:
    assert rate_factor(20, 20, 0.1) == pytest.approx(0.0)


def test_without_warm_up_the_first_step_has_the_whole_rate() -> None:
    assert rate_factor(0, 10, 0.0) == 1.0


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.99])
def test_a_stage_of_one_step_has_the_whole_rate(warmup: float) -> None:
    assert rate_factor(0, 1, warmup) == 1.0


def test_a_stage_that_only_rises() -> None:
    assert [rate_factor(step, 4, 0.99) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]


def test_optimizer_shows_the_rate_of_every_choice(backbone: Path) -> None:
    optimizer = make_optimizer(
        SequenceModel(load_backbone(str(backbone)), [2, 3], seed=0), GROUPING, RATES
    )
    names = ["embeddings", "layer 1", "layer 2", "heads"]
    assert [group["name"] for group in optimizer.param_groups] == names
    assert [group["lr"] for group in optimizer.param_groups] == list(RATES)
    set_rates(optimizer, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [5e-5, 1e-4, 1.5e-4, 2e-4]
    set_rates(optimizer, 1.0)
    assert [group["lr"] for group in optimizer.param_groups] == list(RATES)


def _largest_moves(ask: Ask, rates: tuple[float, ...]) -> list[float]:
    """Take one step, and return the largest move of each choice's parameters."""
    learner = prepare(ask(rates=rates, batch_size=64, epochs=1))
    before = weights(learner)
    learn_until(learner, 1)
    after = weights(learner)
    moves = [0.0] * GROUPING.n_choices
    names = [name for name, _ in learner.model.named_parameters()]
    for name, choice in choice_of_parameters(names, GROUPING).items():
        moves[choice] = max(moves[choice], float((after[name] - before[name]).abs().max()))
    return moves


def test_every_choice_moves_with_its_own_rate(ask: Ask) -> None:
    # Adam's first step is g / (|g| + 1e-8) times the rate.
    assert _largest_moves(ask, RATES) == pytest.approx(RATES, rel=1e-3)


@pytest.mark.parametrize("still", range(4))
def test_a_choice_of_hardly_any_rate_stays_still(ask: Ask, still: int) -> None:
    moves = _largest_moves(ask, (*RATES[:still], 1e-12, *RATES[still + 1 :]))
    assert moves.pop(still) < 1e-11
    assert min(moves) > 9e-5
