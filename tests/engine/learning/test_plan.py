from itertools import pairwise

import pytest

from engine.learning.plan import StagePlan, plan_stage
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
