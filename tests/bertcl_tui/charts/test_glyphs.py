from math import nan

from bertcl_tui.charts.glyphs import Dots
from bertcl_tui.charts.sheet import Cell


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
