"""Sequences are learnt, forgotten, and watched as the plan says."""

import math
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from engine.learning.evaluation import evaluate
from engine.learning.events import Event, Measured, Planned, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.model import Products
from engine.learning.prepare import prepare
from tests.engine.learning.asking import (
    PAIR,
    TRIPLE,
    Ask,
    learn,
    learn_until,
    losses,
    measured,
    same_weights,
    weights,
)
from tests.tiny import tiny_tasks


class Learnt(NamedTuple):
    learner: SequenceLearner
    events: list[Event]


@pytest.fixture(scope="module")
def triple(ask: Ask) -> Learnt:
    return Learnt(*learn(ask(TRIPLE, measures_per_epoch=1)))


@pytest.fixture(scope="module")
def forgetful(ask: Ask, tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    """A pair of tasks with rows enough to be learnt."""
    data = tiny_tasks(tmp_path_factory.mktemp("more"), train_rows=192, validation_rows=64)
    spec = Ask(data, ask.model)(("topic", "agree"), seed=15, epochs=3, measures_per_epoch=2)
    return Learnt(*learn(spec))


def test_learns_each_task(forgetful: Learnt) -> None:
    matrix = forgetful.learner.validation_matrix
    assert matrix.rows[0][0] > 0.8  # of three classes
    assert matrix.p_s > 0.9  # of two


def test_forgets_the_earlier_task(forgetful: Learnt) -> None:
    assert forgetful.learner.validation_matrix.forgetting > 0.1
    assert forgetful.learner.search_matrix.backward_transfer < -0.1


def test_retention_falls_while_the_later_task_is_learnt(forgetful: Learnt) -> None:
    stage = [event for event in measured(forgetful.events) if event.stage == 1]
    retention = [event.measurements[0].accuracy for event in stage]
    assert len(retention) == 6
    assert max(retention[:2]) > retention[-1] + 0.1


def test_loss_falls(forgetful: Learnt) -> None:
    last_stage = losses(forgetful.events)[27:]
    assert len(last_stage) == 27
    assert sum(last_stage[-5:]) < 0.6 * sum(last_stage[:5])


def test_planned_comes_first(triple: Learnt) -> None:
    assert triple.events[0] == Planned(triple.learner.setup.plans)
    assert [plan.task for plan in triple.learner.setup.plans] == list(TRIPLE)


def test_every_step_is_said_once(triple: Learnt) -> None:
    steps = [event for event in triple.events if isinstance(event, Stepped)]
    assert [event.step for event in steps] == list(range(1, 19))
    assert [event.stage for event in steps] == [0] * 6 + [1] * 6 + [2] * 6


def test_an_epoch_learns_from_every_token_once_and_from_no_padding(triple: Learnt) -> None:
    steps = [event for event in triple.events if isinstance(event, Stepped)]
    of_first_epoch = [event.tokens for event in steps[:3]]
    assert sum(of_first_epoch) == len(triple.learner.setup.tasks[0].train.input_ids)


def test_measured_where_planned_before_the_step_is_said(triple: Learnt) -> None:
    assert [event.step for event in measured(triple.events)] == [3, 6, 9, 12, 15, 18]
    for place, event in enumerate(triple.events):
        if isinstance(event, Measured):
            following = triple.events[place + 1]
            assert isinstance(following, Stepped)
            assert following.step == event.step


def test_all_tasks_learnt_so_far_are_followed(triple: Learnt) -> None:
    for event in measured(triple.events):
        retention = [item for item in event.measurements if item.split == "retention"]
        assert [item.task for item in retention] == list(range(event.stage + 1))
        for item in retention:
            assert sum(item.predicted) == len(triple.learner.setup.tasks[item.task].retention)


@pytest.mark.parametrize("retention_rows", [10, 10_000])
def test_the_rows_that_score_trials_can_be_looked_at_between_two_steps(
    ask: Ask, retention_rows: int
) -> None:
    learner = prepare(ask(epochs=1, retention_rows=retention_rows))
    for event in learner.events():
        if isinstance(event, Measured):
            rows = learner.setup.tasks[0].search
            found = evaluate(learner.model, rows, 0, learner.setup.device).class_counts(2)
            assert learner.count_classes(0) == found
        elif isinstance(event, Stepped) and event.step == 1:
            assert sum(learner.count_classes(0)) == 16
    assert learner.model.training == learner.setup.protocol.dropout


@pytest.mark.parametrize("selection", ["held-out", "validation"])
def test_rows_that_are_followed_are_read_off_those_that_score_trials(
    ask: Ask, selection: str
) -> None:
    learner = prepare(ask(epochs=1, retention_rows=10, selection=selection))
    for event in learner.events():
        if isinstance(event, Measured) and event.fraction == 1.0:
            for item in event.measurements:
                task = learner.setup.tasks[item.task]
                alone = evaluate(
                    learner.model, task.rows(item.split), item.task, learner.setup.device
                )
                assert item.accuracy == alone.accuracy
                assert item.predicted == alone.class_counts(task.classes)
                assert item.loss == pytest.approx(alone.loss, abs=1e-6)


def test_whole_splits_are_measured_at_the_end_of_each_stage(triple: Learnt) -> None:
    for event in measured(triple.events):
        splits = {item.split for item in event.measurements}
        at_end = event.step % 6 == 0
        assert splits == ({"retention", "search", "validation"} if at_end else {"retention"})
        assert event.fraction == (1.0 if at_end else 0.5)
        for item in event.measurements:
            task = triple.learner.setup.tasks[item.task]
            assert sum(item.predicted) == len(task.rows(item.split))


def test_a_trial_is_reported_of_once_at_its_very_end(ask: Ask, triple: Learnt) -> None:
    learner = prepare(ask(TRIPLE, measures_per_epoch=1))
    learner.reports_after = lambda _: False
    reported = [
        (event.stage, item.task)
        for event in measured(list(learner.events()))
        for item in event.measurements
        if item.split == "validation"
    ]
    assert reported == [(2, 0), (2, 1), (2, 2)]
    assert learner.validation_matrix.rows == (triple.learner.validation_matrix.last,)
    assert learner.validation_matrix.forgetting is None
    assert learner.search_matrix == triple.learner.search_matrix


def test_what_no_later_stage_changes_is_reported_when_it_was_learnt(ask: Ask) -> None:
    alone, _ = learn(ask(method="single", epochs=1))
    learner = prepare(ask(method="single", epochs=1))
    learner.reports_after = lambda _: False
    list(learner.events())
    assert learner.validation_matrix == alone.validation_matrix


def test_what_is_not_worth_it_is_not_reported(ask: Ask) -> None:
    learner = prepare(ask(epochs=1))
    seen = []

    def weigh(event: Measured) -> bool:
        seen.append({item.split for item in event.measurements})
        return False

    learner.is_worth_reporting = weigh
    found = measured(list(learner.events()))
    assert seen == [{"retention", "search"}] * 2
    assert all(item.split != "validation" for event in found for item in event.measurements)
    assert len(learner.search_matrix.rows) == 2


def test_matrices_hold_what_was_measured_at_the_ends(triple: Learnt) -> None:
    ends = [event for event in measured(triple.events) if event.fraction == 1.0]
    for split, matrix in (
        ("search", triple.learner.search_matrix),
        ("validation", triple.learner.validation_matrix),
    ):
        assert matrix.rows == tuple(
            tuple(item.accuracy for item in event.measurements if item.split == split)
            for event in ends
        )
        assert [len(row) for row in matrix.rows] == [1, 2, 3]


def test_the_same_seed_gives_the_same_run(ask: Ask) -> None:
    (one, events), (other, events_again) = learn(ask(epochs=1)), learn(ask(epochs=1))
    assert events == events_again
    assert same_weights(weights(one), weights(other))
    assert losses(learn(ask(epochs=1, seed=1))[1]) != losses(events)


def test_measuring_changes_nothing(ask: Ask) -> None:
    seldom, events = learn(ask(measures_per_epoch=1, batch_size=8, epochs=1))
    often, more_events = learn(ask(measures_per_epoch=4, batch_size=8, epochs=1))
    assert len(measured(more_events)) == 4 * len(measured(events))
    assert losses(more_events) == losses(events)
    assert same_weights(weights(seldom), weights(often))


def test_a_loss_that_is_no_number_is_said(ask: Ask) -> None:
    learner = prepare(ask(epochs=1))
    with torch.no_grad():
        learner.model.heads[0].weight[0, 0] = float("nan")
    first = next(event for event in learner.events() if isinstance(event, Stepped))
    assert math.isnan(first.loss)


def test_bf16_learns_nearly_the_same(ask: Ask) -> None:
    exact, rounded = (
        losses(learn(ask(epochs=1))[1]),
        losses(learn(ask(epochs=1, precision="bf16"))[1]),
    )
    assert rounded != exact
    assert rounded == pytest.approx(exact, abs=0.05)


def test_a_file_that_changed_is_read_again(tmp_path: Path, backbone: Path) -> None:
    ask = Ask(tiny_tasks(tmp_path), backbone)
    before = prepare(ask()).setup
    rows = (tmp_path / "mood-train.csv").read_text().splitlines()
    (tmp_path / "mood-train.csv").write_text("\n".join(rows[:41]))
    after = prepare(ask()).setup
    assert (len(before.tasks[0].train), len(after.tasks[0].train)) == (48, 30)
    assert after.fingerprint != before.fingerprint
    assert after.tasks[1] is before.tasks[1]


def test_a_task_has_its_own_number_of_epochs(ask: Ask) -> None:
    assert [plan.epochs for plan in prepare(ask(epochs=None)).setup.plans] == [2, 2]
    assert [plan.epochs for plan in prepare(ask(PAIR, epochs=5)).setup.plans] == [5, 5]


def test_stopping_early_leaves_a_half_filled_matrix(ask: Ask) -> None:
    learner = prepare(ask())
    learn_until(learner, 8)
    assert [len(row) for row in learner.validation_matrix.rows] == [1]


def test_a_step_says_what_it_took_and_which_products_it_needs(ask: Ask) -> None:
    learner = prepare(ask(epochs=1, batch_size=48, shuffle=False))
    first = next(event for event in learner.events() if isinstance(event, Stepped))
    lengths = learner.setup.tasks[0].train.lengths()
    looking, behind = 32 * 32 + 32, 32 * 32 + 2 * 32 * 64 + 2 * 32 + 64 + 2 * 2 * 32
    used = (5 * looking + behind + 2 * 32) * lengths.sum()  # and the norm of the embeddings
    used += (looking + behind) * len(lengths)  # in the last layer, for what is read off
    looks = int((lengths**2).sum() + lengths.sum())
    assert first.products == 6 * used + 12 * 32 * looks
    assert first.seconds > 0
    learner.model.backbone.requires_grad_(requires_grad=False)
    rested = Products(learner.model.backbone, 2).of(lengths)
    assert rested == 2 * used + 12 * 32 * looks


def _with_room_for(learner: SequenceLearner, rows: int) -> SequenceLearner:
    """Let a learner's device run out of memory where more rows are learnt from at once."""

    summary = learner.model.summary

    def see(inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        if learner.model.training and len(inputs["input_ids"]) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return summary(inputs)

    vars(learner.model)["summary"] = see
    return learner


@pytest.mark.parametrize(
    ("method", "batching", "room"),
    [("flat", "by-length", 5), ("replay", "mixed", 9), ("ewc-task", "mixed", 9)],
)
def test_too_little_memory_changes_no_gradient(
    ask: Ask, method: str, batching: str, room: int
) -> None:
    few = {"rows": 4} if method == "ewc-task" else {}
    spec = ask(method=method, options=few, epochs=1, batching=batching, train_rows=32)
    roomy, narrow = prepare(spec), _with_room_for(prepare(spec), room)
    assert losses(list(narrow.events())) == pytest.approx(losses(list(roomy.events())), abs=1e-3)
    assert narrow._gradients.rows_at_once <= room < roomy._gradients.rows_at_once
    found, expected = weights(narrow), weights(roomy)
    assert all(torch.allclose(found[name], expected[name], atol=1e-3) for name in expected)


def test_too_little_memory_for_a_row(ask: Ask) -> None:
    with pytest.raises(torch.OutOfMemoryError):
        list(_with_room_for(prepare(ask(batch_size=2)), rows=0).events())


def test_losses_may_be_read_later(ask: Ask) -> None:
    spec = ask(epochs=1, measures_per_epoch=1)
    whole, told = learn(spec)
    learner = prepare(spec)
    learner.losses_at_once = 2
    found = losses(list(learner.events()))
    read = [loss if (step % 3) else None for step, loss in enumerate(losses(told))]
    assert found == read, "three steps a stage: the second, and the third as it is measured"
    assert same_weights(weights(learner), weights(whole))


def test_a_loss_that_is_no_number_is_told_of_later(ask: Ask) -> None:
    learner = prepare(ask(epochs=1, measures_per_epoch=1))
    learner.losses_at_once = 3
    learner.model.heads[0].bias.data.fill_(math.nan)
    steps = (event.loss for event in learner.events() if isinstance(event, Stepped))
    first, second, third = islice(steps, 3)
    assert (first, second) == (None, None)
    assert third is not None
    assert math.isnan(third)
