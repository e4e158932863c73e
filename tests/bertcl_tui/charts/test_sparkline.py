from math import inf, nan

from bertcl_tui.charts.glyphs import rate_glyphs, sparkline


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
