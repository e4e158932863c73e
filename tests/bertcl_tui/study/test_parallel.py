"""The rates of all trials, brushed by keys: the filter says what is brushed, and the other way."""

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from bertcl_tui.study.panels.parallel import ParallelChart
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.study.test_screen import _enter, _numbers, _table
from tests.bertcl_tui.waiting import until


def _chart(pilot: Pilot[None]) -> ParallelChart:
    return pilot.app.screen.query_one(ParallelChart)


def _drawn(pilot: Pilot[None]) -> str:
    chart = _chart(pilot)
    return "\n".join(chart.render_line(y).text for y in range(chart.size.height))


def _filter(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(Input).value


@pytest.mark.action("parallel", "axis_left", "axis_right", "mark_up", "mark_down")
@pytest.mark.action("parallel", "set_lower", "set_upper", "take_brush", "take_brushes")
async def test_edges_become_a_filter_and_a_filter_becomes_edges(open_app: OpenApp) -> None:
    async with open_app(size=(110, 32)) as pilot:
        await _enter(pilot)
        await pilot.press("j", "5")
        await until(pilot, lambda: "24 trials · embeddings ◆ 1e-5" in _drawn(pilot))
        await pilot.press("right", "down", "left_square_bracket")
        await until(pilot, lambda: "layer 1 ◆ 5e-6 in 5e-6…" in _drawn(pilot))
        assert _filter(pilot) == "lr1>=5e-6"
        await pilot.press("up", "up", "right_square_bracket")
        await until(pilot, lambda: _filter(pilot) == "lr1>=5e-6 lr1<=2e-5")
        await until(pilot, lambda: "in 5e-6…2e-5" in _drawn(pilot))
        look = pilot.app.screen._look  # type: ignore[attr-defined]
        inside = [t.number for t in look.scored if 5e-6 <= t.learning_rates[1] <= 2e-5]
        assert 0 < len(inside) < 24
        assert f"{len(inside)} of 24 brushed" in _drawn(pilot)
        assert set(inside) <= set(_numbers(pilot))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: _filter(pilot) == "lr1>=5e-6")
        await until(pilot, lambda: "in 5e-6… " in _drawn(pilot))
        await pilot.press("backspace")
        await until(pilot, lambda: "24 trials" in _drawn(pilot))
        assert _filter(pilot) == ""
        await pilot.press("left", "slash")
        assert pilot.app.screen.maximized is None, "the filter is to be seen as it is written"
        pilot.app.screen.query_one(Input).value = "state:complete p>1.4 lr0<1e-5"
        await pilot.press("enter", "5")
        await until(pilot, lambda: "embeddings ◆ 1e-5 in …1e-5" in _drawn(pilot))
        assert "/state:complete p>1.4 lr0<1e-5" in str(_chart(pilot).border_subtitle)
        await pilot.press("0")
        await until(pilot, lambda: _filter(pilot) == "state:complete")
        await pilot.press("escape")
        await until(pilot, lambda: not _chart(pilot).display)
        assert _table(pilot).has_focus
