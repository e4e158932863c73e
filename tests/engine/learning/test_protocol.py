"""Each switch of the protocol does what it says."""

import pytest
import torch
from torch.nn import functional

from engine.learning.device import to_device
from engine.learning.events import Event, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import follow_fewer, prepare, rows_within
from tests.engine.learning.asking import Ask, learn, losses, measured


def _first_loss(learner: SequenceLearner) -> float:
    return next(event.loss for event in learner.events() if isinstance(event, Stepped))


def _first_logits(learner: SequenceLearner) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits and labels of the first sixteen rows, without dropout."""
    setup = learner.setup
    batch = to_device(setup.tasks[0].train.batch(list(range(16))), setup.device)
    labels = batch.pop("labels")
    learner.model.eval()
    with torch.no_grad():
        return learner.model(batch, 0), labels


def test_without_dropout_the_loss_is_that_of_the_plain_model(ask: Ask) -> None:
    learner = prepare(ask(dropout=False, shuffle=False))
    expected = functional.cross_entropy(*_first_logits(learner))
    assert _first_loss(learner) == pytest.approx(float(expected), abs=1e-6)


def test_with_dropout_it_is_not(ask: Ask) -> None:
    learner = prepare(ask(dropout=True, shuffle=False))
    expected = functional.cross_entropy(*_first_logits(learner))
    assert _first_loss(learner) != pytest.approx(float(expected), abs=1e-4)


def test_cross_entropy_of_a_softmax(ask: Ask) -> None:
    spec = ask(dropout=False, shuffle=False, loss="softmax-cross-entropy")
    learner = prepare(spec)
    logits, labels = _first_logits(learner)
    chances = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    right = chances[torch.arange(16), labels]
    expected = -(right.exp() / chances.exp().sum(dim=1)).log().mean()
    assert _first_loss(learner) == pytest.approx(float(expected), abs=1e-6)


def test_shuffled_rows_are_other_rows(ask: Ask) -> None:
    plain = _first_loss(prepare(ask(dropout=False, shuffle=False)))
    assert _first_loss(prepare(ask(dropout=False))) != pytest.approx(plain, abs=1e-6)


def test_the_validation_split_scores_trials_in_the_paper(ask: Ask) -> None:
    learner, events = learn(ask(selection="validation", epochs=1))
    assert learner.search_matrix == learner.validation_matrix
    assert [len(task.train) for task in learner.setup.tasks] == [64, 64]
    for event in measured(events):
        found = {(item.task, item.split): item.accuracy for item in event.measurements}
        if event.fraction == 1.0:
            for task in range(event.stage + 1):
                assert found[task, "search"] == found[task, "validation"]


def test_held_out_rows_score_trials_otherwise(ask: Ask) -> None:
    setup = prepare(ask()).setup
    sizes = [(len(task.train), len(task.search), len(task.validation)) for task in setup.tasks]
    assert sizes == [(48, 16, 32)] * 2


@pytest.fixture(scope="module")
def unbounded(ask: Ask) -> tuple[SequenceLearner, list[Event]]:
    return learn(ask(measures_per_epoch=3, batch_size=8))


@pytest.mark.parametrize("share", [0.0, 0.25, 3.0])
def test_following_costs_at_most_its_share_of_learning_in_tokens(
    ask: Ask, unbounded: tuple[SequenceLearner, list[Event]], share: float
) -> None:
    learner, events = learn(ask(measures_per_epoch=3, batch_size=8, curve_share=share))
    setup, found = learner.setup, measured(events)
    for stage, plan in enumerate(setup.plans):
        learnt = plan.epochs * len(setup.tasks[stage].train.input_ids)
        followed = sum(len(task.retention.input_ids) for task in setup.tasks[: stage + 1])
        inside = [event for event in found if event.stage == stage and event.fraction < 1.0]
        affordable = int(share * 3 * learnt / followed)
        assert len(inside) == (min(5, max(3, affordable)) if share else 0)
    assert [event.fraction for event in found].count(1.0) == 2
    whole, others = unbounded
    assert losses(events) == losses(others)
    assert learner.search_matrix == whole.search_matrix


def test_where_learning_is_short_a_curve_is_on_fewer_rows(ask: Ask) -> None:
    task = prepare(ask()).setup.tasks[0]
    tokens = len(task.retention.input_ids) / len(task.retention)
    pair = (task, task)
    assert rows_within(0.1, round(1600 * tokens), (0, 1), pair) == 80
    assert rows_within(0.1, round(1600 * tokens), (0,), pair) == 160
    assert rows_within(0.1, round(100 * tokens), (0, 1), pair) == 32


def test_fewer_followed_rows_are_spread_over_all(ask: Ask) -> None:
    task = prepare(ask()).setup.tasks[0]
    fewer = follow_fewer(task, 4)
    assert fewer.followed.tolist() == task.followed[[0, 5, 10, 15]].tolist()
    assert len(fewer.retention) == 4
    assert follow_fewer(task, 16) is task


def test_retention_rows_are_few(ask: Ask) -> None:
    setup = prepare(ask(retention_rows=10)).setup
    assert [len(task.retention) for task in setup.tasks] == [10, 10]


@pytest.mark.parametrize(("retention_rows", "followed"), [(10, 10), (256, 16)])
def test_a_stage_knows_how_many_rows_are_really_followed(
    ask: Ask, retention_rows: int, followed: int
) -> None:
    setup = prepare(ask(retention_rows=retention_rows)).setup
    assert [plan.followed for plan in setup.plans] == [followed, followed]
