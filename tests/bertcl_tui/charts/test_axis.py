from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertcl_tui.charts.axis import Axis


def test_range_and_ticks_for_accuracies() -> None:
    axis = Axis.around([0.79, 0.9], rows=9)
    # 0.05 in three rows is the finest that holds 0.11 in nine rows; the top row is at 0.9.
    assert axis.ticks == pytest.approx((0.8, 0.85, 0.9))
    assert axis.range == pytest.approx(
        (0.9 - 8 * 0.05 / 3 - 0.375 * 0.05 / 3, 0.9 + 0.375 * 0.05 / 3)
    )


@given(
    low=st.floats(-1e3, 1e3),
    length=st.floats(1e-3, 1e3),
    rows=st.integers(4, 60),
)
def test_the_range_holds_the_values_and_ticks_stand_in_the_middle_of_rows(
    low: float, length: float, rows: int
) -> None:
    axis = Axis.around([low, low + length], rows)
    bottom, top = axis.range
    height = (top - bottom) / (rows - 0.25)
    assert bottom <= low + 1e-6 * height
    assert low + length <= top + 1e-6 * height
    assert len(axis.ticks) >= 2
    for tick in axis.ticks:
        row = (tick - bottom) / height - 0.375
        assert row == pytest.approx(round(row), abs=1e-4)


@given(rows=st.integers(8, 60), low=st.floats(0, 1), length=st.floats(0.01, 1))
def test_at_most_half_of_the_rows_are_left_empty(rows: int, low: float, length: float) -> None:
    bottom, top = Axis.around([low, low + length], rows).range
    assert length >= 0.4 * (top - bottom)


def test_a_value_that_moves_a_little_does_not_move_the_axis() -> None:
    assert Axis.around([0.7912, 0.9], 20) == Axis.around([0.7934, 0.899], 20)


def test_one_value_stands_between_ticks() -> None:
    axis = Axis.around([0.5, nan, 0.5, inf], 10)
    assert axis.range[0] < 0.5 < axis.range[1]
    assert len(axis.ticks) >= 2


def test_given_ranges_are_kept() -> None:
    assert Axis.across((0, 230), 80).range == (0, 230)
    assert Axis.upwards((0.5, 1.0), 20).range == (0.5, 1.0)
    assert Axis.across((0, 230), 80).labels == ("0", "50", "100", "150", "200")
