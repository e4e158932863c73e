"""What linear probes tell apart: a task that is lost in its head, and one that the encoder lost."""

import numpy as np
import pytest
import torch

from engine.learning.evaluation import evaluate
from engine.learning.events import Measured, Probe
from engine.learning.learner import SequenceLearner
from engine.learning.probing import classify, probes_of, spread
from tests.engine.learning.asking import PAIR, TRIPLE, Ask, learn, losses, measured


def _at_ends(events: list[Measured]) -> dict[int, tuple[Probe, ...]]:
    return {event.stage: event.probes for event in events if event.fraction == 1.0}


def _probed(learner: SequenceLearner, task: int) -> tuple[float, float]:
    """Return the task's accuracy and that of the probe with most rows."""
    setup = learner.setup
    rows = setup.tasks[task].search
    found = evaluate(learner.model, rows, task, setup.device, summaries=True)
    return found.accuracy, probes_of(setup, learner.model, task, found)[-1].score


def test_rows_are_spread_over_the_classes_from_the_first_on() -> None:
    labels = np.array([0] * 90 + [1] * 8 + [2] * 2)
    chosen = spread(labels, 100)
    assert sorted(chosen) == list(range(100))
    assert sorted(labels[chosen[:6]]) == [0, 0, 1, 1, 2, 2]
    assert sorted(labels[chosen[:9]]) == [0, 0, 0, 0, 1, 1, 1, 2, 2]
    assert list(spread(labels, 7)) == list(chosen[:7])


def test_a_plane_between_two_heaps_is_found_and_one_class_is_all_there_is() -> None:
    known = np.array([[0.0, 5.0], [1.0, 5.0], [0.0, -5.0], [1.0, -5.0]], dtype=np.float32)
    asked = np.array([[9.0, 2.0], [-9.0, -2.0]], dtype=np.float32)
    assert list(classify(known, np.array([1, 1, 0, 0]), asked)) == [1, 0]
    assert list(classify(known, np.array([2, 2, 2, 2]), asked)) == [2, 2]


def test_probes_are_made_at_the_ends_of_stages_of_every_task_learnt_by_then(ask: Ask) -> None:
    _, events = learn(ask(TRIPLE, probe_rows=30, epochs=1, measures_per_epoch=2))
    assert not [event for event in measured(events) if event.fraction < 1.0 and event.probes]
    found = _at_ends(measured(events))
    assert {stage: [(each.task, each.rows) for each in found[stage]] for stage in found} == {
        stage: [(task, rows) for task in range(stage + 1) for rows in (10, 30)]
        for stage in range(3)
    }
    assert all(0.0 <= each.score <= 1.0 for probes in found.values() for each in probes)


def test_there_are_no_more_rows_than_the_task_has_and_none_by_default(ask: Ask) -> None:
    _, events = learn(ask(probe_rows=1000, epochs=1))
    assert {each.rows for each in _at_ends(measured(events))[1]} == {10, 48}
    _, events = learn(ask(epochs=1))
    assert _at_ends(measured(events)) == {0: (), 1: ()}


def test_a_probed_run_learns_what_any_does(ask: Ask) -> None:
    plain, probed = learn(ask(epochs=1)), learn(ask(epochs=1, probe_rows=48))
    assert losses(plain[1]) == losses(probed[1])
    weights = zip(plain[0].model.parameters(), probed[0].model.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in weights)
    assert plain[0].search_matrix == probed[0].search_matrix


def test_a_head_that_is_lost_costs_the_probe_nothing_and_an_encoder_that_is_lost_all(
    ask: Ask,
) -> None:
    learner, _ = learn(ask(PAIR, epochs=8, probe_rows=48, curve_share=0.0))
    _, before = _probed(learner, 1)
    assert before > 0.8
    with torch.no_grad():
        learner.model.heads[1].weight.zero_()
    accuracy, after = _probed(learner, 1)
    assert accuracy < 0.8
    assert after == before
    with torch.no_grad():
        for weight in learner.model.backbone.parameters():
            weight.zero_()
    assert _probed(learner, 1)[1] < 0.8


def test_where_macro_f1_is_the_score_it_is_the_probes_too(ask: Ask) -> None:
    learner, _ = learn(ask(epochs=1, probe_rows=48, score="macro-f1"))
    setup = learner.setup
    found = evaluate(learner.model, setup.tasks[0].search, 0, setup.device, summaries=True)
    known = evaluate(
        learner.model,
        setup.tasks[0].train.take(spread(setup.tasks[0].train.labels, 48)),
        0,
        setup.device,
        summaries=True,
    )
    assert found.summaries is not None
    assert known.summaries is not None
    predicted = classify(known.summaries, known.labels, found.summaries)
    right = [
        2
        * float(((predicted == label) & (found.labels == label)).sum())
        / float((predicted == label).sum() + (found.labels == label).sum())
        for label in np.unique(np.concatenate((predicted, found.labels)))
    ]
    probe = probes_of(setup, learner.model, 0, found)[-1]
    assert probe.score == pytest.approx(sum(right) / len(right))
