"""Workers that propose for one search, without the learning."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import event, select
from sqlalchemy.pool import Pool

from engine.errors import DeletedError
from engine.search.trials import Search
from engine.spec import SearchSettings, StudySpec, derived_seed
from engine.spec.search import Racing, Stages, WhenFlat
from engine.store.connection import Store
from engine.store.deletion import delete_study, hide_studies, restore_latest
from engine.store.leases import become_proposer, begin_first_stage, end_first_stage, leave_proposer
from engine.store.measurements import Progress, StageRecord, record_progress, record_stages
from engine.store.names import rename_study
from engine.store.notices import Notices
from engine.store.places import place_of
from engine.store.run_states import claim_run, control_run, finish_run, retry_run
from engine.store.runs import RunRecord, Scores, get_run, trials_of
from engine.store.schema import log
from engine.store.searches import studies_wanting_trials
from engine.store.states import RunState
from engine.store.studies import control_study, create_study, get_study
from engine.store.workers import WorkerIdentity, end_worker, register_worker
from engine.work.heartbeat import Heartbeat
from engine.work.learning import WorkerContext
from engine.work.patience import Patience
from engine.work.searches import Searches
from engine.work.turns import propose
from engine.work.worker import _log_run
from tests.tiny import tiny_backbone


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_backbone(tmp_path_factory.mktemp("backbone"))


def study(
    store: Store,
    backbone: Path,
    *,
    trials: int = 9,
    in_order: int | None = None,
    stages: Stages = "all",
    racing: Racing = "off",
    when_flat: WhenFlat = "go-on",
    name: str = "tiny",
) -> int:
    settings = SearchSettings(
        trials=trials,
        in_order=in_order,
        searched_stages=stages,
        racing=racing,
        when_flat=when_flat,
        sampler="random",
    )
    return create_study(
        store,
        StudySpec(
            name=name, sequence=("a", "b"), data="none", model=str(backbone), search=settings
        ),
    )


def worker(store: Store, pid: int) -> int:
    identity = WorkerIdentity(host="here", pid=pid, process_start=1.0)
    return register_worker(store, identity, device="cpu", threads=1, log_file=None)


def searches_of(store: Store, worker_id: int) -> Searches:
    return Searches(store, worker_id, Patience(Event()), ("auto", "cpu"))


def claimed(store: Store, worker_id: int) -> RunRecord:
    record = claim_run(store, worker_id, threads=1)
    assert record is not None
    return record


def finish(store: Store, record: RunRecord, worker_id: int, state: RunState = "complete") -> None:
    scores = Scores(p_o=0.5, p_s=0.5) if state == "complete" else None
    finish_run(store, record.id, worker_id, state=state, scores=scores)


def told(store: Store) -> list[TrialState]:
    return [each.state for each in optuna.load_study(study_name="tiny", storage=store.url).trials]


def test_whoever_comes_next_proposes_at_once_when_a_proposer_died(
    store: Store, backbone: Path
) -> None:
    study_id, dead, next_one = study(store, backbone), worker(store, 1), worker(store, 2)
    become_proposer(store, study_id, dead)
    searches = searches_of(store, next_one)
    assert not searches.propose_trial()
    end_worker(store, dead)
    assert searches.propose_trial()
    assert [trial.number for trial in trials_of(store, study_id)] == [0]


@pytest.mark.parametrize(
    ("state", "as_told"), [("complete", TrialState.COMPLETE), ("failed", TrialState.FAIL)]
)
def test_an_end_that_a_worker_died_over_is_told_even_when_the_search_is_over(
    store: Store, backbone: Path, state: RunState, as_told: TrialState
) -> None:
    study(store, backbone, trials=1)
    one, other = worker(store, 1), worker(store, 2)
    searches_of(store, one).propose_trial()
    finish(store, claimed(store, one), one, state)
    assert told(store) == [TrialState.RUNNING]
    assert not searches_of(store, other).propose_trial()
    assert told(store) == [as_told]


def test_an_end_that_cannot_be_told_ends_no_worker(
    store: Store, backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(store, backbone, trials=1)
    one, other = worker(store, 1), worker(store, 2)
    searches_of(store, one).propose_trial()
    finish(store, claimed(store, one), one)
    asked = []

    def fail(*_: object) -> None:
        asked.append(1)
        raise ValueError("a bug")

    monkeypatch.setattr(Search, "unfinished", fail)
    searches = searches_of(store, other)
    assert not searches.propose_trial()
    assert not searches.propose_trial()
    assert len(asked) == 1


def test_a_trial_that_was_stopped_while_it_waited_is_told(store: Store, backbone: Path) -> None:
    study_id, one = study(store, backbone, trials=1), worker(store, 1)
    searches = searches_of(store, one)
    searches.propose_trial()
    (trial,) = trials_of(store, study_id)
    control_run(store, trial.id, "stopped")
    searches.propose_trial()
    assert told(store) == [TrialState.FAIL]


def test_in_order_a_worker_waits_for_a_trial_that_another_is_at(
    store: Store, backbone: Path
) -> None:
    study(store, backbone, in_order=1)
    one, other = worker(store, 1), worker(store, 2)
    searches = searches_of(store, one)
    assert searches.propose_trial()
    record = claimed(store, one)
    waiting = searches_of(store, other)
    assert not waiting.propose_trial()
    assert waiting.must_wait()
    finish(store, record, one)
    assert not waiting.must_wait()
    assert waiting.propose_trial()


def test_a_worker_waits_while_another_asks_the_sampler(store: Store, backbone: Path) -> None:
    study_id = study(store, backbone)
    one, other = worker(store, 1), worker(store, 2)
    waiting = searches_of(store, other)
    assert become_proposer(store, study_id, one)
    assert not waiting.propose_trial()
    assert waiting.must_wait()
    leave_proposer(store, study_id, one)
    assert waiting.must_wait()
    assert waiting.propose_trial()
    assert not waiting.must_wait()


def test_a_worker_proposes_as_soon_as_another_has_asked_the_sampler(
    store: Store, backbone: Path
) -> None:
    study_id = study(store, backbone)
    one, other = worker(store, 1), worker(store, 2)
    assert become_proposer(store, study_id, one)

    class Waiting(Patience):
        def wait(self, _: float) -> None:
            leave_proposer(store, study_id, one)

    context = context_of(store, other, Waiting(Event()))
    assert propose(context, Searches(store, other, context.patience, ("auto", "cpu")))
    assert len(trials_of(store, study_id)) == 1


def test_a_worker_that_is_to_end_waits_for_no_turn(store: Store, backbone: Path) -> None:
    study_id, ending = study(store, backbone), Event()
    one, other = worker(store, 1), worker(store, 2)
    assert become_proposer(store, study_id, one)
    ending.set()
    context = context_of(store, other, Patience(ending))
    assert not propose(context, Searches(store, other, context.patience, ("auto", "cpu")))


def context_of(store: Store, worker_id: int, patience: Patience) -> WorkerContext:
    return WorkerContext(
        store=store,
        worker_id=worker_id,
        device="cpu",
        devices=("auto", "cpu"),
        heartbeat=Heartbeat(store, worker_id, "cpu", patience._ending),
        patience=patience,
        checkpoint_seconds=0.0,
        notices=Notices(store, "work"),
        place=place_of(store),
    )


def test_no_trial_is_proposed_while_the_stage_that_all_go_on_from_is_learnt(
    store: Store, backbone: Path
) -> None:
    study_id = study(store, backbone, stages="later")
    one, other = worker(store, 1), worker(store, 2)
    searches_of(store, one).propose_trial()
    record = claimed(store, one)
    assert begin_first_stage(store, record.id, one, "key") is None
    waiting = searches_of(store, other)
    assert not waiting.propose_trial()
    assert waiting.must_wait()
    end_first_stage(store, record.id, one)
    assert not waiting.must_wait()
    assert waiting.propose_trial()
    seeds = [(trial.spec.first_seed, trial.spec.seed) for trial in trials_of(store, study_id)]
    assert seeds[0][0] == seeds[1][0] == seeds[0][1]
    assert seeds[1][1] != seeds[0][1]
    assert "published" not in [start.label for start in waiting._search(study_id)._starts]


def test_trials_are_proposed_while_a_race_learns_its_own_first_stage(
    store: Store, backbone: Path
) -> None:
    study_id = study(store, backbone, stages="later", racing="on")
    one, other = worker(store, 1), worker(store, 2)
    searches = searches_of(store, one)
    for _ in range(8):
        done(store, searches, one, 1.0)
    assert searches.propose_trial()
    race = claimed(store, one)
    assert race.number is None
    begin_first_stage(store, race.id, one, "key")
    waiting = searches_of(store, other)
    assert not waiting.must_wait()
    assert waiting.propose_trial()
    assert waiting.propose_trial()
    assert len(trials_of(store, study_id)) == 9


@pytest.mark.parametrize(("step", "desired"), [(7, "paused"), (10, "paused"), (11, "running")])
def test_a_search_waits_where_the_stage_that_all_go_on_from_collapses(
    store: Store, backbone: Path, step: int, desired: str
) -> None:
    study_id, one = study(store, backbone, stages="later"), worker(store, 1)
    searches = searches_of(store, one)
    searches.propose_trial()
    record = claimed(store, one)
    stages = [
        StageRecord(stage=place, task=task, first_step=10 * place, last_step=10 * (place + 1))
        for place, task in enumerate("ab")
    ]
    record_stages(store, record.id, one, stages)
    record_progress(store, record.id, one, Progress(step=step, steps=20))
    finish_run(store, record.id, one, state="collapsed", reason="loss became nan")
    searches.tell(get_run(store, record.id))
    waiting = get_study(store, study_id)
    assert waiting.desired == desired
    assert waiting.reason == (
        None
        if desired == "running"
        else "stage 1, which every trial goes on from, collapsed at 5e-05: loss became nan; search "
        "anew with another --first-lr"
    )


def test_a_study_that_is_deleted_meanwhile_is_let_go(store: Store, backbone: Path) -> None:
    study_id, one = study(store, backbone, in_order=1), worker(store, 1)
    searches = searches_of(store, one)
    search = searches._search(study_id)
    delete_study(store, study_id)
    for ask in (search.propose, search.must_wait, search.unfinished, search.begun):
        with pytest.raises(DeletedError, match="study 'tiny' was deleted"):
            ask()
    assert not searches.propose_trial()


def test_a_search_goes_on_when_its_study_has_another_name(store: Store, backbone: Path) -> None:
    study_id, one, two = study(store, backbone), worker(store, 1), worker(store, 2)
    searches = searches_of(store, one)
    late = searches_of(store, two)
    assert late._spec(study_id).name == "tiny"  # known, and not opened yet
    assert searches.propose_trial()
    record = claimed(store, one)
    rename_study(store, study_id, "small")
    finish(store, record, one)
    searches.tell(get_run(store, record.id))
    assert searches.propose_trial()
    assert late.propose_trial()
    assert [trial.number for trial in trials_of(store, study_id)] == [0, 1, 2]
    assert optuna.get_all_study_names(store.url) == ["small"]
    trials = optuna.load_study(study_name="small", storage=store.url).trials
    assert [trial.state for trial in trials] == [
        TrialState.COMPLETE,
        TrialState.RUNNING,
        TrialState.RUNNING,
    ]


def test_nothing_is_proposed_for_a_study_that_was_deleted_until_it_is_back(
    store: Store, backbone: Path
) -> None:
    study_id, one = study(store, backbone), worker(store, 1)
    searches = searches_of(store, one)
    hide_studies(store, [study_id])
    assert not searches.propose_trial()
    restore_latest(store)
    assert searches.propose_trial()


def done(store: Store, searches: Searches, worker_id: int, p: float) -> RunRecord:
    assert searches.propose_trial()
    record = claimed(store, worker_id)
    scores = Scores(p_o=p - 0.5, p_s=0.5)
    finish_run(store, record.id, worker_id, state="complete", scores=scores)
    searches.tell(get_run(store, record.id))
    return record


def test_the_best_trials_race_while_others_are_tried(store: Store, backbone: Path) -> None:
    study_id, worker_id = study(store, backbone, racing="on"), worker(store, 1)
    searches = searches_of(store, worker_id)
    trials = [done(store, searches, worker_id, 1.0 + 0.1 * (n == 3)) for n in range(8)]
    first, second = (done(store, searches, worker_id, 1.2) for _ in range(2))
    assert [race.label for race in (first, second)] == [
        "again #3, seed 2 of 3",
        "again #3, seed 3 of 3",
    ]
    assert [race.name for race in (first, second)] == [race.label for race in (first, second)]
    assert [race.number for race in (first, second)] == [None] * 2
    assert [race.spec.seed for race in (first, second)] == [
        derived_seed("racing", 0, index) for index in range(2)
    ]
    assert first.spec.learning_rates == trials[3].spec.learning_rates
    assert done(store, searches, worker_id, 1.0).number == 8
    assert done(store, searches, worker_id, 1.0).name == "again #0, seed 2 of 3"
    assert not searches.propose_trial(), "a third of the trials have raced"
    assert len(told(store)) == len(trials_of(store, study_id)) == 9


def test_who_tells_the_sampler_of_an_end_leaves_why_a_search_is_paused(
    store: Store, backbone: Path
) -> None:
    study_id, worker_id = study(store, backbone), worker(store, 1)
    searches = searches_of(store, worker_id)
    assert searches.propose_trial()
    (trial,) = trials_of(store, study_id)
    control_study(store, study_id, "paused", "3 trials failed in a row; the last: out of memory")
    control_run(store, trial.id, "stopped")
    assert told(store) == [TrialState.RUNNING]
    assert not searches.propose_trial()
    assert told(store) == [TrialState.FAIL]
    assert "out of memory" in (get_study(store, study_id).reason or "")


def test_a_search_that_is_flat_ends_and_says_why(store: Store, backbone: Path) -> None:
    study_id = study(store, backbone, trials=200, when_flat="stop")
    worker_id = worker(store, 1)
    searches = searches_of(store, worker_id)
    tried = 0
    while tried < 200 and get_study(store, study_id).trials == 200:
        if searches.propose_trial():
            record = claimed(store, worker_id)
            if tried == 3:  # the sampler knows both of its ends, as two trials
                finish_run(store, record.id, worker_id, state="failed", reason="out of memory")
                searches.tell(get_run(store, record.id))
                retry_run(store, record.id)
                record = claimed(store, worker_id)
            finish(store, record, worker_id)
            searches.tell(get_run(store, record.id))
            tried += 1
    assert studies_wanting_trials(store) == []
    ended = get_study(store, study_id)
    assert 20 <= tried == ended.trials < 200
    words = f"the last {tried // 6 * 5} of {tried - 1} trials gained nothing"  # but the failed one
    assert ended.reason == f"ended early: {words}"
    control_study(store, study_id, "paused")
    control_study(store, study_id, "running")
    assert not searches.propose_trial()
    assert get_study(store, study_id).reason == ended.reason


@pytest.fixture
def connections() -> Iterator[set[object]]:
    """What is connected to databases."""
    there: set[object] = set()

    def connected(driver: object, _: object) -> None:
        there.add(driver)

    def closed(driver: object, _: object) -> None:
        there.discard(driver)

    event.listen(Pool, "connect", connected)
    event.listen(Pool, "close", closed)
    yield there
    event.remove(Pool, "connect", connected)
    event.remove(Pool, "close", closed)


def test_a_worker_is_connected_for_searches_that_want_trials_or_judge_one(
    store: Store, backbone: Path, connections: set[object]
) -> None:
    own = worker(store, 1)
    searches, judging, over = searches_of(store, own), [], []
    for name in ("dawn", "noon", "dusk"):
        study(store, backbone, trials=1, name=name)
        assert searches.propose_trial()
        run = claimed(store, own)
        judge = searches.judge(run)
        assert not searches.propose_trial()
        judging.append(len(connections))
        finish(store, run, own)
        searches.tell(get_run(store, run.id))
        del judge
        assert not searches.propose_trial()
        over.append(len(connections))
    assert len(set(over)) == 1
    assert min(judging) > over[0]


def test_lines_of_the_log_have_the_name_that_a_study_has_now(store: Store, backbone: Path) -> None:
    study_id, own = study(store, backbone), worker(store, 1)
    searches_of(store, own).propose_trial()
    run, context = claimed(store, own), context_of(store, own, Patience(Event()))
    for name in ("tiny", "small"):
        rename_study(store, study_id, name)
        _log_run(context, run, "goes on")
        with store.reading() as connection:
            lines = connection.execute(select(log.c.text).order_by(log.c.id)).scalars().all()
        assert lines[-1].endswith(f"goes on · {name}")
