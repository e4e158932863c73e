"""What rows are taken for: counted by hand, and by learners."""

from collections import Counter

import numpy as np
import pytest

from engine.learning.confusion import Confusion, class_changes, most_forgotten
from engine.learning.evaluation import Evaluation, evaluate
from engine.learning.events import Measured, Measurement
from engine.learning.prepare import prepare
from tests.engine.learning.asking import TRIPLE, Ask, learn, measured

MOODS = ("bad", "so-so", "good")
BEFORE = Confusion(MOODS, ((0, 0, 9), (0, 1, 1), (1, 0, 2), (1, 1, 6), (2, 2, 5)))
AFTER = Confusion(MOODS, ((0, 0, 4), (0, 1, 3), (0, 2, 3), (1, 1, 8), (2, 0, 5)))


def test_only_cells_with_rows_are_counted() -> None:
    right, given = [0, 0, 0, 2, 2, 1], [0, 2, 0, 2, 0, 1]
    found = Evaluation(np.zeros(6, np.float32), np.array(given), np.array(right))
    assert found.cells() == ((0, 0, 2), (0, 2, 1), (1, 1, 1), (2, 0, 1), (2, 2, 1))


def test_recall_is_a_share_of_the_rows_of_the_class() -> None:
    assert BEFORE.rows == AFTER.rows == (10, 8, 5)
    assert [BEFORE.recall(right) for right in range(3)] == [0.9, 0.75, 1.0]
    assert Confusion(("here", "not here"), ((0, 0, 3),)).recall(1) is None


def test_what_became_of_each_class() -> None:
    bad, so_so, good = class_changes(BEFORE, AFTER)
    assert (bad.rows, bad.before, bad.after, bad.fall) == (10, 0.9, 0.4, 0.5)
    assert bad.taken_for == (("good", 3), ("so-so", 2))  # it was taken for so-so once before
    assert (so_so.fall, so_so.taken_for) == (-0.25, ())
    assert (good.fall, good.taken_for) == (1.0, (("bad", 5),))
    assert [each.label for each in most_forgotten((bad, so_so, good))] == ["good", "bad", "so-so"]


def test_where_nothing_was_measured_before_the_worst_known_is_first() -> None:
    changes = most_forgotten(class_changes(None, AFTER))
    assert [(each.label, each.fall) for each in changes] == [
        ("good", None),
        ("bad", None),
        ("so-so", None),
    ]
    assert changes[1].taken_for == (("so-so", 3), ("good", 3))


def counts(items: tuple[Measurement, ...], split: str) -> dict[int, Confusion | None]:
    return {item.task: item.confusion for item in items if item.split == split}


@pytest.mark.parametrize("selection", ["held-out", "validation"])
def test_at_the_end_of_a_stage_the_rows_that_score_are_counted(ask: Ask, selection: str) -> None:
    learner, events = learn(ask(TRIPLE, epochs=1, selection=selection))
    stages = [event for event in measured(events) if event.fraction == 1]
    assert [list(counts(event.measurements, "search")) for event in stages] == [
        [0],
        [0, 1],
        [0, 1, 2],
    ]
    for event in stages:
        assert not any(counts(event.measurements, "validation").values())
        for item in event.measurements:
            if item.split != "search":
                continue
            assert item.confusion is not None
            task = learner.setup.tasks[item.task]
            assert item.confusion.labels == task.labels
            assert item.confusion.rows == tuple(
                Counter(task.search.labels.tolist())[each] for each in range(task.classes)
            )
            right = sum(item.confusion.count(each, each) for each in range(task.classes))
            assert item.accuracy == pytest.approx(right / len(task.search))
    last = counts(stages[-1].measurements, "search")[2]
    task = learner.setup.tasks[2]
    again = evaluate(learner.model, task.search, 2, learner.setup.device)
    assert last == Confusion(task.labels, again.cells())


def test_what_a_curve_is_of_is_not_counted(ask: Ask) -> None:
    _, events = learn(ask(epochs=1, measures_per_epoch=3))
    within = [event for event in measured(events) if event.fraction < 1]
    assert within
    assert not any(item.confusion for event in within for item in event.measurements)


def test_a_first_stage_that_is_taken_over_brings_its_counts(ask: Ask) -> None:
    spec = ask(epochs=1)
    learner, _ = learn(spec)
    first = prepare(spec)
    for event in first.events():
        if isinstance(event, Measured) and event.fraction == 1:
            break
    other = prepare(spec)
    other.take_over(first.first_stage("key"))
    events = measured(list(other.events()))
    assert counts(events[-1].measurements, "search") == counts(
        learner.position.stage_ends[-1], "search"
    )
    (end,) = (event for event in events if (event.stage, event.fraction) == (0, 1))
    assert counts(end.measurements, "search") == counts(learner.position.stage_ends[0], "search")
