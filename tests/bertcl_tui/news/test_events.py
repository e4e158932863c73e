"""What is news, and what was so before."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from bertcl_tui.news.events import News, Scene, is_over, joined, news, standing
from bertcl_tui.news.herald import Herald
from bertcl_tui.news.rules import Rule, budgets_of
from bertcl_tui.settings import Settings
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow, WorkerRow, WorkerState
from bertcl_tui.store.trial_rows import StudyState, TrialState
from engine.store.connection import open_store
from engine.store.run_states import finish_run
from engine.store.studies import control_study, find_study
from engine.store.workers import end_worker
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import LIVE, RUNNING, WORKER


@pytest.fixture
def study(reader: Reader) -> StudyRow:
    return reader.studies()[0]


@pytest.fixture
def worker(reader: Reader) -> WorkerRow:
    return reader.workers()[0]


def _texts(before: Scene, after: Scene) -> list[str]:
    """Return what is told but for what a person did."""
    return [item.text for item in news(before, after) if not item.by_hand]


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
    async with open_app(size=(80, 24), settings=Settings(notify=notify)) as pilot:
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


def _between(before: StudyRow, after: StudyRow) -> list[News]:
    return list(news(Scene(studies=(before,)), Scene(studies=(after,))))


def test_another_best_is_told_and_the_same_one_run_again_is_not(study: StudyRow) -> None:
    best = study.best
    assert best is not None
    (first,) = _between(replace(study, best=None), study)
    assert (first.kind, first.study) == ("new-best", LIVE)
    assert first.facts["trial"] == best.number
    better = replace(best, number=29, p=best.p + 0.1)
    (item,) = _between(study, replace(study, best=better))
    assert item.text.startswith(f"{LIVE}: best p {better.p:.3f} (#29, 1 seed)")
    assert item.facts["before"] == best.p
    raced = replace(best, p=best.p - 0.1, seeds=3)
    assert _between(study, replace(study, best=raced)) == []
    # the best was deleted, or is run once more
    assert _between(study, replace(study, best=replace(best, number=3, p=best.p - 0.1))) == []
    other = replace(best, number=3, p=best.p - 0.1, seeds=3)
    assert len(_between(study, replace(study, best=other))) == 1


@pytest.mark.parametrize(("state", "kind"), [("collapsed", "collapse"), ("failed", "failure")])
def test_trials_that_break_at_once_are_one_piece_of_news(
    reader: Reader, study: StudyRow, state: TrialState, kind: str
) -> None:
    trials = reader.trials(study.id).rows[:7]
    broken = tuple(replace(trial, state=state, reason="no memory") for trial in trials)
    after = Scene(studies=(study,), broken={study.id: broken})
    (item,) = news(Scene(studies=(study,)), after)
    first = ", ".join(f"#{trial.number}" for trial in broken[:5])
    assert item.text == f"{LIVE}: trials {first} and 2 more {state}: no memory"
    assert item.kinds == (kind,)
    assert item.facts["trials"] == [trial.number for trial in broken]


def test_a_budget_is_spent_once(study: StudyRow) -> None:
    budgets = budgets_of([Rule(on=("budget=31", "budget=2h"))])
    ended = study.ended
    assert ended == 30
    more = replace(study, counts={**study.counts, "complete": study.counts["complete"] + 2})

    def told(before: Scene, after: Scene) -> list[str]:
        return [item.kinds[0] for item in news(before, after, budgets)]

    early = Scene(studies=(study,), worked={study.id: 7000.0})
    late = Scene(studies=(more,), worked={study.id: 7300.0})
    assert told(early, late) == ["budget=31", "budget=2h"]
    assert told(late, late) == []
    full = replace(study, counts={"complete": study.target})
    assert told(early, Scene(studies=(full,))) == ["budget", "budget=31"]
    over = news(early, Scene(studies=(replace(full, state="complete"),)))
    assert [item.kinds for item in over] == [("over", "budget")]


def test_who_has_just_come_is_told_how_studies_stand(study: StudyRow) -> None:
    def kinds(**changes: object) -> list[tuple[str, ...]]:
        return [item.kinds for item in standing([replace(study, **changes)])]

    assert kinds(state="running") == kinds(state="paused") == []
    assert kinds(state="complete") == kinds(state="stopped") == [("over",)]
    assert kinds(state="failed") == [("failure", "over")]
    assert kinds(state="lost") == [("failure",)]
    set_aside = {"state": "paused", "reason": "set aside: no model folder"}
    assert kinds(**set_aside) == [("failure", "over")]
    assert is_over(replace(study, **set_aside))
    assert not is_over(replace(study, state="paused"))


def test_what_a_person_did_is_told_to_those_who_did_not(study: StudyRow) -> None:
    (stopped,) = _between(study, replace(study, state="stopped"))
    assert (stopped.kinds, stopped.by_hand) == (("over",), True)
    (deleted,) = news(Scene(studies=(study,)), Scene())
    assert (deleted.text, deleted.by_hand) == (f"{LIVE} was deleted", True)


def test_many_lines_are_told_in_a_few(study: StudyRow) -> None:
    several = [News(text=f"line {number}", kinds=("over",)) for number in range(9)]
    assert joined(several).splitlines()[4:] == ["line 4", "and 4 more"]


def test_a_herald_finds_which_trials_broke(store: Path, reader: Reader) -> None:
    herald = Herald(reader, lambda: budgets_of([Rule(on=("budget=1h",))]), at_once=True)
    assert herald.look() == ()
    assert all(seconds > 0 for seconds in herald.scene.worked.values())
    opened = open_store(str(store))
    finish_run(opened, RUNNING, WORKER, state="collapsed", reason="one class", busy_seconds=1.0)
    herald._looked_at = float("-inf")
    told = [(item.kind, item.text) for item in herald.look()]
    assert told == [("collapse", f"{LIVE}: trial #30 collapsed: one class")]
