from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.learning.plan import (
    Part,
    Share,
    StagePlan,
    batches,
    parts_of,
    pieces_of,
    plan_stage,
    pool_size,
)
from engine.spec import Protocol


def _plan(*, rows: int, epochs: int, measures: int, first_step: int = 0) -> StagePlan:
    protocol = Protocol(batch_size=10, measures_per_epoch=measures)
    return plan_stage("mood", rows=rows, epochs=epochs, protocol=protocol, first_step=first_step)


def test_the_last_batch_of_an_epoch_may_be_short() -> None:
    plan = _plan(rows=81, epochs=3, measures=1, first_step=7)
    assert (plan.steps_per_epoch, plan.steps, plan.last_step) == (9, 27, 34)


def test_measured_at_the_end_of_every_epoch() -> None:
    assert _plan(rows=80, epochs=3, measures=1).measured_at == {8, 16, 24}


def test_measured_evenly() -> None:
    assert _plan(rows=80, epochs=1, measures=4).measured_at == {2, 4, 6, 8}
    assert _plan(rows=70, epochs=1, measures=3).measured_at == {2, 5, 7}


def test_measured_after_every_step_at_most() -> None:
    assert _plan(rows=30, epochs=2, measures=50).measured_at == {1, 2, 3, 4, 5, 6}
    assert _plan(rows=1, epochs=1, measures=4).measured_at == {1}


@pytest.mark.parametrize("rows", [10, 11, 95, 320, 1234])
@pytest.mark.parametrize("measures", [1, 3, 4, 7])
def test_distances_differ_by_one_step_at_most(rows: int, measures: int) -> None:
    plan = _plan(rows=rows, epochs=2, measures=measures)
    at = [0, *sorted(plan.measured_at)]
    distances = [after - before for before, after in pairwise(at)]
    assert at[-1] == plan.steps
    assert len(plan.measured_at) == min(plan.steps, 2 * measures)
    assert max(distances) - min(distances) <= 1


PLAN: StagePlan = plan_stage(
    "mood", rows=23, epochs=3, protocol=Protocol(batch_size=5), first_step=0
)


LENGTHS = np.random.default_rng(5).integers(3, 40, PLAN.rows)


def _rows(
    *,
    stage: int = 0,
    seed: int = 1,
    shuffle: bool = True,
    after: int = 0,
    lengths: NDArray[np.int64] | None = None,
) -> list[list[int]]:
    steps = batches(PLAN, stage=stage, seed=seed, shuffle=shuffle, after=after, lengths=lengths)
    return [rows.tolist() for rows in steps]


def _epoch(steps: list[list[int]], epoch: int) -> list[int]:
    per_epoch = PLAN.steps_per_epoch
    return [row for rows in steps[epoch * per_epoch : (epoch + 1) * per_epoch] for row in rows]


def test_each_row_once_an_epoch() -> None:
    steps = _rows()
    assert [len(rows) for rows in steps] == [5, 5, 5, 5, 3] * 3
    for epoch in range(3):
        assert sorted(_epoch(steps, epoch)) == list(range(23))


def test_the_same_seed_gives_the_same_order() -> None:
    assert _rows() == _rows()


def test_every_seed_stage_and_epoch_has_an_order_of_its_own() -> None:
    orders = [
        _epoch(_rows(seed=seed, stage=stage), epoch)
        for seed in (1, 2)
        for stage in (0, 1)
        for epoch in (0, 1, 2)
    ]
    assert len({tuple(order) for order in orders}) == len(orders)


def test_goes_on_after_any_step() -> None:
    steps = _rows()
    for after in range(len(steps) + 1):
        assert _rows(after=after) == steps[after:]


def test_unshuffled_rows_come_as_in_the_file() -> None:
    steps = _rows(shuffle=False)
    for epoch in range(3):
        assert _epoch(steps, epoch) == list(range(23))
    assert _rows(shuffle=False, after=7) == steps[7:]


def test_rows_of_like_length_are_learnt_together_each_once_an_epoch() -> None:
    steps = _rows(lengths=LENGTHS)
    assert [len(rows) for rows in steps] == [5, 5, 5, 5, 3] * 3
    for epoch in range(3):
        assert sorted(_epoch(steps, epoch)) == list(range(23))
        whole = steps[5 * epoch : 5 * epoch + 4]
        spans = sorted((min(LENGTHS[rows]), max(LENGTHS[rows])) for rows in whole)
        assert all(one[1] <= other[0] for one, other in pairwise(spans))
        assert _epoch(steps, epoch)[20:] == _epoch(_rows(), epoch)[20:], "the short one is drawn"
    assert steps[:5] != steps[5:10]
    order = [float(LENGTHS[rows].mean()) for rows in steps[:4]]
    assert order != sorted(order)
    assert order != sorted(order, reverse=True)


def test_rows_of_like_length_come_again_after_any_step() -> None:
    for shuffle in (True, False):
        steps = _rows(lengths=LENGTHS, shuffle=shuffle)
        for after in range(len(steps) + 1):
            assert _rows(lengths=LENGTHS, shuffle=shuffle, after=after) == steps[after:]


def test_like_length_is_looked_for_near_by() -> None:
    """Where all rows were sorted, the same would be learnt together in every epoch."""
    rows = 2000
    plan = plan_stage("mood", rows=rows, epochs=2, protocol=Protocol(batch_size=10), first_step=0)
    lengths = np.random.default_rng(5).integers(3, 250, rows)
    for shuffle in (True, False):
        steps = batches(plan, stage=0, seed=1, shuffle=shuffle, after=0, lengths=lengths)
        plain = batches(plan, stage=0, seed=1, shuffle=shuffle, after=0)
        learnt, as_they_come = (np.concatenate(list(each)) for each in (steps, plain))
        for first in range(0, 2 * rows, 500):
            window = slice(first, first + 500)
            assert sorted(learnt[window]) == sorted(as_they_come[window])


POOL = (Share(2, np.array([10, 11, 12])), Share(0, np.array([5, 7])))


def test_rows_are_numbered_through_the_shares() -> None:
    assert pool_size(POOL) == 5
    new, old = parts_of(POOL, np.array([4, 0, 2]))
    assert (new.task, new.rows.tolist()) == (2, [10, 12])
    assert (old.task, old.rows.tolist()) == (0, [7])


def test_weights_make_the_mean_over_all_rows() -> None:
    parts = parts_of(POOL, np.array([4, 0, 2, 3]))
    assert [part.weight for part in parts] == [0.5, 0.5]
    losses = {2: [1.0, 3.0], 0: [2.0, 6.0]}
    mean = sum(part.weight * sum(losses[part.task]) / len(part.rows) for part in parts)
    assert mean == pytest.approx((1 + 3 + 2 + 6) / 4)


def test_a_task_without_rows_in_the_step_has_no_part() -> None:
    (part,) = parts_of(POOL, np.array([1]))
    assert (part.task, part.weight) == (2, 1.0)


def _bounded(measures: int, affordable: int | None) -> list[int]:
    protocol = Protocol(batch_size=1, measures_per_epoch=measures)
    plan = plan_stage(
        "mood", rows=80, epochs=1, protocol=protocol, first_step=0, affordable=affordable
    )
    return [plan.due_by(step) for step in sorted(plan.measured_at)]


def test_a_curve_that_costs_too_much_has_fewer_points_most_of_them_early() -> None:
    assert _bounded(8, None) == _bounded(8, 7) == _bounded(8, 90) == list(range(1, 9))
    assert _bounded(8, 0) == [8]
    assert _bounded(8, 1) == [2, 8]
    assert _bounded(8, 3) == [1, 2, 5, 8]
    assert _bounded(8, 6) == [1, 2, 3, 4, 5, 6, 8]


@pytest.mark.parametrize("measures", [2, 3, 8, 20, 80])
def test_so_many_points_as_are_paid_for(measures: int) -> None:
    for affordable in range(measures):
        points = _bounded(measures, affordable)
        assert len(set(points)) == len(points) == affordable + 1
        assert points == sorted(points)
        assert points[-1] == measures
        distances = [after - before for before, after in pairwise([0, *points])]
        assert max(distances[:-1], default=0) <= distances[-1] + 1


def test_pieces_weigh_what_the_part_does() -> None:
    pieces = list(pieces_of(Part(2, np.arange(7), 0.7), 3))
    assert [piece.rows.tolist() for piece in pieces] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [piece.weight for piece in pieces] == pytest.approx([0.3, 0.3, 0.1])
    assert {piece.task for piece in pieces} == {2}
