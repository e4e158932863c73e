"""Arena: the table, the runs behind its cells, and what becomes of them."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Static

from bertcl_tui.arena.curves import CurvesPanel
from bertcl_tui.arena.fields import read_request
from bertcl_tui.arena.forest import Forest, ForestPanel
from bertcl_tui.arena.grid import ArenaGrid, CellPlace
from bertcl_tui.arena.launching import Launched, asked_layout, launch
from bertcl_tui.arena.look import recorded_tables
from bertcl_tui.arena.messages import FillTable
from bertcl_tui.arena.new_table import NewTableScreen
from bertcl_tui.arena.runs_table import LegendPanel, RunsTable
from bertcl_tui.arena.screen import ArenaScreen
from bertcl_tui.charts.style import DARK
from bertcl_tui.combine.screen import CombineScreen
from bertcl_tui.kit.dialogs import FormScreen
from bertcl_tui.settings import Settings
from bertcl_tui.store.reader import Reader
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.widgets.frame import TopBar
from bertcl_tui.widgets.inputs import FieldRow
from engine.arena import legend
from engine.arena.tables import Table
from engine.exports.markdown import to_markdown
from engine.store import states
from engine.store.connection import open_store
from engine.store.run_states import finish_run
from engine.store.runs import Scores, entries
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.engine.arena.doing import do
from tests.other_seeds import follow
from tests.recorded import WORKER, empty_store
from tests.recorded_arena import REASON, SEEDS, SEEN, UNFINISHED

FLAT, PUBLISHED = 0, 5
FOLLOWED = 11
"""A trial's run of which curves were measured."""
TEXTS = {"data": "hub", "train_rows": "800", "eval_rows": "1000"}


def grid_of(pilot: Pilot[None]) -> ArenaGrid:
    return pilot.app.screen.query_one(ArenaGrid)


def text_of(widget: ArenaGrid | RunsTable) -> str:
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))


def told(pilot: Pilot[None], where: str) -> str:
    return str(pilot.app.screen.query_one(where, Static).render())


def table_of(store: Path, layout: str = "free", measure: str = "") -> Table:
    opened = open_store(str(store))
    (table,) = recorded_tables(opened, asked_layout(layout, "", "", measure, 2e-5), TEXTS)
    opened.close()
    return table


def means(table: Table) -> set[str]:
    found = (value.mean for value in table.values())
    return {legend.number(mean) for mean in found if mean is not None}


async def arena(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: pilot.app.screen.query_one("StudiesTable").items)  # type: ignore[attr-defined]
    await pilot.press("A")
    await until(pilot, lambda: isinstance(pilot.app.screen, ArenaScreen))
    await until(pilot, lambda: not pilot.app.screen.has_class("-empty"))


async def shows(pilot: Pilot[None], numbers: Iterable[str]) -> None:
    """Wait until all of these stand in the grid."""
    await until(pilot, lambda: all(number in text_of(grid_of(pilot)) for number in numbers))


@pytest.mark.action("studies", "open_arena")
async def test_the_table_of_all_that_was_run_and_of_what_workers_do(
    open_app: OpenApp, arena_store: Path
) -> None:
    table = table_of(arena_store)
    async with open_app(arena_store, size=(120, 90)) as pilot:
        worker = "WorkersPanel Static"
        await until(pilot, lambda: "published on rte:mrpc" in told(pilot, worker))
        assert "50%" in told(pilot, worker)
        await arena(pilot)
        await shows(pilot, means(table))
        text = text_of(grid_of(pilot))
        assert all(row.title in text for row in table.rows)
        assert all(column in text for column in table.columns)
        assert "48 epochs on tested" in text
        assert "† tuned elsewhere" in text
        assert "0.904 – 0.860" in text
        assert "1/5 ▶50% ·1 ‖1 ✗1" in text
        legend_text = told(pilot, "LegendPanel Static")
        assert "paired t-test over seeds, p-value < 0.05 after Holm's correction" in legend_text
        assert "BERTcL on mrpc:sst2, rte:mrpc: not run." in legend_text

        store = open_store(str(arena_store))  # what workers do is followed
        (run,) = (item.run for item in entries(store) if item.run.state == "running")
        finish_run(store, run.id, WORKER, state="complete", scores=Scores(p_o=0.6, p_s=0.8))
        store.close()
        await shows(pilot, ["·1 ‖1 ✗1"])
        await until(pilot, lambda: "▶50%" not in text_of(grid_of(pilot)))


@pytest.mark.action("study", "open_arena")
@pytest.mark.action("combine", "open_arena", "back")
async def test_it_is_reached_from_a_study_and_from_a_combination_and_marks_stay(
    open_app: OpenApp, arena_store: Path
) -> None:
    async with open_app(arena_store, size=(80, 24)) as pilot:
        await until(pilot, lambda: pilot.app.screen.query_one("StudiesTable").items)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
        study = pilot.app.screen
        await until(pilot, lambda: study.query_one(TrialsTable).items)
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, ArenaScreen))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is study)
        await pilot.press("j", "space", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CombineScreen))
        combine = pilot.app.screen
        assert isinstance(combine, CombineScreen)
        await until(pilot, lambda: combine.combined)
        assert combine.combined is not None
        assert len(combine.combined.studies[0].trials) == 1
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, ArenaScreen))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is combine)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is study)
        assert len(study.query_one(TrialsTable).marked) == 1


@pytest.mark.action("arena", "next_measure", "next_layout", "next_setting", "export_table")
async def test_keys_turn_measures_layouts_and_settings_and_what_is_shown_is_exported(
    open_app: OpenApp, arena_store: Path, tmp_path: Path
) -> None:
    async with open_app(arena_store, size=(120, 90)) as pilot:
        await arena(pilot)
        await pilot.press("m")
        await shows(pilot, means(table_of(arena_store, measure="p")))
        assert "p = p_o + p_s" in str(grid_of(pilot).border_title)
        await pilot.press("t", "t")
        await shows(pilot, means(table_of(arena_store, "table2")))
        assert "qqp:mrpc" in text_of(grid_of(pilot))
        assert "EWC (MLM) 2e-5" in text_of(grid_of(pilot))

        await pilot.press("m")
        await shows(pilot, means(table_of(arena_store, "table2", "p")))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        row = pilot.app.screen.query_one("#path", FieldRow)
        assert row.text == "table2-p.md"
        for text, said in ((str(tmp_path), "is a folder"), (f"{tmp_path}/no/a.md", "no folder")):
            row.text = text
            await until(pilot, lambda: said in told(pilot, "#remark"))  # noqa: B023 - waited for here
        row.text = str(tmp_path / "mine.md")
        await until(pilot, lambda: "as markdown" in told(pilot, "#remark"))
        row.focus_entry()
        await pilot.press("enter")
        await until(pilot, (tmp_path / "mine.md").exists)
        written = (tmp_path / "mine.md").read_text(encoding="utf-8")
        assert written == to_markdown(table_of(arena_store, "table2", "p"))
        await until(pilot, lambda: isinstance(pilot.app.screen, ArenaScreen))

        await pilot.press("d")
        await until(pilot, lambda: "one seed" in told(pilot, "LegendPanel Static"))


@pytest.mark.action("arena", "turn_panel")
async def test_one_method_no_run_and_little_room_are_shown_as_well_as_can_be(
    open_app: OpenApp, arena_store: Path
) -> None:
    table = table_of(arena_store)
    assert table.headline is not None
    alone = replace(table.headline, effects=table.headline.effects[:1])
    settings = Settings(keys={"new_table": "f7"})
    async with open_app(arena_store, settings=settings) as pilot:
        await arena(pilot)
        forest = pilot.app.screen.query_one(ForestPanel)
        forest.show_table(replace(table, headline=alone))
        await until(pilot, lambda: forest.content_size.height == 5)
        drawing = Forest(headline=alone).draw(forest.content_size, DARK).plain
        assert alone.effects[0].title in drawing
        first, *others = table.headline.effects
        bound = replace(table.headline, effects=(replace(first, is_bound=True), *others))
        drawing = Forest(headline=bound).draw((100, 20), DARK).plain
        assert drawing.index(first.title) > max(drawing.index(each.title) for each in others)

        await pilot.press("m")
        await shows(pilot, means(table_of(arena_store, measure="p")))
        lines = [line.strip() for line in text_of(grid_of(pilot)).splitlines()]
        assert all(lines[: len(table.rows)]), "rows of one number are a line each"

        await pilot.press(*"tttt")
        await until(pilot, lambda: "7 has it run" in told(pilot, "#cell-facts").replace("f7", "F7"))
        assert "bert-base" in told(pilot, "#cell-facts")

        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "Table 4" in str(grid_of(pilot).border_title))
        await until(pilot, lambda: str(grid_of(pilot).border_subtitle).startswith("columns 1–"))
        assert "mnli/" not in text_of(grid_of(pilot))
        await pilot.press("l", "l", "l", "l")
        assert "of 5" in str(grid_of(pilot).border_subtitle)
        assert str(grid_of(pilot).border_subtitle).startswith("◂")
        assert "mnli/cluster1" in text_of(grid_of(pilot))
        assert "flat 2e-5" in text_of(grid_of(pilot))

        panel = pilot.app.screen.query_one(LegendPanel)
        assert not panel.display
        await pilot.press("tab")
        assert panel.display
        assert panel.has_focus
        await pilot.press("tab")
        assert not panel.display
        assert grid_of(pilot).has_focus


@pytest.mark.action("grid", "cursor_up", "cursor_down", "cursor_left", "cursor_right")
@pytest.mark.action("grid", "first", "last", "enter_cell")
@pytest.mark.action("arena", "back")
async def test_the_cell_of_the_mouse_or_the_cursor_shows_its_runs(
    open_app: OpenApp, arena_store: Path
) -> None:
    async with open_app(arena_store) as pilot:
        await arena(pilot)
        lines = text_of(grid_of(pilot)).splitlines()
        y = next(y for y, line in enumerate(lines) if line.startswith("flat tuned"))
        # border and padding lie before the first character
        second = [place for place, letter in enumerate(lines[y]) if letter == "▴"][1]
        await pilot.click(ArenaGrid, offset=(2 + second, 1 + y))
        assert grid_of(pilot).place == CellPlace(1, 1)
        await pilot.press("G", "l")
        assert grid_of(pilot).place == (PUBLISHED, 2)
        runs = pilot.app.screen.query_one(RunsTable)
        await until(pilot, lambda: "queued" in text_of(runs))
        assert all(str(seed) in text_of(runs) for seed in SEEDS)
        assert REASON[:20] in text_of(runs)
        assert "running 50%" in text_of(runs)
        assert "11 st/s" in text_of(runs)
        assert "published by the paper's authors" in told(pilot, "#cell-facts")
        await pilot.press("g", "k", "h", "left", "left")
        assert grid_of(pilot).place == (FLAT, 0)
        await pilot.press("j", "k", "enter", "G")
        assert runs.has_focus
        assert runs.current is not None
        assert runs.current.seed == SEEDS[-1]
        await pilot.press("escape")
        assert grid_of(pilot).has_focus
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))


@pytest.fixture
def no_workers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the stores for which workers were to be started; none is."""
    started: list[str] = []
    monkeypatch.setattr("bertcl_tui.store.control.start_workers", started.append)
    return started


def desired_in(store: Path) -> dict[int, str]:
    """Return what is desired of the runs that are not ended, by id."""
    opened = open_store(str(store))
    found = [item.run for item in entries(opened)]
    opened.close()
    return {
        run.id: run.desired
        for run in found
        if run.state in states.UNFINISHED and run.spec.sequence == UNFINISHED
    }


@pytest.mark.action("arena", "pause_or_resume_table", "pause_or_resume")
async def test_the_runs_of_the_table_of_a_cell_or_one_of_them_are_paused_and_go_on(
    open_app: OpenApp, arena_store: Path, no_workers: list[str]
) -> None:
    async with open_app(arena_store, size=(120, 60)) as pilot:
        await arena(pilot)
        await pilot.press("P")
        await until(pilot, lambda: set(desired_in(arena_store).values()) == {"paused"})
        await pilot.press("P")
        await until(pilot, lambda: set(desired_in(arena_store).values()) == {"running"})
        await until(pilot, lambda: no_workers == [str(arena_store)])

        runs = pilot.app.screen.query_one(RunsTable)
        said = len(pilot.app._notifications)
        await pilot.press("p")  # of this cell all is over
        await until(pilot, lambda: len(pilot.app._notifications) > said)
        assert set(desired_in(arena_store).values()) == {"running"}
        await pilot.press("G", "l", "l")
        await until(pilot, lambda: "queued" in text_of(runs))
        await until(pilot, lambda: {item.desired for item in runs.items} == {"running"})
        await pilot.press("p")
        await until(pilot, lambda: set(desired_in(arena_store).values()) == {"paused"})
        await until(pilot, lambda: runs.items[-1].desired == "paused")
        await pilot.press("enter", "G", "p")
        last = runs.items[-1].run_id
        await until(pilot, lambda: desired_in(arena_store)[last] == "running")
        others = {
            run_id: each for run_id, each in desired_in(arena_store).items() if run_id != last
        }
        assert set(others.values()) == {"paused"}


@pytest.mark.action("arena", "new_table")
async def test_n_asks_first_of_all_for_what_the_table_lacks_and_what_was_asked_for_is_shown(
    open_app: OpenApp, arena_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr("bertcl_tui.app.controls.start_workers", started.append)
    asked = {"sequences": "sst2:mrpc", "methods": "flat", "train_rows": "200", "epochs": "1"}
    request = read_request({**asked, "measures_per_epoch": "8"})
    launched = Launched(runs=5, there=0, searches=(), waiting=(), unfilled=())
    async with open_app(arena_store, size=(200, 60)) as pilot:
        await arena(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, NewTableScreen))
        texts = {row.field.name: row.text for row in pilot.app.screen.query(FieldRow)}
        assert texts["sequences"] == "sst2:mrpc,mrpc:sst2,rte:mrpc"
        assert texts["methods"].startswith("flat,flat-tuned,ewc-task@flat-tuned,bertcl")
        assert (texts["seeds"], texts["train_rows"], texts["data"]) == ("5", "800", "hub")
        await until(pilot, lambda: " of 90 runs are missing." in told(pilot, "#readiness"))
        assert int(told(pilot, "#readiness").split()[0]) < 90

        pilot.app.screen.dismiss(request)
        await until(pilot, lambda: isinstance(pilot.app.screen, ArenaScreen))
        bar = pilot.app.screen.query_one(TopBar)
        await until(pilot, lambda: "setting 2 of 2" in bar.render_line(0).text)
        pilot.app.screen.post_message(FillTable(request, launched))
        await until(pilot, lambda: started)
        assert "5 runs queued." in {note.message for note in pilot.app._notifications}


@pytest.mark.action("arena", "retry_runs")
async def test_r_runs_once_more_what_failed(
    open_app: OpenApp,
    tmp_path: Path,
    tasks: Path,
    backbone: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[str] = []
    monkeypatch.setattr("bertcl_tui.app.controls.start_workers", started.append)
    path = tmp_path / "tiny.db"
    texts = {"sequences": "mood:agree", "methods": "flat", "seeds": "1", "device": "cpu"}
    launch(str(path), read_request({**texts, "data": str(tasks), "model": str(backbone)}))
    store = open_store(str(path))
    do(store, ((0.7,),), state="failed", reason="it broke")
    async with open_app(path, size=(80, 24)) as pilot:
        await until(pilot, lambda: pilot.app.screen.has_class("-empty"))
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, ArenaScreen))
        await until(pilot, lambda: "0/1 ✗1" in text_of(grid_of(pilot)))
        await pilot.press("r", "r")
        await until(pilot, lambda: started, patience=300.0)
        asked = [worker for worker in pilot.app.workers if worker.group == "retry"]
        await until(pilot, lambda: all(worker.is_finished for worker in asked))
        assert [item.run.state for item in entries(store)] == ["failed", "queued"]
        notices = {note.message for note in pilot.app._notifications}
        assert {"Checking data, model and device…", "1 run queued once more"} <= notices
        await until(pilot, lambda: "0/1 ·1" in text_of(grid_of(pilot)))
    store.close()


async def test_an_empty_arena_says_what_it_is_and_what_to_press(
    open_app: OpenApp, tmp_path: Path
) -> None:
    async with open_app(empty_store(tmp_path / "empty.db"), size=(80, 24)) as pilot:
        await until(pilot, lambda: pilot.app.screen.has_class("-empty"))
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, ArenaScreen))
        await until(pilot, lambda: "Press n" in told(pilot, "#welcome"))
        assert "same sequences with the same seeds" in told(pilot, "#welcome")
        await pilot.press("m", "t", "d", "e", "space", "tab")
        assert isinstance(pilot.app.screen, ArenaScreen)


def test_runs_of_the_arena_that_are_not_ended(arena_reader: Reader) -> None:
    runs = arena_reader.unfinished_runs()
    assert [(run.state, run.share) for run in runs] == [
        ("paused", 0.5),
        ("running", 0.5),
        ("queued", 0.0),
    ]


@pytest.mark.action("arena", "show_curves", "group_curves", "turn_spread")
async def test_the_runs_of_a_cell_forget_as_one_line_or_each_by_itself(
    open_app: OpenApp, arena_store: Path
) -> None:
    opened = open_store(str(arena_store))
    of_row = {
        name: [
            item.run.id
            for item in entries(opened)
            if item.entrant == name and item.run.spec.sequence == SEEN
        ]
        for name in ("bertcl", "flat@2e-5")
    }
    opened.close()
    moved = (0.02, -0.02, 0.0, 0.0, 0.0)
    follow(arena_store, of_row["bertcl"], FOLLOWED, moved)
    follow(arena_store, of_row["flat@2e-5"][:1], FOLLOWED, [-0.1])

    async with open_app(arena_store, size=(120, 50)) as pilot:
        await arena(pilot)
        panel = pilot.app.screen.query_one(CurvesPanel)

        def drawn() -> str:
            return "\n".join(panel.render_line(y).text for y in range(panel.size.height))

        await pilot.press("f")
        await until(pilot, lambda: "BERTcL 0.754 ±0.014 n=5" in drawn())
        assert panel.has_focus
        assert "flat 2e-5" in drawn()
        assert panel.border_title == "Forgetting, mean ± sd of 5 seeds ─ BERTcL"
        await pilot.press("Z")
        await until(pilot, lambda: "mean, min–max of 5" in str(panel.border_title))
        await pilot.press("z")
        await until(pilot, lambda: f"seed {SEEDS[0]}"[:9] in drawn())
        await pilot.press("escape", "g")
        await until(pilot, lambda: "─ flat 2e-5" in str(panel.border_title))
        assert grid_of(pilot).has_focus
        await pilot.press("z")
        await until(pilot, lambda: "min–max of 1 seed ─ flat" in str(panel.border_title))
        await pilot.press("f")
        assert pilot.app.screen.query_one(LegendPanel).display
        assert not panel.display
