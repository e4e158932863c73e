"""What chance does to a share of few rows, against SciPy, and what a chart makes of it."""

import pytest
from scipy.stats import binomtest

from bertcl_tui.charts.band import band_of, interval, least_span, widened
from bertcl_tui.charts.curve import picture_curves
from bertcl_tui.charts.series import Curves, Series
from bertcl_tui.charts.style import DARK

FLAT = Series(name="#1", xs=(0, 50, 100), ys=(0.75, 0.75, 0.74), emphasis="bright", rows=256)


@pytest.mark.parametrize(("right", "rows"), [(0, 24), (18, 24), (24, 24), (192, 256), (250, 256)])
def test_the_band_is_the_binomial_interval_for_so_many_rows(right: int, rows: int) -> None:
    expected = binomtest(right, rows).proportion_ci(method="wilson")
    assert interval(right / rows, rows) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_without_rows_and_in_gaps_there_is_none() -> None:
    assert band_of(Series(name="loss", xs=(0,), ys=(2.0,))) == ((), ())
    low, high = band_of(Series(name="#1", xs=(0, 1), ys=(0.5, float("nan")), rows=24))
    assert (low[0], high[0]) == interval(0.5, 24)
    assert low[1] != low[1]


def test_a_chart_shows_more_than_a_few_rows_are_worth() -> None:
    assert least_span([FLAT]) == pytest.approx(10 / 256)
    assert least_span([Series(name="loss", xs=(0,), ys=(2.0,))]) == 0
    assert widened([0.75, 0.76], 0.0) == [0.75, 0.76]
    assert widened([0.5, 0.9], 0.1) == [0.5, 0.9]
    assert widened([0.74, 0.76], 0.1)[2:] == pytest.approx([0.70, 0.80])
    assert widened([0.99], 0.1)[1:] == pytest.approx([0.9, 1.0])


def _drawn(line: Series) -> tuple[str, list[float]]:
    curves = Curves(series=(line,), x_label="step", y_label="accuracy")
    text = picture_curves(curves, (70, 16), DARK).text.plain
    words = (row.split()[0] for row in text.splitlines() if row.strip())
    return text, [float(word) for word in words if "." in word and word.replace(".", "").isdigit()]


def test_what_one_row_changes_does_not_fill_the_chart() -> None:
    _, ticks = _drawn(FLAT)
    assert max(ticks) - min(ticks) > 0.05, "the band of 256 rows is 0.1 high"
    _, narrow = _drawn(Series(name="#1", xs=FLAT.xs, ys=FLAT.ys, emphasis="bright"))
    assert max(narrow) - min(narrow) < 0.02


def test_a_note_is_written_in_as_many_words_as_there_is_room_for() -> None:
    notes = ("encoder 0.016, and all the rest of it is lost in the head, 0.041", "head 0.041")
    curves = Curves(series=(FLAT,), x_label="step", y_label="accuracy", notes=notes)
    assert notes[0] in picture_curves(curves, (110, 16), DARK).text.plain
    small = picture_curves(curves, (50, 16), DARK).text.plain
    assert notes[0] not in small
    assert notes[1] in small
    assert "head" not in picture_curves(curves, (30, 6), DARK).text.plain
