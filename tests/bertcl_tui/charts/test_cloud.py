import pytest
from rich.text import Text

from bertcl_tui.charts.scatter import draw_cloud
from bertcl_tui.charts.style import DARK, SERIES_GLYPHS

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
    assert draw(CORNERS, [0] * 4, ["a"], (24, 4)) == ["  needs 16×5, has 24×4"]
