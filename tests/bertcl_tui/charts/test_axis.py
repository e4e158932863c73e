"""Axes, their ticks, and how these are written."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertcl_tui.charts.axis import (
    Axis,
    linear_ticks,
    log_ticks,
    rate_label,
    tick_labels,
    tick_step,
    value_label,
)


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


@pytest.mark.parametrize(
    ("low", "high", "most", "step"),
    [(0, 230, 8, 50), (0.74, 0.91, 5, 0.05), (0, 1, 2, 1), (0, 7, 8, 1), (-3, 3, 4, 2)],
)
def test_steps_are_one_two_or_five(low: float, high: float, most: int, step: float) -> None:
    assert tick_step(low, high, most) == pytest.approx(step)


def test_ticks_are_the_multiples_inside_the_range() -> None:
    assert linear_ticks(0.74, 0.91, 5) == pytest.approx((0.75, 0.8, 0.85, 0.9))
    assert linear_ticks(0, 230, 8) == pytest.approx((0, 50, 100, 150, 200))


def test_an_end_that_rounding_has_moved_is_still_a_tick() -> None:
    assert linear_ticks(0.1 + 0.2, 0.9, 4) == pytest.approx((0.4, 0.6, 0.8))
    assert linear_ticks(0.0, 3 * 0.1, 4) == pytest.approx((0, 0.1, 0.2, 0.3))


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1)])
def test_an_axis_needs_length(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="no length"):
        tick_step(low, high, 5)


def test_log_ticks_are_decades() -> None:
    assert log_ticks(1e-7, 1e-3, 10) == pytest.approx((1e-7, 1e-6, 1e-5, 1e-4, 1e-3))


def test_few_decades_get_two_and_five() -> None:
    assert log_ticks(1e-6, 1e-5, 10) == pytest.approx((1e-6, 2e-6, 5e-6, 1e-5))
    assert log_ticks(3e-6, 3e-5, 10) == pytest.approx((5e-6, 1e-5, 2e-5))


def test_decades_are_thinned_where_there_is_no_room() -> None:
    assert log_ticks(1e-7, 1e-3, 3) == pytest.approx((1e-7, 1e-5, 1e-3))


def test_a_log_axis_is_positive() -> None:
    with pytest.raises(ValueError, match="log axis"):
        log_ticks(0, 1, 5)


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ((0.75, 0.8, 0.85), ("0.75", "0.80", "0.85")),
        ((0.0, 50.0, 100.0), ("0", "50", "100")),
        ((0.0, 0.5, 1.0), ("0", "0.5", "1.0")),
        ((0.0, 20_000.0, 40_000.0), ("0", "20k", "40k")),
        ((0.0, 5_000.0, 10_000.0), ("0", "5k", "10k")),
        ((0.0, 2_000_000.0, 10_000_000.0), ("0", "2M", "10M")),
        ((0.0, 1e-5, 2e-5), ("0", "1e-5", "2e-5")),
        ((0.3,), ("0.300",)),
        ((), ()),
    ],
)
def test_labels_have_just_the_digits_needed(
    ticks: tuple[float, ...], labels: tuple[str, ...]
) -> None:
    assert tick_labels(ticks) == labels


def test_ticks_that_rounding_has_moved_have_clean_labels() -> None:
    assert tick_labels(linear_ticks(0.1, 0.7, 8)) == tuple(f"0.{digit}" for digit in range(1, 8))


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (0.8841, "0.884"),
        (1.25, "1.250"),
        (17.26, "17.3"),
        (1280.4, "1280"),
        (0.0, "0"),
        (0.00032, "3.2e-4"),
        (-0.5, "-0.500"),
    ],
)
def test_measured_values(value: float, label: str) -> None:
    assert value_label(value) == label


@pytest.mark.parametrize(
    ("rate", "label"), [(1e-5, "1e-5"), (3.2e-6, "3.2e-6"), (1e-4, "1e-4"), (2e-05, "2e-5")]
)
def test_learning_rates(rate: float, label: str) -> None:
    assert rate_label(rate) == label
