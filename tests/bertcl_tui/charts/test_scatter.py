"""Trials by their accuracies, and rows in two dimensions."""

import re

import pytest
from rich.text import Text

from bertcl_tui.charts.scatter import State, TrialPoint, draw_cloud, draw_plane, pareto_front
from bertcl_tui.charts.style import DARK, SERIES_GLYPHS


def trial(number: int, p_s: float, p_o: float, state: State = "complete") -> TrialPoint:
    return TrialPoint(number=number, state=state, p_o=p_o, p_s=p_s)


POINTS = [
    trial(0, 0.60, 0.90),
    trial(1, 0.62, 0.85),
    trial(2, 0.66, 0.80),
    trial(3, 0.61, 0.80),
    trial(4, 0.63, 0.82, "running"),
    trial(5, 0.61, 0.82, "pruned"),
    trial(6, 0.50, 0.51, "collapsed"),
]


def rows(text: Text) -> list[str]:
    return text.plain.split("\n")


def area(text: Text) -> str:
    return "\n".join(rows(text)[1:-2])


def test_the_front_is_what_no_trial_beats_in_both() -> None:
    assert [point.number for point in pareto_front(POINTS)] == [0, 1, 2]


def test_the_front_takes_complete_trials_only_and_the_first_of_equals() -> None:
    points = [trial(0, 0.6, 0.8), trial(1, 0.6, 0.8), trial(2, 0.9, 0.9, "pruned")]
    assert [point.number for point in pareto_front(points)] == [0]
    assert pareto_front([]) == []


def test_states_have_shapes_and_the_key_counts_them() -> None:
    text = draw_plane(POINTS, (90, 16), DARK)
    assert "● 4 complete  ○ 1 running  · 1 pruned  × 1 collapsed" in rows(text)[0]
    assert rows(text)[0].startswith("p_o")
    drawn = area(text)
    assert [drawn.count(glyph) for glyph in "●○·×"] == [4, 1, 1, 1]


def test_the_key_drops_its_words_where_there_is_no_room() -> None:
    assert "● 4  ○ 1  · 1  × 1" in rows(draw_plane(POINTS, (34, 8), DARK))[0]


def test_p_o_goes_up_and_p_s_to_the_right() -> None:
    drawn = rows(draw_plane([trial(0, 0.60, 0.90), trial(1, 0.66, 0.80)], (50, 12), DARK))
    (kept, learnt) = [(row, line.index("●")) for row, line in enumerate(drawn[1:]) if "●" in line]
    assert kept[0] < learnt[0]
    assert kept[1] < learnt[1]
    assert drawn[-2].endswith(" p_s")


def test_the_front_is_joined_and_named() -> None:
    text = draw_plane([trial(0, 0.60, 0.90), trial(1, 0.66, 0.80)], (50, 12), DARK)
    lines = [text.plain[span.start : span.end] for span in text.spans if span.style == DARK.muted]
    assert sum(any(character > "⠀" for character in line) for line in lines) >= 6
    assert "─ Pareto front 2" in rows(text)[0]


def test_equal_p_is_joined_and_named() -> None:
    drawn = rows(draw_plane([trial(0, 0.60, 0.90), trial(1, 0.66, 0.80)], (60, 16), DARK))
    (row,) = [row for row in drawn if "p 1.45" in row]
    below = drawn[drawn.index(row) + 1]
    assert below[row.index("p 1.45") - 1 : row.index("p 1.45") + 6].strip()


def test_collapsed_trials_do_not_stretch_the_axes() -> None:
    drawn = rows(draw_plane(POINTS, (50, 14), DARK))
    assert not any(row.startswith("0.5") for row in drawn)
    assert any("┤×" in row or "│×" in row for row in drawn)


CROWD = [trial(n, 0.60 + 0.002 * (n % 7), 0.80 + 0.003 * (n % 5)) for n in range(20)]


def test_what_is_far_off_stands_on_the_edge_and_makes_no_heap_of_the_others() -> None:
    alone = draw_plane(CROWD, (60, 14), DARK)
    text = draw_plane([*CROWD, trial(20, 0.604, 0.20), trial(21, 0.30, 0.81)], (60, 14), DARK)
    assert "● 20 complete  ▿ 2 far off" in rows(text)[0]
    assert area(text).replace("▿", " ").count("●") >= area(alone).count("●") - 2
    assert area(text).count("▿") == 2
    assert not any(row.startswith("0.2") for row in rows(text))


@pytest.mark.parametrize(
    ("others", "selected"),
    [
        ([trial(20, 0.60, 0.20)], [20]),
        ([trial(20, 0.90, 0.20)], []),  # none learnt more
    ],
)
def test_the_selected_and_the_front_are_never_far_off(
    others: list[TrialPoint], selected: list[int]
) -> None:
    text = draw_plane([*CROWD, *others], (60, 14), DARK, selected=selected)
    assert "▿" not in text.plain
    assert any(row.startswith(("0.2", "0.3")) for row in rows(text))


def test_the_selected_and_the_baseline_are_named() -> None:
    text = draw_plane(POINTS, (70, 16), DARK, selected=[2, 99], flat=(0.64, 0.79))
    assert "#2" in text.plain
    assert "#99" not in text.plain
    assert "◆flat" in text.plain
    start = text.plain.index("#2")
    assert DARK.highlight in {span.style for span in text.spans if span.start <= start < span.end}


def test_a_selected_trial_in_a_crowd_is_named_over_it() -> None:
    crowd = [trial(n, 0.6 + 0.001 * (n % 60), 0.8 + 0.001 * (n // 60)) for n in range(3600)]
    text = draw_plane(crowd, (60, 16), DARK, selected=[1830])
    assert "#1830" in text.plain


def test_a_name_that_could_be_of_another_point_is_left_out() -> None:
    """Between two that have their names there is no place for it, and it would stand above them."""
    corners = [trial(20, 0.7, 0.9), trial(21, 0.5, 0.5)]
    between = [trial(31, 0.595, 0.7), trial(40, 0.6, 0.7), trial(32, 0.605, 0.7)]
    drawn = area(draw_plane([*corners, *between], (50, 14), DARK, selected=[20, 31, 32, 40]))
    assert "#31●●●#32" in drawn
    assert "#40" not in drawn
    alone = area(draw_plane([*corners, between[1]], (50, 14), DARK, selected=[20, 40]))
    assert "●#40" in alone


def test_names_do_not_cover_each_other_and_the_first_has_an_arrow() -> None:
    near = [trial(n, 0.6 + n / 1000, 0.8 + (n % 3) / 1000) for n in range(8)]
    far = [trial(20, 0.9, 0.5), trial(21, 0.5, 0.9)]
    drawn = area(draw_plane([*near, *far], (50, 12), DARK, selected=[3, 0, 1, 2, 4, 5, 6, 7]))
    assert "›#3" in drawn
    names = re.findall(r"#\d+", drawn)
    assert set(names) <= {f"#{n}" for n in range(8)}
    assert len(names) == len(set(names))


def test_only_collapsed_trials() -> None:
    assert "×" in area(draw_plane([trial(0, 0.5, 0.5, "collapsed")], (40, 10), DARK))


def test_nothing_to_draw_and_no_room() -> None:
    assert draw_plane([], (40, 8), DARK).plain.strip() == "no trial measured yet"
    assert draw_plane(POINTS, (20, 8), DARK).plain.strip() == "too narrow to draw"


CORNERS = [(0.0, 0.0), (9.0, 0.0), (0.0, 4.0), (9.0, 4.0)]


def draw(
    points: list[tuple[float, float]],
    kinds: list[int],
    names: list[str],
    size: tuple[int, int] = (20, 6),
) -> list[str]:
    text: Text = draw_cloud(points, kinds, names, size, DARK, empty="nothing there")
    return text.plain.split("\n")


def test_points_are_where_they_belong_with_the_shape_of_their_kind() -> None:
    lines = draw(CORNERS, [0, 1, 1, 0], ["a", "b"])
    assert lines[0] == "▲" + " " * 18 + "●"
    assert lines[4] == "●" + " " * 18 + "▲"
    assert lines[5] == "● a 2  ▲ b 2"


def test_a_cell_shows_what_most_of_its_points_are() -> None:
    lines = draw([*CORNERS, (0.0, 4.0), (0.0, 4.0)], [0, 0, 0, 0, 1, 1], ["a", "b"])
    assert lines[0].startswith("▲")
    tied = draw([*CORNERS, (0.0, 4.0)], [1, 0, 1, 0, 0], ["a", "b"])
    assert tied[0].startswith("●")


def test_more_kinds_than_shapes_look_alike_beyond_the_eighth() -> None:
    names = [f"k{n}" for n in range(10)]
    points = [(float(n), 0.0) for n in range(10)]
    lines = draw(points, list(range(10)), names, (40, 6))
    drawn = "".join(lines[:-1]).replace(" ", "")
    assert drawn == SERIES_GLYPHS + "··"
    assert lines[-1].endswith("…")


def test_one_point_is_in_the_middle() -> None:
    assert draw([(3.0, 3.0)], [0], ["a"])[2] == " " * 10 + "●"


@pytest.mark.parametrize("columns", [16, 20, 33, 80])
@pytest.mark.parametrize("rows", [5, 9, 24])
def test_it_keeps_to_its_size(columns: int, rows: int) -> None:
    lines = draw(CORNERS, [0, 1, 2, 3], ["a long name"] * 4, (columns, rows))
    assert len(lines) == rows
    assert max(map(len, lines)) <= columns


def test_there_may_be_nothing_or_no_room() -> None:
    assert "nothing there" in "\n".join(draw([], [], ["a"]))
    assert draw(CORNERS, [0] * 4, ["a"], (24, 4))[0].strip() == "too low to draw"
