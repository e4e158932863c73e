"""What is news, and what was so before."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from bertcl_tui.app.watch import desktop_sequence
from bertcl_tui.news import Scene, news
from bertcl_tui.settings import Settings
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow, WorkerRow, WorkerState
from bertcl_tui.store.trial_rows import StudyState, TrialState
from engine.store.connection import open_store
from engine.store.studies import control_study, find_study
from engine.store.workers import end_worker
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import LIVE, WORKER


@pytest.fixture
def study(reader: Reader) -> StudyRow:
    return reader.studies()[0]


@pytest.fixture
def worker(reader: Reader) -> WorkerRow:
    return reader.workers()[0]


def _texts(before: Scene, after: Scene) -> list[str]:
    return [item.text for item in news(before, after)]


def _of_study(study: StudyRow, before: StudyState, after: StudyState) -> list[str]:
    return _texts(
        Scene(studies=(replace(study, state=before),)),
        Scene(studies=(replace(study, state=after, reason="no memory"),)),
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("running", "complete", f"{LIVE} is complete: 30/60 trials, best p"),
        ("running", "failed", f"{LIVE} failed: no memory"),
        ("running", "stalled", f"{LIVE} stalled"),
        ("stalled", "lost", f"{LIVE} lost its worker"),
    ],
)
def test_what_became_of_a_study_is_told(
    study: StudyRow, before: StudyState, after: StudyState, told: str
) -> None:
    (text,) = _of_study(study, before, after)
    assert text.startswith(told)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("lost", "lost"),
        ("complete", "complete"),
        ("lost", "running"),
        ("running", "paused"),
        ("running", "stopped"),
        ("queued", "running"),
    ],
)
def test_what_was_so_or_what_a_person_did_is_no_news(
    study: StudyRow, before: StudyState, after: StudyState
) -> None:
    assert _of_study(study, before, after) == []


def test_an_imported_study_is_no_news(study: StudyRow) -> None:
    imported = replace(study, origin="import log.csv", state="complete")
    assert _texts(Scene(), Scene(studies=(imported,))) == []


@pytest.mark.parametrize(("study_state", "told"), [("running", True), ("lost", False)])
def test_a_dead_worker_is_told_unless_its_study_says_so(
    study: StudyRow, worker: WorkerRow, study_state: StudyState, *, told: bool
) -> None:
    def scene(state: WorkerState) -> Scene:
        return Scene(
            studies=(replace(study, state=study_state),), workers=(replace(worker, state=state),)
        )

    texts = _texts(scene("running"), scene("lost"))
    assert texts == ([f"worker {worker.pid} on cuda:0 is gone in {LIVE}"] if told else [])


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"running": 1, "complete": 4}, {"complete": 5}, ["through: 5 runs are complete"]),
        ({"queued": 2}, {"complete": 1, "failed": 1}, ["1 run is complete, 1 just failed"]),
        ({"running": 1, "queued": 1}, {"running": 1, "complete": 1}, []),
        ({"running": 1}, {"stopped": 1}, []),
        ({"paused": 2}, {}, []),
        ({"complete": 5}, {"complete": 5}, []),
    ],
)
def test_the_arena_is_through_when_its_last_run_is(
    before: Mapping[TrialState, int], after: Mapping[TrialState, int], told: list[str]
) -> None:
    texts = _texts(Scene(arena=before), Scene(arena=after))
    assert len(texts) == len(told)
    assert all(part in text for part, text in zip(told, texts, strict=True))


@pytest.mark.parametrize("notify", [True, False])
async def test_what_happens_while_the_app_is_open_is_told_once_where_it_is_liked(
    open_app: OpenApp, store: Path, *, notify: bool
) -> None:
    opened = open_store(str(store))
    live = find_study(opened, LIVE).id
    async with open_app(settings=Settings(notify=notify)) as pilot:
        app = pilot.app
        await until(pilot, lambda: app.screen.query_one("StudiesTable").items)  # type: ignore[attr-defined]
        await until(pilot, lambda: app.store_watch.herald.has_looked)  # type: ignore[attr-defined]
        end_worker(opened, WORKER)
        await until(pilot, lambda: app.screen.query_one("StudiesTable").items[0].state == "lost")  # type: ignore[attr-defined]
        control_study(opened, live, "paused", "the data is gone")
        studies = app.screen.query_one("StudiesTable")
        await until(pilot, lambda: studies.items[0].state == "failed")  # type: ignore[attr-defined]
        if notify:
            await until(pilot, lambda: "the data is gone" in "".join(_toasts(app)))
        texts = _toasts(app)
    assert sum("the data is gone" in text for text in texts) == notify
    assert len(texts) <= 2 * notify


def _toasts(app: object) -> list[str]:
    return [item.message for item in app._notifications]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("environment", "sequence"),
    [
        ({"TERM": "xterm-kitty"}, "\x1b]9;bertcl: a, b[31m done\x07"),
        ({"TERM_PROGRAM": "WezTerm"}, "\x1b]9;bertcl: a, b[31m done\x07"),
        ({"TERM": "foot"}, "\x1b]777;notify;bertcl;a, b[31m done\x07"),
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux"}, ""),
    ],
)
def test_only_a_terminal_that_knows_how_is_asked_and_it_gets_plain_text(
    environment: Mapping[str, str], sequence: str
) -> None:
    assert desktop_sequence("a; b\x1b[31m\x07 done", environment) == sequence
