"""The learning rates of a profile, each on its row, and shares as bars."""

import pytest
from msgspec.structs import replace
from rich.text import Text

from bertcl_tui.charts.rate_axis import rate_ink, rate_strip
from bertcl_tui.charts.rates import ChoiceRate, Marker, draw_rates
from bertcl_tui.charts.shares import Share, draw_shares
from bertcl_tui.charts.style import DARK

BOUNDS = (1e-7, 1e-3)


def rows(text: Text) -> list[str]:
    return text.plain.split("\n")


def choices(count: int) -> list[ChoiceRate]:
    names = ["embeddings", *(f"layer {number}" for number in range(1, count - 1)), "heads"]
    return [ChoiceRate(label=name, rate=1e-5) for name in names]


def test_a_rate_is_a_dot_on_a_log_axis() -> None:
    several = [
        ChoiceRate(label="low", rate=1e-7),
        ChoiceRate(label="mid", rate=1e-5),
        ChoiceRate(label="top", rate=1e-3),
    ]
    drawn = rows(draw_rates(several, (32, 4), DARK, BOUNDS))
    # 32 columns less 3 and 6 for words, and a space beside each, leave 21 for rates.
    assert drawn == [
        "low ●·········┊·········┊ 1e-7",
        "mid ┊·········●·········┊ 1e-5",
        "top ┊·········┊·········● 1e-3",
        "    1e-7    1e-5      1e-3",
    ]


def test_rates_out_of_bounds_stay_inside() -> None:
    several = [
        ChoiceRate(label="low", rate=1e-9),
        ChoiceRate(label="top", rate=1.0),
        ChoiceRate(label="off", rate=0.0),
    ]
    drawn = rows(draw_rates(several, (32, 3), DARK, BOUNDS, Marker("flat", (0.5,))))
    assert drawn[0].startswith("low    ●")
    assert drawn[0].endswith("◆ 1e-9")
    assert drawn[1].endswith("● 1e0")
    assert "●" not in drawn[2]


def test_a_line_leads_from_what_it_is_compared_with() -> None:
    several = [ChoiceRate(label="up", rate=1e-4), ChoiceRate(label="down", rate=1e-6)]
    drawn = rows(draw_rates(several, (32, 2), DARK, BOUNDS, Marker("flat", (1e-5,))))
    assert "◆━━━●" in drawn[0]
    assert "●━━━━◆" in drawn[1]


def test_a_warmer_colour_is_a_larger_rate() -> None:
    places = [DARK.ramp.index(rate_ink(rate, BOUNDS, DARK)) for rate in (1e-9, 1e-6, 1e-4, 1.0)]
    assert places == sorted(set(places))
    assert (places[0], places[-1]) == (0, len(DARK.ramp) - 1)


def test_a_strip_tells_flat_from_decay_by_its_shape_and_levels_by_its_colour() -> None:
    decay = [1e-4 * 0.9 ** (7 - choice) for choice in range(8)]
    flat = rate_strip([1e-4] * 8, BOUNDS, DARK)
    assert len(set(flat.plain)) == 1
    assert len(set(rate_strip(decay, BOUNDS, DARK).plain)) > 1
    lower = rate_strip([1e-6] * 8, BOUNDS, DARK)
    assert lower.plain == flat.plain
    assert {str(span.style) for span in lower.spans} != {str(span.style) for span in flat.spans}


def test_without_colours_a_strip_tells_levels_by_its_height() -> None:
    plain = replace(DARK, colourless=True)
    lower, higher = (rate_strip([rate] * 8, BOUNDS, plain).plain for rate in (1e-6, 1e-4))
    assert lower != higher
    assert rate_strip([0.0, 1e-4], BOUNDS, DARK).plain.startswith(" ")


def test_a_mean_stands_among_what_it_is_of_with_its_band() -> None:
    band = ChoiceRate(label="mid", rate=1e-5, low=1e-6, high=1e-4, among=(1e-7, 2e-6, 1e-3))
    (drawn,) = rows(draw_rates([band], (32, 1), DARK, BOUNDS))
    assert drawn.count("├") == drawn.count("┤") == drawn.count("●") == 1
    assert drawn.startswith("mid ╵")
    assert drawn.endswith("╵ 1e-5")


def test_bands_are_written_out_where_there_is_room() -> None:
    band = ChoiceRate(label="mid", rate=1e-5, low=2.1e-6, high=5e-5)
    assert "[2.1e-6, 5e-5]" in draw_rates([band], (80, 1), DARK, BOUNDS).plain
    assert "[" not in draw_rates([band], (50, 1), DARK, BOUNDS).plain


def test_one_marker_for_all_or_one_each() -> None:
    bars = choices(3)
    flat = rows(draw_rates(bars, (60, 4), DARK, BOUNDS, Marker("flat 1e-4", (1e-4,))))
    assert len({row.index("◆") for row in flat[:3]}) == 1
    assert flat[3].startswith("◆ flat 1e-4 1e-7")
    published = Marker("published", (1e-6, 3e-5, 1e-3))
    each = rows(draw_rates(bars, (60, 4), DARK, BOUNDS, published))
    columns = [row.index("◆") for row in each[:3]]
    assert columns[1] - columns[0] == pytest.approx(columns[2] - columns[1], abs=1)
    assert columns[0] < columns[1] < columns[2]


def test_a_long_name_of_the_marker_leaves_the_axis_alone() -> None:
    marker = Marker("flat 7.3e-5 (rotten-tomatoes:privacy-qa-flat)", (7.3e-5,))
    axis, key = rows(draw_rates(choices(3), (48, 5), DARK, BOUNDS, marker))[3:]
    assert axis.split() == ["1e-7", "1e-5", "1e-3"]
    assert key == "◆ flat 7.3e-5 (rotten-tomatoes:privacy-qa-flat)"
    (axis,) = rows(draw_rates(choices(3), (48, 4), DARK, BOUNDS, marker))[3:]
    assert axis.split("…")[0].startswith("◆ flat")
    assert axis.split("…")[1].split() == ["1e-7", "1e-5", "1e-3"]


def test_the_axis_is_left_out_when_rows_are_short() -> None:
    assert len(rows(draw_rates(choices(8), (60, 8), DARK, BOUNDS))) == 8
    assert "1e-7" not in draw_rates(choices(8), (60, 8), DARK, BOUNDS).plain
    assert "1e-7" in draw_rates(choices(8), (60, 9), DARK, BOUNDS).plain


def test_choices_in_the_middle_are_left_out_and_counted() -> None:
    drawn = rows(draw_rates(choices(26), (60, 6), DARK, BOUNDS))
    assert [row.split("  ")[0].split(" ┊")[0] for row in drawn] == [
        "embeddings",
        "layer 1",
        "layer 2",
        "layer 3",
        "… 21 more",
        "heads",
    ]
    assert rows(draw_rates(choices(26), (60, 2), DARK, BOUNDS))[1] == "… 25 more"
    assert rows(draw_rates(choices(26), (60, 1), DARK, BOUNDS)) == ["… 26 more"]


def test_long_names_are_cut() -> None:
    bars = [ChoiceRate(label="classification heads of all tasks", rate=1e-5)]
    assert draw_rates(bars, (40, 1), DARK, BOUNDS).plain.startswith("classificat… ")


def test_nothing_to_draw_and_no_room() -> None:
    assert draw_rates([], (40, 3), DARK, BOUNDS).plain.strip() == "no learning rates yet"
    assert "too narrow to draw" in draw_rates(choices(3), (25, 9), DARK, BOUNDS).plain


def test_the_greatest_comes_first_and_fills_the_row() -> None:
    shares = [Share("embeddings", 0.1), Share("heads", 0.4), Share("layer 6", 0.2)]
    assert rows(draw_shares(shares, (35, 3), DARK)) == [
        "heads      ████████████████████ .40",
        "layer 6    ██████████           .20",
        "embeddings █████                .10",
    ]


def test_shares_that_do_not_fit_are_counted() -> None:
    shares = [Share(f"layer {number}", number / 100) for number in range(12)]
    drawn = rows(draw_shares(shares, (30, 4), DARK))
    assert len(drawn) == 4
    assert drawn[0].startswith("layer 11")
    assert drawn[3] == "… 9 more"


def test_all_or_nothing() -> None:
    drawn = rows(draw_shares([Share("heads", 1.0), Share("rest", 0.0)], (30, 2), DARK))
    assert drawn[0].endswith("1.0")
    assert drawn[1].endswith(".00")
    assert rows(draw_shares([Share("heads", 0.0)], (30, 1), DARK))[0].endswith(".00")


def test_no_shares_and_no_room_for_them() -> None:
    assert "complete trials" in draw_shares([], (40, 3), DARK).plain
    assert draw_shares([Share("heads", 1.0)], (10, 3), DARK).plain == "too narrow"
