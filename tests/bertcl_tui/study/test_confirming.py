"""Trials that are run again with fresh seeds: asked for, and shown beside what was searched."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from bertcl_tui.kit.dialogs import FormScreen
from bertcl_tui.kit.messages import StartWorkers, Trouble
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import Order
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.trial.screen import TrialScreen
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.frame import TopBar
from bertcl_tui.widgets.inputs import FieldRow
from engine.arena.confirming import plan_confirmation
from engine.arena.measuring import half_width
from engine.spec import Protocol, SearchSettings, StudySpec, derived_seed
from engine.store.connection import open_store
from engine.store.run_states import create_run
from engine.store.runs import confirmations_of
from engine.store.studies import create_study, get_study
from engine.work.requests import enter_repetitions
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.host import SIZE, Host, settle
from tests.bertcl_tui.waiting import until
from tests.engine.arena.doing import do
from tests.recorded import copy_of
from tests.recorded_arena import AGAIN, SEEDS, with_confirmations

LIVE = 1
MEAN, HALF = sum(p or 0 for p in AGAIN[10]) / 3, half_width([p or 0 for p in AGAIN[10]])
TOLD = f"{MEAN:.3f}±{HALF:.3f}"


@pytest.fixture(scope="module")
def confirmed(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_confirmations(Path(shutil.copy(recording, tmp_path_factory.mktemp("again"))))


@pytest.fixture
def confirmed_store(confirmed: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "again"
    folder.mkdir()
    return copy_of(confirmed, folder)


def table_of(pilot: Pilot[None]) -> TrialsTable:
    return pilot.app.screen.query_one(TrialsTable)


def title(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#trials").border_title)


def text_of(table: TrialsTable) -> str:
    return "\n".join(table.render_line(y).text for y in range(table.size.height))


async def open_study(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: pilot.app.screen.query_one("StudiesTable").items)  # type: ignore[attr-defined]
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
    await until(pilot, lambda: table_of(pilot).items)


async def test_searched_and_confirmed_p_stand_side_by_side_each_seed_in_its_trial_and_sort(
    open_app: OpenApp, confirmed_store: Path
) -> None:
    async with open_app(confirmed_store, size=(80, 24)) as pilot:
        await open_study(pilot)
        await pilot.press("j")
        panel = pilot.app.screen.query_one("#trials")
        for size in ((80, 24), (120, 40)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: str(panel.border_subtitle) == f"again {TOLD} (3 seeds)")
            header, *lines = text_of(table_of(pilot)).splitlines()
            assert "confirmed" in header
            (best,) = (line for line in lines if line.split()[:1] == ["10"])
            assert best.split()[:3] == ["10", "1.417", TOLD]

        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TrialScreen))
        learning = pilot.app.screen.query_one("#learning", Chart)
        await until(pilot, lambda: learning.border_title)
        told = ", ".join(
            f"seed {seed} p {p}" for seed, p in zip(SEEDS, (1.392, 1.401, 1.377), strict=False)
        )
        assert told in str(learning.border_subtitle)
        assert f"again {TOLD} (3 seeds)" in pilot.app.screen.query_one(TopBar).render_line(0).text

        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
        await pilot.press("o")
        await until(pilot, lambda: "by confirmed ▼" in title(pilot))
        await until(
            pilot, lambda: [line.number for line in table_of(pilot).items][:3] == [30, 6, 10]
        )


async def test_where_nothing_was_confirmed_there_is_no_such_column(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await open_study(pilot)
        assert "confirmed" not in text_of(table_of(pilot))
        assert "lrs" in text_of(table_of(pilot))
        await pilot.press("o")
        await until(pilot, lambda: "by p_o ▼" in title(pilot))


def test_what_is_not_over_is_told_too(confirmed_store: Path) -> None:
    reader = Reader(str(confirmed_store))
    (waiting,) = reader.chosen_trials(LIVE, [20])
    assert waiting.confirmation is not None
    assert (waiting.confirmation.p, waiting.confirmation.others) == (None, (("queued", 3),))
    (none,) = reader.chosen_trials(LIVE, [25])
    assert none.confirmation is None
    rows = reader.trials(LIVE, order=Order("confirmed", descending=False)).rows
    assert [row.number for row in rows][:3] == [30, 10, 6]
    reader.close()


@pytest.fixture
def tiny(tmp_path: Path, tasks: Path, backbone: Path) -> tuple[Path, int]:
    """Return a store with a searched study of a tiny model, and the study's id."""
    path = tmp_path / "tiny.db"
    store = open_store(str(path))
    spec = StudySpec(
        name="mood:agree",
        sequence=("mood", "agree"),
        data=str(tasks),
        model=str(backbone),
        protocol=Protocol(epochs=1, train_rows=16, eval_rows=16),
        search=SearchSettings(trials=3),
        device="cpu",
    )
    study_id = create_study(store, spec)
    for number, p_s in enumerate((0.5, 0.7, 0.6)):
        rates = (1e-5, 2e-5, 3e-5, 1e-4 * (1 + number))
        trial = spec.trial(number, rates)
        create_run(store, trial, study_id=study_id, number=number, learning_rates=rates)
        do(store, ((0.8,), (0.7, p_s)))
    store.close()
    return path, study_id


def host(path: Path, study_id: int, marked: frozenset[int]) -> Host:
    return Host(
        str(path), lambda reader: StudyScreen(study_id, reader, dict.fromkeys(marked, True))
    )


def remark(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#remark", Static).render())


def test_what_two_people_ask_for_at_once_is_queued_once(tiny: tuple[Path, int]) -> None:
    path, study_id = tiny
    with closing(open_store(str(path))) as store:
        study = get_study(store, study_id)
        one, other = (
            plan_confirmation(store, study, top=1, seeds=2, numbers=frozenset()) for _ in range(2)
        )
        assert enter_repetitions(store, one) == enter_repetitions(store, other)


@pytest.mark.action("study", "confirm_trials")
async def test_the_best_trials_are_run_again(tiny: tuple[Path, int]) -> None:
    path, study_id = tiny
    app = host(path, study_id, frozenset())
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("C")
        await settle(pilot)
        assert isinstance(pilot.app.screen, FormScreen)
        for name, text, said in (
            ("top", "0", "trials is 0"),
            ("top", "2", "Runs #1, #2 again, 3 times with fresh seeds: 6 runs in all."),
            ("seeds", "1", "Runs #1, #2 again, with a fresh seed: 2 runs in all."),
        ):
            pilot.app.screen.query_one(f"#{name}", FieldRow).text = text
            await settle(pilot)
            assert said in remark(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert [type(message) for message in app.told] == [StartWorkers], app.told
        notes = {note.message for note in app._notifications}
        assert "2 runs asked for; what they score stands beside p" in notes
    store = open_store(str(path))
    found = confirmations_of(store, study_id)
    store.close()
    assert sorted((run.label, run.spec.seed) for runs in found.values() for run in runs) == [
        (label, derived_seed("confirmation", 0, 0)) for label in ("again #1", "again #2")
    ]


async def test_marked_trials_are_run_again_instead(tiny: tuple[Path, int]) -> None:
    async with host(*tiny, frozenset({0, 2})).run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("C")
        await settle(pilot)
        assert not pilot.app.screen.query("#top")
        assert "Runs #2, #0 again" in remark(pilot)


async def test_an_imported_study_says_why_it_cannot_be_confirmed(
    tiny: tuple[Path, int],
) -> None:
    path, study_id = tiny
    store = open_store(str(path))
    with store.writing() as connection:
        connection.exec_driver_sql("update cl_study set origin = 'import: log.csv'")
    store.close()
    app = host(path, study_id, frozenset())
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("C")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        (trouble,) = app.told
        assert isinstance(trouble, Trouble)
        assert "no search of ours" in trouble.text
