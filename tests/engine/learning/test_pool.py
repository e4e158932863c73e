import numpy as np
import pytest

from engine.learning.plan import Share, parts_of, pool_size

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
