from rich.text import Text

from bertcl_tui.charts.histogram import Count, draw_histogram
from bertcl_tui.charts.style import DARK

LEFT, RIGHT = DARK.series[0], DARK.series[1]


def draw(
    counts: list[Count], size: tuple[int, int] = (30, 11), cut: float | None = 2.0
) -> tuple[Text, list[str]]:
    text = draw_histogram(counts, size, DARK, sides=("short", "long"), cut=cut, unit="tokens")
    return text, text.plain.split("\n")


def style_at(text: Text, lines: list[str], column: int, row: int) -> str:
    offset = sum(len(line) + 1 for line in lines[:row]) + column
    return next(str(span.style) for span in text.spans if span.start <= offset < span.end)


def test_the_tallest_column_is_as_tall_as_the_chart_and_others_in_proportion() -> None:
    _, lines = draw([Count(1, 8, 0), Count(2, 4, 0), Count(3, 0, 8)])
    rows = lines[1:-2]
    assert len(rows) == 8
    heights = [sum(row[4:].ljust(26)[column] == "█" for row in rows) for column in range(26)]
    assert max(heights) == 8
    assert 4 in heights


def test_what_is_on_both_sides_of_the_cut_is_stacked() -> None:
    text, lines = draw([Count(2, 5, 3)], (24, 11), cut=2.0)
    column = lines[8].index("█")
    assert style_at(text, lines, column, 8) == LEFT
    assert style_at(text, lines, column, 1) == RIGHT


def test_the_cut_is_named_after_its_sides() -> None:
    _, lines = draw([Count(length, 9 - length, length) for length in range(9)], cut=4.0)
    assert lines[0].strip() == "short ┊ long"
    # the cut stands between the columns of lengths 4 and 5, two cells each
    assert lines[0].index("┊") == lines[-2].index("└") + 1 + 5 * 2


def test_a_cut_at_random_has_no_place() -> None:
    _, lines = draw([Count(1, 3, 4), Count(2, 4, 3)], cut=None)
    assert lines[0].strip() == "short and long at random"
    assert "┊" not in "".join(lines)


def test_a_long_tail_is_counted_where_it_would_squeeze_the_rest() -> None:
    counts = [Count(length, 100, 0) for length in range(20)] + [Count(900, 0, 7)]
    _, lines = draw(counts, (40, 11))
    assert "7 longer →" in lines[1]
    # one column a length
    assert lines[-4].count("█") == 20


def test_lengths_share_columns_where_there_are_more_of_them() -> None:
    _, lines = draw([Count(length, 5, 0) for length in range(100)], (30, 11), cut=60.0)
    assert max(map(len, lines)) <= 30
    assert "█" * 10 in lines[-4]


def test_every_size_has_its_chart_or_says_what_it_needs() -> None:
    counts = [Count(length, 3, 1) for length in range(7)]
    for columns in range(1, 60, 7):
        for rows in range(1, 20, 3):
            _, lines = draw(counts, (columns, rows))
            assert len(lines) <= rows
            assert max(map(len, lines)) <= columns
    assert draw(counts, (20, 5))[1] == [" too small to draw"]
    assert "no row measured yet" in draw([], (30, 9))[0].plain
