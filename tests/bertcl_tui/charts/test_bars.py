"""Bars of learning rates, and of shares."""

import pytest
from rich.text import Text

from bertcl_tui.charts.bars import Bar, Marker, Share, draw_importance, draw_rate_bars
from bertcl_tui.charts.style import DARK

BOUNDS = (1e-7, 1e-3)


def rows(text: Text) -> list[str]:
    return text.plain.split("\n")


def choices(count: int) -> list[Bar]:
    names = ["embeddings", *(f"layer {number}" for number in range(1, count - 1)), "heads"]
    return [Bar(label=name, rate=1e-5) for name in names]


def test_bars_reach_to_their_rate_on_a_log_axis() -> None:
    bars = [Bar(label="low", rate=1e-7), Bar(label="mid", rate=1e-5), Bar(label="top", rate=1e-3)]
    drawn = rows(draw_rate_bars(bars, (32, 4), DARK, BOUNDS))
    # 32 columns less 3 and 7 for words, and a space beside each, leave 20 for bars.
    assert drawn == [
        "low ▏         ┊        ┊ 1.0e-07",
        "mid ██████████┊        ┊ 1.0e-05",
        "top ████████████████████ 1.0e-03",
        "    1e-7    1e-5     1e-3",
    ]


def test_bars_are_exact_to_an_eighth_of_a_cell() -> None:
    # One decade of four over 20 cells is 5 cells; a tenth of it is half a cell.
    bars = [Bar(label="mid", rate=10 ** (-5 + 0.1))]
    assert "██████████▌ " in draw_rate_bars(bars, (32, 1), DARK, BOUNDS).plain


def test_rates_out_of_bounds_stay_inside() -> None:
    bars = [Bar(label="low", rate=1e-9), Bar(label="top", rate=1.0), Bar(label="off", rate=0.0)]
    drawn = rows(draw_rate_bars(bars, (32, 3), DARK, BOUNDS, Marker("flat", (0.5,))))
    assert drawn[0].startswith("low    ▏")
    assert "███◆ 1.0e+00" in drawn[1]
    assert "█" not in drawn[2]


def test_whiskers_show_the_band() -> None:
    band = Bar(label="mid", rate=1e-5, low=1e-6, high=1e-4)
    text = draw_rate_bars([band], (32, 1), DARK, BOUNDS)
    assert text.plain == "mid █████├─────────┤     1.0e-05"
    on_bar = [span for span in text.spans if str(span.style).endswith(f"on {DARK.bar}")]
    assert text.plain[on_bar[0].start : on_bar[0].end] == "├────"


def test_bands_are_written_out_where_there_is_room() -> None:
    band = Bar(label="mid", rate=1e-5, low=2.1e-6, high=5e-5)
    assert "[2.1e-06, 5.0e-05]" in draw_rate_bars([band], (80, 1), DARK, BOUNDS).plain
    assert "[" not in draw_rate_bars([band], (50, 1), DARK, BOUNDS).plain


def test_one_marker_for_all_or_one_each() -> None:
    bars = choices(3)
    flat = rows(draw_rate_bars(bars, (60, 4), DARK, BOUNDS, Marker("flat 1e-4", (1e-4,))))
    assert len({row.index("◆") for row in flat[:3]}) == 1
    assert flat[3].startswith("◆ flat 1e-4 1e-7")
    published = Marker("published", (1e-6, 1e-5, 1e-4))
    each = rows(draw_rate_bars(bars, (60, 4), DARK, BOUNDS, published))
    columns = [row.index("◆") for row in each[:3]]
    assert columns[1] - columns[0] == pytest.approx(columns[2] - columns[1], abs=1)
    assert columns[0] < columns[1] < columns[2]


def test_the_axis_is_left_out_when_rows_are_short() -> None:
    assert len(rows(draw_rate_bars(choices(8), (60, 8), DARK, BOUNDS))) == 8
    assert "1e-7" not in draw_rate_bars(choices(8), (60, 8), DARK, BOUNDS).plain
    assert "1e-7" in draw_rate_bars(choices(8), (60, 9), DARK, BOUNDS).plain


def test_choices_in_the_middle_are_left_out_and_counted() -> None:
    drawn = rows(draw_rate_bars(choices(26), (60, 6), DARK, BOUNDS))
    assert [row.split("  ")[0].split(" █")[0] for row in drawn] == [
        "embeddings",
        "layer 1",
        "layer 2",
        "layer 3",
        "… 21 more",
        "heads",
    ]
    assert rows(draw_rate_bars(choices(26), (60, 2), DARK, BOUNDS))[1] == "… 25 more"
    assert rows(draw_rate_bars(choices(26), (60, 1), DARK, BOUNDS)) == ["… 26 more"]


def test_long_names_are_cut() -> None:
    bars = [Bar(label="classification heads of all tasks", rate=1e-5)]
    assert draw_rate_bars(bars, (40, 1), DARK, BOUNDS).plain.startswith("classificat… █")


def test_nothing_to_draw_and_no_room() -> None:
    assert draw_rate_bars([], (40, 3), DARK, BOUNDS).plain.strip() == "no learning rates yet"
    assert "needs 26×1" in draw_rate_bars(choices(3), (25, 9), DARK, BOUNDS).plain


def test_the_greatest_comes_first_and_fills_the_row() -> None:
    shares = [Share("embeddings", 0.1), Share("heads", 0.4), Share("layer 6", 0.2)]
    assert rows(draw_importance(shares, (35, 3), DARK)) == [
        "heads      ████████████████████ .40",
        "layer 6    ██████████           .20",
        "embeddings █████                .10",
    ]


def test_shares_that_do_not_fit_are_counted() -> None:
    shares = [Share(f"layer {number}", number / 100) for number in range(12)]
    drawn = rows(draw_importance(shares, (30, 4), DARK))
    assert len(drawn) == 4
    assert drawn[0].startswith("layer 11")
    assert drawn[3] == "… 9 more"


def test_all_or_nothing() -> None:
    drawn = rows(draw_importance([Share("heads", 1.0), Share("rest", 0.0)], (30, 2), DARK))
    assert drawn[0].endswith("1.0")
    assert drawn[1].endswith(".00")
    assert rows(draw_importance([Share("heads", 0.0)], (30, 1), DARK))[0].endswith(".00")


def test_no_shares_and_no_room_for_them() -> None:
    assert "complete trials" in draw_importance([], (40, 3), DARK).plain
    assert draw_importance([Share("heads", 1.0)], (10, 3), DARK).plain == "needs 18×1"
