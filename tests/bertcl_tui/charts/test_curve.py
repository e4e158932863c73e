from math import nan

import plotext
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.text import Text

from bertcl_tui.charts.curve import picture_curves
from bertcl_tui.charts.series import Boundary, Curves, Level, Series
from bertcl_tui.charts.style import DARK, Palette, Size


def line(name: str, *ys: float, **looks: object) -> Series:
    return Series(name=name, xs=range(len(ys)), ys=ys, **looks)  # type: ignore[arg-type]


def draw(
    *series: Series,
    size: Size = (60, 12),
    palette: Palette = DARK,
    x_label: str = "step",
    **options: object,
) -> Text:
    curves = Curves(series=series, x_label=x_label, **options)  # type: ignore[arg-type]
    return picture_curves(curves, size, palette).text


def rows(text: Text) -> list[str]:
    return text.plain.split("\n")


def styles_of(text: Text, words: str) -> set[str]:
    start = text.plain.index(words)
    return {
        str(span.style)
        for span in text.spans
        if span.start <= start and span.end >= start + len(words)
    }


def test_a_whole_chart() -> None:
    text = draw(
        line("#17", 0.9, 0.88, 0.86), line("#22", 0.9, 0.8, 0.76), size=(42, 10), y_label="accuracy"
    )
    assert rows(text) == [
        "accuracy",
        "0.90 ┤⢤⡤⣀⣀⣀⣀",
        "     │ ⠈⠒⢄⡀ ⠉⠉⠉⠉⠒⠒⠒⠒⠤⠤⠤⠤⣀⣀⣀⣀",
        "0.85 ┤    ⠈⠒⢄⡀              ⠉⠉ ● #17 0.860",
        "     │       ⠈⠒⢄⡀",
        "0.80 ┤          ⠈⠒⠤⣀⣀",
        "     │               ⠉⠉⠒⠒⠤⠤⣀⣀",
        "0.75 ┤                       ⠉ ▲ #22 0.760",
        "     └┬───────────┬──────────┬",
        "      0           1          2        step",
    ]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_chart_has_its_size(data: st.DataObject) -> None:
    columns, height = data.draw(st.integers(0, 150)), data.draw(st.integers(1, 40))
    values = st.one_of(st.floats(-1e9, 1e9), st.just(nan))
    emphasis = st.sampled_from(["bright", "normal", "dim"])
    series = [
        line(f"#{number}", *ys, emphasis=data.draw(emphasis))
        for number, ys in enumerate(
            data.draw(st.lists(st.lists(values, max_size=30), max_size=14)),
        )
    ]
    text = draw(
        *series,
        size=(columns, height),
        y_label="accuracy on sst2",
        boundaries=[Boundary(1, "mrpc"), Boundary(4, "rte")],
        baseline=Level("flat 1e-4", 0.5) if data.draw(st.booleans()) else None,
    )
    drawn = rows(text)
    small = columns < 30 or height < 6
    assert len(drawn) == (1 if small else height)
    assert max(map(len, drawn)) <= columns


def test_lines_are_named_at_their_ends_with_their_last_value() -> None:
    drawn = rows(draw(line("#17", 0.9, 0.884), line("#22", 0.9, 0.79)))
    ends = {row.split("│")[-1].split("┤")[-1].lstrip("⠀⠁⠂⠄⡀⠈⠐⠠⢀⠉⠒⠤⣀⠑⠢⢄⡠ ")[2:] for row in drawn}
    assert {"#17 0.884", "#22 0.790"} <= ends


def test_labels_of_lines_that_end_together_stand_apart_in_the_order_of_their_values() -> None:
    series = [line(f"#{number}", 0.9, 0.8 + number / 1000) for number in range(6)]
    drawn = rows(draw(*series, line("low", 0.9, 0.3)))
    found = [row for row in drawn if "#" in row]
    assert [f"#{number} " in row for number, row in zip(range(5, -1, -1), found, strict=True)]
    assert [row.split("#")[1][0] for row in found] == ["5", "4", "3", "2", "1", "0"]


def test_a_label_that_moved_has_its_glyph_on_the_line() -> None:
    drawn = draw(line("#1", 0.9, 0.8), line("#2", 0.9, 0.8), line("#3", 0.1, 0.1)).plain
    glyphs = {glyph: drawn.count(glyph) for glyph in "●▲■"}
    assert glyphs["■"] == 1
    assert sorted((glyphs["●"], glyphs["▲"])) == [1, 2]


def test_a_line_that_ends_early_is_named_there() -> None:
    text = draw(
        line("#17", 0.9, 0.9, 0.9, 0.9, 0.9, 0.9),
        line("running #31", 0.9, 0.5, 0.3),
        x_range=(0, 5),
    )
    (row,) = [row for row in rows(text) if "running" in row]
    assert row.index("▲ running #31 0.300") < 40


def test_at_most_eight_lines_have_a_colour_and_emphasis_goes_first() -> None:
    series = [line(f"#{number}", 0.9, 0.1 * number) for number in range(10)]
    series.append(line("chosen", 0.9, 0.95, emphasis="bright"))
    text = draw(*series, size=(80, 30))
    named = [f"#{number}" for number in range(10) if f"#{number} " in text.plain]
    assert named == [f"#{number}" for number in range(7)]
    assert styles_of(text, "chosen") == {f"bold {DARK.series[0]}"}
    assert DARK.faint in {span.style for span in text.spans}


def test_dimmed_lines_are_drawn_without_a_name() -> None:
    text = draw(line("old", 0.9, 0.5, emphasis="dim"))
    assert "old" not in text.plain
    assert DARK.faint in {span.style for span in text.spans}


def test_a_line_keeps_its_slot() -> None:
    alone = draw(line("#22", 0.9, 0.8, slot=3))
    together = draw(line("#17", 0.9, 0.7), line("#9", 0.9, 0.6, slot=3), line("#22", 0.9, 0.8))
    assert styles_of(alone, "#22") == styles_of(together, "#9") == {DARK.series[3]}
    assert styles_of(together, "#17") == {DARK.series[0]}
    assert styles_of(together, "#22") == {DARK.series[1]}


def test_bright_lines_are_twice_as_thick_unless_there_are_many() -> None:
    def dots(*series: Series) -> int:
        return sum((ord(c) - 0x2800).bit_count() for c in draw(*series).plain if "⠀" < c <= "⣿")

    thin = dots(line("#1", 0.5, 0.5), line("#2", 0.1, 0.1))
    assert dots(line("#1", 0.5, 0.5, emphasis="bright"), line("#2", 0.1, 0.1)) == 1.5 * thin
    many = [line(f"#{n}", n, n, emphasis="bright") for n in range(4)]
    few = [line(f"#{n}", n, n) for n in range(4)]
    assert dots(*many) == dots(*few)


def test_a_level_is_dashed_from_side_to_side_and_named() -> None:
    text = draw(line("#17", 0.9, 0.8), baseline=Level("flat 1e-4", 0.5))
    assert styles_of(text, "╌ flat 1e-4 0.500") == {DARK.muted}
    (row,) = [row for row in rows(text) if "flat" in row]
    dashes = row[row.index("┤") + 1 : row.index("╌")]
    assert dashes.startswith("⠤⠤ ⠤⠤ ⠤⠤ ⠤⠤ ⠤⠤ ⠤⠤ ⠤⠤ ⠤⠤ ⠤⠤ ⠤⠤ ⠤")


def test_a_baseline_may_be_a_curve() -> None:
    text = draw(line("#17", 0.9, 0.8), baseline=line("flat 1e-4", 0.9, 0.6))
    assert "╌ flat 1e-4 0.600" in text.plain


def test_stages_begin_at_dotted_lines_with_a_name() -> None:
    drawn = rows(draw(line("#17", 0.9, 0.9, 0.5, 0.5), boundaries=[Boundary(2, "mrpc")]))
    column = drawn[0].index("┊mrpc")
    assert sum(row[column : column + 1] == "┊" for row in drawn) >= 7


def test_a_stage_that_is_out_of_range_is_not_shown() -> None:
    text = draw(line("#17", 0.9, 0.9, 0.5), boundaries=[Boundary(7, "mrpc"), Boundary(-1, "rte")])
    assert "┊" not in text.plain


def test_tick_labels_may_take_all_the_room() -> None:
    text = draw(line("#1", 123456.7891, 123456.7899), size=(30, 6))
    assert max(map(len, rows(text))) <= 30


def test_the_name_of_y_gives_way_to_that_of_a_stage() -> None:
    series = line("#17", 0.9, 0.8)
    low = rows(draw(series, size=(60, 8), y_label="accuracy", boundaries=[Boundary(0, "mrpc")]))
    assert low[0].startswith("      ┊mrpc")
    assert low[0].endswith("accuracy")
    high = rows(draw(series, size=(60, 14), y_label="accuracy", boundaries=[Boundary(0, "mrpc")]))
    assert high[:2] == ["accuracy", "      ┊mrpc"]


def test_the_unit_of_x_stands_at_the_end() -> None:
    assert rows(draw(line("#17", 0.9, 0.8)))[-1].endswith(" step")
    long = draw(line("#1", 1, 2), size=(30, 6), x_label="step of the second stage")
    assert rows(long)[-2].endswith(" step of the second stage")


def test_names_too_long_are_cut() -> None:
    drawn = draw(line("a very long name of a method", 0.9, 0.8), size=(40, 8)).plain
    assert "a very lo… 0.800" in drawn
    assert "…" in drawn


def test_labels_that_do_not_fit_are_counted() -> None:
    drawn = draw(*[line(f"#{number}", 0.9, 0.1 * number) for number in range(8)], size=(40, 6))
    assert "+5 more" in drawn.plain
    assert sum("#" in row for row in rows(drawn)) == 3


def test_gaps_stay_empty() -> None:
    text = draw(line("#1", 0.5, 0.5, nan, nan, nan, 0.5, 0.5), size=(45, 6), y_range=(0, 1))
    assert rows(text)[2] == "  │⠉⠉⠉⠉⠉⠁                   ⠈⠉⠉⠉⠉⠉ ● #1 0.500"


def test_what_is_out_of_range_is_cut_off() -> None:
    text = draw(line("#1", 0.5, 1e15, 0.5), line("#2", 0.4, nan, 0.6), y_range=(0.0, 1.0))
    assert "1.0 ┤" in text.plain
    assert len(rows(text)) == 12


def test_one_point_is_a_glyph_with_a_name() -> None:
    assert "● running #1 0.910" in draw(line("running #1", 0.91), x_range=(0, 100)).plain


@pytest.mark.parametrize("series", [[], [line("#1")], [line("#1", nan, nan)]])
def test_without_values_it_says_so(series: list[Series]) -> None:
    text = draw(*series, size=(40, 7), empty="nothing yet")
    assert text.plain.strip() == "nothing yet"
    assert len(rows(text)) == 7


def test_too_small_is_said_in_one_line() -> None:
    assert draw(line("#1", 1, 2), size=(29, 6)).plain.strip() == "too narrow to draw"
    assert draw(line("#1", 1, 2), size=(12, 4)).plain == " too small"


def test_a_chart_leaves_nothing_behind() -> None:
    first = draw(line("#17", 0.9, 0.8))
    draw(line("other", 5, 7, 9), baseline=Level("flat", 2))
    assert draw(line("#17", 0.9, 0.8)) == first
    assert plotext.build().count("┤") == 0


def test_without_colours_lines_have_their_glyphs_on_them() -> None:
    series = [line(f"#{number}", 0.9, 0.9 - number / 10) for number in range(3)]
    plain = draw(*series, size=(90, 16), palette=replace(DARK, colourless=True)).plain
    coloured = draw(*series, size=(90, 16)).plain
    for glyph in "●▲■":
        assert plain.count(glyph) >= coloured.count(glyph) + 2
