"""Rare classes: how much their rows count, how often they come, and what p is made of then."""

import csv
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score
from torch.nn import functional

from engine.learning.balance import class_weights, draw_balanced
from engine.learning.checkpoint import first_stage_key
from engine.learning.evaluation import Evaluation
from engine.learning.events import Measured, Wanted
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from engine.learning.stacked.stack import Stack
from engine.spec import RunSpec
from engine.work.answers import check
from tests.engine.learning.asking import (
    Ask,
    go_on,
    learn,
    learn_saving,
    losses,
    same_weights,
    weights,
)
from tests.tiny import tiny_tasks

RARE = 10
BALANCES = ["weights", "sampling"]


@pytest.fixture(scope="module")
def skewed(tmp_path_factory: pytest.TempPathFactory, backbone: Path) -> Ask:
    """Ask for runs on ``mood`` with few rows of its class 1, and on ``topic`` as it is."""
    folder = tmp_path_factory.mktemp("skewed")
    tasks = tiny_tasks(folder, train_rows=120)
    file = folder / "mood-train.csv"
    with file.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    rare = [row for row in rows if row["label"] == "1"][:RARE]
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows([*(row for row in rows if row["label"] == "0"), *rare])
    return Ask(data=tasks, model=backbone)


def test_weights_are_inverse_to_frequency_and_1_on_average() -> None:
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1, 3])
    found = class_weights(labels, 4)
    assert found.tolist() == [0.5, 1.5, 0.0, 3.0]
    assert found[labels].mean() == 1.0


def test_classes_of_each_task_come_equally_often_and_tasks_as_often_as_they_did() -> None:
    tasks = np.repeat([0, 1], [12, 7])
    labels = np.array([0] * 10 + [1, 1] + [0, 1, 2, 2, 2, 2, 2])
    drawn = draw_balanced(np.stack((tasks, labels)), np.random.default_rng(3))
    assert Counter(labels[drawn[tasks[drawn] == 0]].tolist()) == {0: 6, 1: 6}
    of_second = Counter(labels[drawn[tasks[drawn] == 1]].tolist())
    assert sorted(of_second.values()) == [2, 2, 3]
    times = Counter(drawn.tolist())
    assert {times[10], times[11]} == {3}
    assert max(times[row] for row in range(10)) == 1


@pytest.mark.parametrize("batching", ["mixed", "by-length"])
def test_an_epoch_has_as_many_rows_of_each_class_the_same_each_time(
    skewed: Ask, batching: str
) -> None:
    setup = prepare(skewed(balance="sampling", batching=batching)).setup
    plan, labels = setup.plans[0], setup.tasks[0].train.labels
    every = list(setup.batches(0, 0))
    epochs = [
        np.concatenate(list(islice(every, first, first + plan.steps_per_epoch)))
        for first in range(0, plan.steps, plan.steps_per_epoch)
    ]
    counts = Counter(labels.tolist())
    assert counts[0] > 4 * counts[1]
    for rows in epochs:
        assert len(rows) == plan.rows
        zeros, ones = np.bincount(labels[rows])
        assert abs(zeros - ones) <= 1
    assert sorted(epochs[0]) != sorted(epochs[1])
    later = list(setup.batches(0, 3))
    assert all(np.array_equal(one, other) for one, other in zip(every[3:], later, strict=True))


def test_weighted_the_loss_is_a_mean_over_rows_whatever_the_pieces(skewed: Ask) -> None:
    learner = prepare(skewed(balance="weights", dropout=False))
    learner.model.eval()
    task = learner.setup.tasks[0]
    rows = np.concatenate([np.flatnonzero(task.train.labels == label)[:4] for label in (0, 1)])
    batch = {name: torch.from_numpy(value) for name, value in task.train.batch(rows).items()}
    labels = batch.pop("labels")
    with torch.no_grad():
        each = functional.cross_entropy(learner.model(batch, 0), labels, reduction="none")
    counts = torch.from_numpy(np.bincount(task.train.labels))
    by_hand = float((each * (len(task.train) / (2 * counts[labels]))).mean())
    for at_once in (16, 3):
        learner._gradients.rows_at_once = at_once
        found = learner._gradients.of_step(Wanted(0, 1, rows))
        assert float(found) == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("balance", BALANCES)
def test_in_a_stack_each_is_as_it_is_alone(skewed: Ask, balance: str) -> None:
    specs = [skewed(lr=lr, epochs=1, balance=balance, batch_size=32) for lr in (1e-3, 3e-3)]
    learners = [prepare(spec) for spec in specs]
    stack = Stack()
    for learner in learners:
        stack.join(learner)
    said = list(stack.events())
    for spec, learner in zip(specs, learners, strict=True):
        _, alone = learn(spec)
        found = losses([event for who, event in said if who is learner])
        assert found == pytest.approx(losses(alone), rel=1e-4)


@pytest.fixture(scope="module")
def plain(skewed: Ask) -> SequenceLearner:
    """Return what learnt without any balance, to its end."""
    return learn(skewed(epochs=1))[0]


@pytest.mark.parametrize("balance", BALANCES)
def test_it_changes_what_is_learnt_also_by_a_restored_learner(
    skewed: Ask, plain: SequenceLearner, balance: str
) -> None:
    spec = skewed(epochs=1, balance=balance)
    undisturbed, _, (saved,) = learn_saving(spec, 3)
    assert not same_weights(weights(plain), weights(undisturbed))
    resumed, _ = go_on(spec, saved)
    assert same_weights(weights(resumed), weights(undisturbed))


def test_macro_f1_is_what_one_finds_by_hand_and_what_scikit_learn_has() -> None:
    labels, predicted = np.array([0, 0, 0, 0, 1, 1, 2]), np.array([0, 0, 0, 1, 1, 0, 4])
    found = Evaluation(np.zeros(7, np.float32), predicted, labels)
    # F1 of 0: 2·3/(4+4); of 1: 2·1/(2+2); of 2 and of 4: 0; nothing is of class 3
    assert found.macro_f1 == pytest.approx((0.75 + 0.5 + 0.0 + 0.0) / 4)
    assert found.macro_f1 == pytest.approx(
        f1_score(labels, predicted, average="macro", zero_division=0)
    )
    assert found.accuracy == pytest.approx(4 / 7)


def _matrix(learner: SequenceLearner, name: str) -> tuple[tuple[float, ...], ...]:
    ends = learner.position.stage_ends
    return tuple(
        tuple(getattr(item, name) for item in end if item.split == "search") for end in ends
    )


def test_p_is_made_of_what_the_protocol_says_and_learning_is_the_same(
    skewed: Ask, plain: SequenceLearner
) -> None:
    by_accuracy = plain
    by_macro_f1, events = learn(skewed(epochs=1, score="macro-f1"))
    assert same_weights(weights(by_accuracy), weights(by_macro_f1))
    assert by_accuracy.search_matrix.rows == _matrix(by_macro_f1, "accuracy")
    assert by_macro_f1.search_matrix.rows == _matrix(by_accuracy, "macro_f1")
    assert by_accuracy.search_matrix != by_macro_f1.search_matrix
    for event in events:
        for item in event.measurements if isinstance(event, Measured) else ():
            assert item.scored == item.macro_f1


def test_keys_are_as_before_where_nothing_is_balanced(skewed: Ask) -> None:
    def keys(spec: RunSpec) -> tuple[str, str | None]:
        learner = prepare(spec)
        return learner.setup.fingerprint, first_stage_key(learner.setup, learner.method)

    plain = keys(skewed())
    assert keys(skewed(balance="none", score="accuracy")) == plain
    others = [keys(skewed(**switch)) for switch in ({"balance": "weights"}, {"score": "macro-f1"})]
    for fingerprint, first_stage in others:
        assert fingerprint != plain[0]
        assert first_stage != plain[1]


BALANCE = "--balance weights (or sampling) learns the others as much"
SCORE = "--score macro-f1 counts every class alike"


@pytest.mark.parametrize(
    ("switches", "ways"),
    [
        ({}, f"{BALANCE}, {SCORE}"),
        ({"balance": "sampling"}, SCORE),
        ({"score": "macro-f1"}, BALANCE),
    ],
)
def test_a_skewed_task_is_told_with_the_way_out(
    skewed: Ask, switches: dict[str, object], ways: str
) -> None:
    (said,) = check([skewed(**switches)])
    assert said == f"task 'mood' is skewed, 85% of its training rows are of one class: {ways}"


def test_nothing_is_told_where_both_are_chosen_or_no_class_is_rare(skewed: Ask, ask: Ask) -> None:
    assert check([skewed(balance="weights", score="macro-f1")]) == []
    assert check([ask()]) == []
