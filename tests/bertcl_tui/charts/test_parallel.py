"""Trials across their axes: which dots they come to, which stand out, and what is counted."""

from itertools import pairwise

import numpy as np
import pytest
from rich.text import Text

from bertcl_tui.charts.parallel import Looked, ParallelAxis, _covered, draw_parallel
from bertcl_tui.charts.style import DARK

RATE = ParallelAxis(name="layer 1", field="lr1", bounds=(1e-7, 1e-3), log=True)
SCORE = ParallelAxis.of_scores("p", [1.234, 1.512])
SIZE = (60, 20)


def _text(
    values: list[list[float]], brushed: list[bool] | None = None, looked: Looked | None = None
) -> Text:
    return draw_parallel(
        (RATE, SCORE),
        np.array(values).reshape(-1, 2),
        SIZE,
        DARK,
        brushed=None if brushed is None else np.array(brushed),
        looked=looked or Looked(),
        empty="none yet",
    )


def test_one_stops_at_round_values() -> None:
    assert RATE.places[:4] == (1e-7, 2e-7, 5e-7, 1e-6)
    assert RATE.places[-1] == 1e-3
    assert SCORE.bounds == (1.2, 1.55)
    assert {SCORE.written(place) for place in SCORE.places} >= {"1.2", "1.21", "1.5"}
    assert RATE.written(2e-5) == "2e-5"
    assert ParallelAxis.of_scores("p", [1.4, 1.4]).places


def test_ten_thousand_lines_cover_what_they_cover_one_by_one() -> None:
    draw = np.random.default_rng(3)
    starts, ends = draw.integers(0, 40, 10_000), draw.integers(0, 40, 10_000)
    some = slice(0, 50)
    one_by_one = np.zeros((40, 21), dtype=bool)
    for start, end in zip(starts[some], ends[some], strict=True):
        one_by_one |= _covered(np.array([start]), np.array([end]), 20, 40)
    assert (_covered(starts[some], ends[some], 20, 40) == one_by_one).all()
    assert _covered(starts, ends, 20, 40)[:, 10].any()


@pytest.mark.parametrize(("start", "end"), [(0, 39), (39, 0), (7, 7), (3, 5)])
def test_a_line_has_no_hole_and_ends_where_it_should(start: int, end: int) -> None:
    dots = _covered(np.array([start]), np.array([end]), 20, 40)
    assert dots[start, 0]
    assert dots[end, 20]
    rows = [column.nonzero()[0] for column in dots.T]
    assert all(len(row) for row in rows)
    assert all(
        max(before.min(), after.min()) - min(before.max(), after.max()) <= 1
        for before, after in pairwise(rows)
    )


def test_brushed_trials_are_counted_and_all_others_are_faint() -> None:
    values = [[1e-6, 1.3], [1e-4, 1.5], [1e-5, 1.4]]
    assert "3 trials" in _text(values).plain
    looked = Looked(axis=0, place=1e-5, brushes={0: (5e-6, None)})
    text = _text(values, [False, True, False], looked)
    assert "1 of 3 brushed · layer 1 ◆ 1e-5 in 5e-6…" in text.plain
    styles = [str(span.style) for span in text.spans]
    assert DARK.faint in styles
    assert DARK.ramp[4] in styles, "the best of three is in the fifth seventh"
    assert "┻" in text.plain
    assert "┳" not in text.plain


def test_a_trial_that_lacks_a_value_is_left_out_and_none_is_said_so() -> None:
    assert "1 trial\n" in _text([[1e-6, 1.3], [1e-4, float("nan")]]).plain
    assert "none yet" in _text([]).plain
