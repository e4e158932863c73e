from collections.abc import Sequence
from math import isnan, nan

import pytest

from bertcl_tui.charts.glyphs import Point, clip, interpolate

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
