"""Watch: rules that are made, switched and tried in the app, and told while it is open."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from bertcl_tui.app.app import BertclApp
from bertcl_tui.kit.dialogs import ConfirmScreen, FormScreen
from bertcl_tui.news.rules import Rule
from bertcl_tui.settings import Settings, read_settings
from bertcl_tui.settings.screen import SettingsScreen
from bertcl_tui.watch.screen import WatchScreen
from bertcl_tui.watch.table import RulesTable, ToldPanel
from bertcl_tui.widgets.inputs import FieldRow
from engine.store.connection import open_store
from engine.store.run_states import finish_run
from engine.store.runs import Scores
from tests.bertcl_tui.news.server import hook
from tests.bertcl_tui.waiting import until
from tests.recorded import LIVE, RUNNING, WORKER

pytestmark = pytest.mark.app


@asynccontextmanager
async def _opened(store: Path, folder: Path, **settings: object) -> AsyncIterator[Pilot[None]]:
    path, moment = folder / "config.toml", time.time()
    liked = Settings(**settings)  # type: ignore[arg-type]
    app = BertclApp(str(store), clock=lambda: moment, settings=liked, settings_path=path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.store_watch.herald.has_looked)
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        yield pilot


def _kept(folder: Path) -> dict[str, Rule]:
    return read_settings(folder / "config.toml").watch


def _toasts(pilot: Pilot[None]) -> list[str]:
    return [item.message for item in pilot.app._notifications]


async def _fill(pilot: Pilot[None], **texts: str) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
    for name, text in texts.items():
        pilot.app.screen.query_one(f"#{name} Input", Input).value = text
    await pilot.pause()


@pytest.mark.action("app", "open_watch")
@pytest.mark.action("watch", "new_rule", "switch_rule", "delete_rule", "back")
async def test_a_rule_is_made_changed_switched_and_taken_away(store: Path, tmp_path: Path) -> None:
    async with _opened(store, tmp_path) as pilot:
        app = pilot.app
        await pilot.press("n")
        await _fill(pilot, name="night", on="new-best, budget=6m", webhook="https://host/secret")
        await pilot.click("#go")
        assert isinstance(app.screen, FormScreen)
        assert "budget '6m' is none" in str(app.screen.query_one("#remark").render())
        await _fill(pilot, on="new-best, budget=6h")
        app.screen.query_one("#go", Button).press()
        await until(pilot, lambda: "night" in _kept(tmp_path))
        rule = Rule(on=("new-best", "budget=6h"), webhook="https://host/secret")
        assert _kept(tmp_path) == {"night": rule}
        await pilot.press("j", "space")
        await until(pilot, lambda: not _kept(tmp_path)["night"].active)
        assert "secret" not in app.export_screenshot()
        await pilot.press("enter")
        await _fill(pilot, name="day", webhook="", studies="sst2:*")
        app.screen.query_one("#go", Button).press()
        changed = Rule(on=("new-best", "budget=6h"), studies=("sst2:*",), active=False)
        await until(pilot, lambda: _kept(tmp_path) == {"day": changed})
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: _kept(tmp_path) == {})
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, WatchScreen))


@pytest.mark.action("watch", "try_rule")
async def test_rules_hold_while_the_app_is_open(store: Path, tmp_path: Path) -> None:
    with hook() as server:
        rules = {
            "best": Rule(on=("new-best",), webhook=server.url),
            "dead": Rule(on=("new-best",), webhook="http://127.0.0.1:9/secret"),
            "off": Rule(on=("new-best",), command="touch here", active=False),
        }
        async with _opened(store, tmp_path, watch=rules, notify=False) as pilot:
            await pilot.press("j", "t")
            await until(pilot, lambda: not server.bodies.empty())
            assert server.next()["events"][0]["kind"] == "test"
            opened = open_store(str(store))
            scores = Scores(p_o=0.9, p_s=0.8)
            finish_run(opened, RUNNING, WORKER, state="complete", scores=scores)
            told = f"{LIVE}: best p 1.700 (#30, 1 seed)"
            await until(pilot, lambda: not server.bodies.empty())
            assert server.next()["text"].startswith(told)
            await until(pilot, lambda: any("refused" in text for text in _toasts(pilot)))
            await until(pilot, lambda: any(text.startswith(told) for text in _toasts(pilot)))
            await until(pilot, lambda: told in str(pilot.app.screen.query_one(ToldPanel).render()))
            assert "secret" not in "".join(_toasts(pilot))


async def test_the_apps_own_rule_is_the_notifications_and_settings_show_what_the_other_changed(
    store: Path, tmp_path: Path
) -> None:
    async with _opened(store, tmp_path) as pilot:
        app = pilot.app
        assert isinstance(app, BertclApp)
        table = app.screen.query_one(RulesTable)
        assert table.items[0].rule.active
        await pilot.press("space")
        await until(pilot, lambda: not read_settings(tmp_path / "config.toml").notify)
        assert not table.items[0].rule.active
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        row = app.screen.query_one("#notify", FieldRow)
        assert row.text == "off"
        row.text = "on"
        await until(pilot, lambda: app.settings.notify)
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        assert app.screen.query_one(RulesTable).items[0].rule.active
        await pilot.press("space", "escape")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await until(pilot, lambda: row.text == "off")
        row.text = "on"
        await until(pilot, lambda: app.settings.notify)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        await until(pilot, lambda: table.items[0].rule.active)
