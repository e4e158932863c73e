"""A forest plot in a terminal: where things stand, and what is left out where there is no room."""

from bertcl_tui.charts.forest import Dot, ForestLine, draw_forest
from bertcl_tui.charts.style import DARK, Size


def line(
    title: str, mean: float, half: float | None = 0.01, standing: str = "exploratory"
) -> ForestLine:
    low, high = (None, None) if half is None else (mean - half, mean + half)
    dots = (Dot(mean - 0.015, counts=True), Dot(mean + 0.015, counts=False))
    told = (f"{mean:+.3f} (from here to there)", f"{mean:+.3f}")
    return ForestLine(
        title=title, mean=mean, low=low, high=high, dots=dots, standing=standing, told=told
    )


LINES = (
    line("combined", 0.02, standing="primary"),
    line("a method of a very long name that nobody will read", -0.03),
    line("few", 0.0, half=None, standing="planned"),
)


def drawn(size: Size) -> list[str]:
    return draw_forest(LINES, size, DARK, "flat tuned").plain.splitlines()


def test_what_is_better_stands_right_of_the_line_at_zero() -> None:
    _, first, second, third, *_, axis, _ = drawn((100, 6))
    zero = axis.index("┴")
    assert first.index("◆") > zero > second.index("□")
    assert third.index("■") == zero
    assert "━" in first[zero:]
    assert "━" not in first[:zero]
    assert "━" not in third


def test_dots_of_the_mean_and_others_differ_and_have_a_line_where_there_is_room() -> None:
    _, first, *_ = drawn((100, 6))
    assert (first.count("•"), first.count("◦")) == (1, 1)
    _, first, apart, *_ = drawn((100, 9))
    assert "•" not in first
    assert (apart.count("•"), apart.count("◦")) == (1, 1)


def test_numbers_are_written_in_full_in_brief_or_not_at_all() -> None:
    assert drawn((120, 6))[1].endswith("+0.020 (from here to there)")
    assert drawn((60, 6))[1].endswith(" +0.020")
    assert "+0.020" not in drawn((34, 6))[1]


def test_the_axis_has_signs_and_the_line_at_zero_a_name() -> None:
    head, *_, axis, labels = drawn((100, 6))
    assert head.strip() == "flat tuned"
    assert head.index("flat tuned") < axis.index("┴") < head.index("flat tuned") + 10
    assert {"−0.02", "0", "+0.02"} <= set(labels.split())


def test_lines_for_which_there_is_no_room_are_counted() -> None:
    lines = drawn((80, 5))
    assert lines[2].startswith("… 2 more")
    assert "too narrow to draw" in "".join(drawn((20, 5)))


def test_no_line_reaches_beyond_the_sheet() -> None:
    for columns in range(34, 140, 7):
        for rows in range(5, 20, 3):
            lines = drawn((columns, rows))
            assert len(lines) <= rows
            assert max(map(len, lines)) <= columns


def test_without_a_line_it_says_so() -> None:
    assert "Nothing to compare yet." in draw_forest((), (60, 6), DARK, "flat").plain
