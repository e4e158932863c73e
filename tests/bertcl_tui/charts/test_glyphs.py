"""What cells are filled with: dots, lines cut and thinned, sparklines."""

from collections.abc import Sequence
from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertcl_tui.charts.glyphs import Dots, Point, clip, interpolate, min_max, rate_glyphs, sparkline
from bertcl_tui.charts.style import Cell


def drawn(dots: Dots) -> dict[tuple[int, int], Cell]:
    return {(column, row): cell for column, row, cell in dots.cells()}


def test_each_dot_of_a_cell() -> None:
    dots = Dots(1, 1)
    for y in range(4):
        for x in range(2):
            dots.put([x], [y], "red")
    assert drawn(dots) == {(0, 0): ("⣿", "red")}


def test_a_flat_and_a_steep_line() -> None:
    dots = Dots(3, 1)
    dots.line([0, 5], [0, 0], "red")
    assert drawn(dots) == {(0, 0): ("⠉", "red"), (1, 0): ("⠉", "red"), (2, 0): ("⠉", "red")}
    dots = Dots(1, 2)
    dots.line([1, 1], [7, 0], "red")
    assert drawn(dots) == {(0, 0): ("⢸", "red"), (0, 1): ("⢸", "red")}


def test_a_line_goes_down_in_the_middle() -> None:
    dots = Dots(2, 1)
    dots.line([0, 3], [0, 1], "red")
    assert drawn(dots) == {(0, 0): ("⠉", "red"), (1, 0): ("⠒", "red")}


def test_lines_of_a_layer_leave_each_other_whole() -> None:
    dots = Dots(1, 1)
    dots.line([0, 1], [0, 0], "red")
    dots.line([0, 1], [3, 3], "blue")
    assert drawn(dots) == {(0, 0): ("⣉", "blue")}


def test_a_higher_layer_covers() -> None:
    dots = Dots(2, 1)
    dots.line([0, 3], [0, 0], "red")
    dots.start_layer()
    dots.line([0, 1], [3, 3], "blue")
    assert drawn(dots) == {(0, 0): ("⣀", "blue"), (1, 0): ("⠉", "red")}


def test_gaps_and_single_dots() -> None:
    dots = Dots(3, 1)
    dots.line([0, nan, 4], [0, nan, 0], "red")
    assert drawn(dots) == {(0, 0): ("⠁", "red"), (2, 0): ("⠁", "red")}


def test_dots_outside_are_dropped() -> None:
    dots = Dots(1, 1)
    dots.line([-3, 5], [0, 0], "red")
    dots.put([0, 0, nan], [-1, 4, 0], "red")
    assert drawn(dots) == {(0, 0): ("⠉", "red")}


UNIT = (0.0, 1.0)


def parts(xs: Sequence[float], ys: list[float]) -> list[list[Point]]:
    """Points inside the unit square, as lists between gaps."""
    found: list[list[Point]] = [[]]
    for x, y in clip((xs, ys), UNIT, UNIT):
        if isnan(x):
            found.append([])
        else:
            found[-1].append((pytest.approx(x), pytest.approx(y)))
    return found


def test_what_is_inside_stays() -> None:
    assert parts([0, 0.5, 1], [0.2, 0.8, 0.4]) == [[(0, 0.2), (0.5, 0.8), (1, 0.4)]]


def test_a_line_is_cut_where_it_leaves() -> None:
    assert parts([0, 1], [0.5, 1.5]) == [[(0, 0.5), (0.5, 1.0)]]


def test_a_line_may_leave_and_come_back() -> None:
    assert parts([0, 0.5, 1], [0.5, 1.5, 0.5]) == [
        [(0, 0.5), (0.25, 1.0)],
        [(0.75, 1.0), (1, 0.5)],
    ]


def test_a_line_may_cross_without_a_point_inside() -> None:
    assert parts([-1, 2], [-1, 2]) == [[(0, 0), (1, 1)]]


def test_what_is_outside_goes() -> None:
    assert parts([0, 1], [2, 3]) == [[]]
    assert parts([0.2, 0.2], [2, 3]) == [[]]


def test_a_value_that_is_not_finite_is_a_gap() -> None:
    assert parts([0, 0.2, 0.4, 0.6, 0.8], [0.1, 0.2, nan, 0.3, 0.4]) == [
        [(0, 0.1), (0.2, 0.2)],
        [(0.6, 0.3), (0.8, 0.4)],
    ]


def test_a_lone_point_stays() -> None:
    assert parts([0.3], [0.4]) == [[(0.3, 0.4)]]


def test_interpolation() -> None:
    line = ([0.0, 10.0, 20.0], [1.0, 3.0, 2.0])
    assert interpolate(0, line) == 1.0
    assert interpolate(5, line) == 2.0
    assert interpolate(10, line) == 3.0
    assert interpolate(20, line) == 2.0
    assert isnan(interpolate(-1, line))
    assert isnan(interpolate(21, line))
    assert isnan(interpolate(0, ([], [])))


def test_few_points_stay() -> None:
    assert min_max([1, 2, 3], [4, nan, 6], 4)[0] == [1, 2, 3]


def test_a_peak_of_one_point_survives() -> None:
    ys = [0.0] * 1000
    ys[637] = 1.0
    xs, kept = min_max(range(1000), ys, 20)
    assert len(kept) <= 20
    assert xs[kept.index(1.0)] == 637


def test_ends_stay() -> None:
    xs, ys = min_max(range(500), [0.001 * x for x in range(500)], 10)
    assert (xs[0], xs[-1]) == (0, 499)
    assert (ys[0], ys[-1]) == (0.0, 0.499)


def test_a_long_gap_stays_a_gap() -> None:
    ys = [0.5] * 100 + [nan] * 100 + [0.7] * 100
    _, kept = min_max(range(300), ys, 30)
    assert any(map(isnan, kept))


@given(ys=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400), most=st.integers(4, 100))
def test_extremes_and_order_stay(ys: list[float], most: int) -> None:
    xs, kept = min_max(range(len(ys)), ys, most)
    assert len(kept) <= max(most, 4)
    assert (min(kept), max(kept)) == (min(ys), max(ys))
    assert xs == sorted(set(xs))
    assert all(ys[x] == y for x, y in zip(xs, kept, strict=True))


def test_from_lowest_to_highest() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"


def test_the_end_of_each_stretch_is_shown() -> None:
    assert sparkline([9, 0, 9, 1, 9, 7], 3) == "▁▂█"
    assert sparkline(range(100), 4)[-1] == "█"


def test_fewer_values_than_characters() -> None:
    assert sparkline([1, 2], 10) == "▁█"
    assert sparkline([], 10) == ""
    assert sparkline([1, 2], 0) == ""


def test_equal_values_stand_in_the_middle() -> None:
    assert sparkline([3, 3, 3], 3) == "▅▅▅"


def test_what_is_not_finite_is_blank() -> None:
    assert sparkline([0, nan, 7, inf], 4) == "▁ █ "
    assert sparkline([nan, nan], 2) == "  "


def test_learning_rates_on_a_log_axis() -> None:
    assert rate_glyphs([1e-7, 1e-5, 1e-3], (1e-7, 1e-3)) == "▁▅█"
    assert rate_glyphs([1e-9, 1.0, 0.0], (1e-7, 1e-3)) == "▁█ "
