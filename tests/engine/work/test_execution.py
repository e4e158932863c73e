"""What becomes of a run, and of its checkpoint, when something goes wrong around it."""

import gc
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import msgspec
import pytest
import torch
from huggingface_hub import constants
from msgspec.structs import replace
from sqlalchemy import event, select, update
from sqlalchemy.pool import ConnectionPoolEntry

from engine.errors import StorageError
from engine.learning.checkpoint import read_position
from engine.learning.events import Measured, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.plan import StagePlan
from engine.places.named import CACHES, CHECKPOINTS
from engine.search.collapse import Look
from engine.spec import Protocol, RunSpec, SearchSettings, StudySpec
from engine.store.confusions import confusions_of
from engine.store.connection import Store, open_store
from engine.store.deletion import delete_study
from engine.store.leases import LeaseLostError, any_waits_for_first_stage
from engine.store.measurements import MeasurementRecord, Progress, measurements_of, record_progress
from engine.store.notices import Notices
from engine.store.places import FIRST_STAGES, place_of, run_folder
from engine.store.run_states import claim_run, control_run, create_run
from engine.store.runs import get_run
from engine.store.schema import log, run
from engine.store.searches import spending_of
from engine.store.states import SET_ASIDE
from engine.store.studies import control_study, create_study, get_study
from engine.store.traces import traces_of
from engine.store.workers import end_worker, living_workers, register_worker
from engine.work import control
from engine.work.control import Interrupted
from engine.work.execution import execute
from engine.work.heartbeat import Heartbeat
from engine.work.judge import Judge, Verdict
from engine.work.learning import Outcome, WorkerContext
from engine.work.patience import Patience
from engine.work.processes import identity_of
from tests.engine.work.test_patience import Pauses
from tests.tiny import tiny_backbone, tiny_tasks

pytestmark = pytest.mark.long


@pytest.fixture(scope="module", autouse=True)
def _quiet_and_cached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTCL_CACHE", str(tmp_path_factory.mktemp("cache")))
        # Checkpoints after every step, whatever they cost.
        patch.setattr("engine.work.checkpoints._LEAST_SHARE", 0)
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> RunSpec:
    return RunSpec(
        sequence=("mood", "agree"),
        data=str(tiny_tasks(tmp_path_factory.mktemp("tasks"))),
        model=str(tiny_backbone(tmp_path_factory.mktemp("backbone"), num_hidden_layers=1)),
        method="flat",
        options={"lr": 3e-3},
        protocol=Protocol(
            epochs=1,
            batch_size=8,  # six steps a stage
            measures_per_epoch=2,
            retention_rows=16,
            precision="fp32",
        ),
        device="cpu",
    )


@pytest.fixture(scope="module")
def undisturbed(spec: RunSpec, tmp_path_factory: pytest.TempPathFactory) -> list[MeasurementRecord]:
    store = open_store(str(tmp_path_factory.mktemp("undisturbed") / "studies.db"))
    run_id = create_run(store, spec)
    outcome = work(store)
    assert outcome is not None
    assert outcome.state == "complete"
    found = measurements_of(store, run_id)
    store.close()
    return found


def work(
    store: Store,
    judge: Judge | None = None,
    *,
    pauses: Event | None = None,
    checkpoint_seconds: float = 0.0,
) -> Outcome | None:
    """Do what a worker does with the next run."""
    worker = register_worker(store, identity_of(), device="cpu", threads=1, log_file=None)
    run = claim_run(store, worker, threads=1)
    assert run is not None
    ending = pauses or Event()
    context = WorkerContext(
        store=store,
        worker_id=worker,
        device="cpu",
        devices=("auto", "cpu"),
        heartbeat=Heartbeat(store, worker, "cpu", ending),
        patience=Patience(ending, run_seconds=0.0),
        checkpoint_seconds=checkpoint_seconds,
        notices=Notices(store),
        place=place_of(store),
    )
    return execute(context, run, lambda _: judge or Judge())


def first_steps(store: Store) -> int:
    """Let a worker do the next run to its end; return at which step it began to learn."""
    steps: list[int] = []

    class Count(Judge):
        def weigh_loss(self, event: Stepped) -> None:
            steps.append(event.step)

    outcome = work(store, Count())
    assert outcome is not None
    assert outcome.state == "complete"
    return steps[0]


def test_a_trial_is_measured_for_the_report_at_its_end_alone(store: Store, spec: RunSpec) -> None:
    study_id = create_study(store, study_of(spec))
    run_id = create_run(store, spec, study_id=study_id, number=0)
    outcome = work(store)
    assert outcome is not None
    assert outcome.reported is not None
    found = measurements_of(store, run_id, "validation")
    assert [(item.stage, item.task) for item in found] == [(1, 0), (1, 1)]
    assert [item.accuracy for item in found] == [outcome.reported.p_o, outcome.reported.p_s]


class Collapses(Judge):
    """Ends a run at the end of its first stage."""

    def would_end(self, event: Measured) -> bool:
        return event.fraction == 1.0

    def weigh(self, event: Measured, look: Look) -> None:
        if self.would_end(event):
            self.verdict = Verdict("collapsed", "one class")


def test_a_run_that_collapses_is_not_measured_for_the_report(store: Store, spec: RunSpec) -> None:
    run_id = create_run(store, spec)
    outcome = work(store, Collapses())
    assert outcome == Outcome("collapsed", "one class")
    assert measurements_of(store, run_id, "search")
    assert measurements_of(store, run_id, "validation") == []


def test_a_model_is_let_go_of_when_its_run_is_over(store: Store, spec: RunSpec) -> None:
    def learners() -> int:
        return sum(type(item) is SequenceLearner for item in gc.get_objects())

    gc.collect()
    before = learners()
    gc.disable()  # its turn comes after many runs
    try:
        for judge in (Judge(), Collapses()):
            create_run(store, spec)
            assert work(store, judge) is not None
            assert learners() == before
    finally:
        gc.enable()


class AtStep(Judge):
    """Lets something happen when a step was taken."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step

    def weigh_loss(self, event: object) -> None:
        if getattr(event, "step", None) == self.step:
            self.happen()

    def happen(self) -> None:
        raise NotImplementedError


def kept(store: Store, run_id: int) -> list[Path]:
    return sorted((store.folder / f"run-{run_id}").glob("checkpoint*"))


def told(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(log.c.text).order_by(log.c.id)).scalars())


class Lock(AtStep):
    """Another program takes the store and keeps it; ``give_back`` ends that."""

    def __init__(self, store: Store, step: int) -> None:
        super().__init__(step)
        event.listen(store.engine, "connect", _wait_little)
        store.engine.dispose()
        self._other = sqlite3.connect(str(store.path), isolation_level=None)

    def happen(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")

    def give_back(self) -> None:
        if self._other.in_transaction:
            self._other.execute("ROLLBACK")


def _wait_little(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA busy_timeout=1")


def require_next_worker_ends_as(
    undisturbed: list[MeasurementRecord], store: Store, run_id: int
) -> None:
    """Let the worker that holds the run end, and the next one finish it to the same numbers."""
    assert get_run(store, run_id).state == "running"
    (worker,) = living_workers(store)
    end_worker(store, worker.id)
    again = work(store)
    assert again is not None
    assert again.state == "complete"
    scored = [item for item in undisturbed if item.split != "validation"]
    found = [item for item in measurements_of(store, run_id) if item.split != "validation"]
    assert found == scored


def test_a_locked_store_gives_the_run_back_and_it_goes_on_where_it_was(
    store: Store, spec: RunSpec, undisturbed: list[MeasurementRecord]
) -> None:
    run_id, lock = create_run(store, spec), Lock(store, 5)
    outcome = work(store, lock, pauses=Pauses(meanwhile=lock.give_back))
    assert outcome is not None
    assert outcome.state == "paused"
    back = get_run(store, run_id)
    assert (back.state, back.desired) == ("paused", "running")
    assert "stayed locked" in (back.reason or "")
    assert kept(store, run_id)

    again = work(store)
    assert again is not None
    assert again.state == "complete"
    assert measurements_of(store, run_id) == undisturbed
    assert not kept(store, run_id)


def test_a_worker_that_ends_while_the_store_is_locked_leaves_its_run_to_the_next(
    store: Store, spec: RunSpec, undisturbed: list[MeasurementRecord]
) -> None:
    run_id, lock, ending = create_run(store, spec), Lock(store, 5), Pauses()
    ending.meanwhile = ending.set
    with pytest.raises(StorageError):
        work(store, lock, pauses=ending)
    lock.give_back()
    require_next_worker_ends_as(undisturbed, store, run_id)


def test_a_run_goes_on_from_a_place_that_hosts_share_and_leaves_no_checkpoint_there(
    store: Store,
    spec: RunSpec,
    undisturbed: list[MeasurementRecord],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CHECKPOINTS.variable, f"memory://shared-{os.getpid()}")
    run_id, lock = create_run(store, spec), Lock(store, 5)
    outcome = work(store, lock, pauses=Pauses(meanwhile=lock.give_back))
    assert outcome is not None
    assert outcome.state == "paused"
    assert not kept(store, run_id)
    place = place_of(store)
    assert [folder.path.name for folder in place.folders()] == [run_folder(run_id)]
    kept_there = place.files(run_folder(run_id))
    newer = max(kept_there, key=lambda file: file.written_at)
    place.write(newer.path.as_posix(), lambda path: path.write_bytes(b"torn"))

    assert first_steps(store) > 3, "the older one serves where the newer is torn"
    assert measurements_of(store, run_id) == undisturbed
    assert [folder.path.name for folder in place.folders()] == [FIRST_STAGES]


def test_a_run_learns_on_without_shared_caches_and_people_are_told_once(
    store: Store, spec: RunSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.tasks.cache.own_folder", lambda kind: tmp_path / kind)
    monkeypatch.setenv(CACHES.variable, (tmp_path / "mounted-later").as_uri())
    for length, judge, state in ((20, Judge(), "complete"), (21, Collapses(), "collapsed")):
        create_run(store, replace(spec, protocol=replace(spec.protocol, max_length=length)))
        outcome = work(store, judge)
        assert outcome is not None
        assert outcome.state == state
    with store.reading() as connection:
        said = [line for line in connection.scalars(select(log.c.text)) if "caches" in line]
    assert len(said) == 1
    assert f"learns without the shared caches: caches: there is no folder {tmp_path}" in said[0]


def test_what_cannot_be_read_just_now_is_not_deleted(store: Store, spec: RunSpec) -> None:
    run_id = create_run(store, spec)
    in_its_place = store.folder / f"run-{run_id}" / "checkpoint-1.safetensors"
    in_its_place.mkdir(parents=True)
    outcome = work(store)
    assert outcome is not None
    assert outcome.state == "paused"
    assert "cannot be read" in (outcome.reason or "")
    assert in_its_place.exists()


@pytest.mark.parametrize("of_a_study", [False, True])
def test_a_run_whose_model_is_gone_waits_for_it_and_goes_on_where_it_was(
    store: Store,
    spec: RunSpec,
    undisturbed: list[MeasurementRecord],
    tmp_path: Path,
    of_a_study: bool,
) -> None:
    folder = shutil.copytree(spec.model, tmp_path / "model")
    spec = replace(spec, model=str(folder))
    study_id = create_study(store, study_of(spec)) if of_a_study else None
    run_id = create_run(store, spec, study_id=study_id, number=0 if of_a_study else None)

    class Pause(AtStep):
        def happen(self) -> None:
            control_run(store, run_id, "paused")

    work(store, Pause(5))
    folder.rename(tmp_path / "elsewhere")
    control_run(store, run_id, "running")
    outcome = work(store)
    gone = f"no model folder '{folder}'; give a folder with config.json, or a hub name"
    reason = f"{SET_ASIDE}{gone}"
    assert outcome == Outcome("paused", reason)
    waiting = get_run(store, run_id)
    assert (waiting.state, waiting.desired, waiting.reason) == ("paused", "paused", reason)
    assert waiting.is_set_aside
    assert kept(store, run_id)

    (tmp_path / "elsewhere").rename(folder)
    if study_id is None:
        control_run(store, run_id, "running")
    else:
        assert get_study(store, study_id).reason == reason
        control_study(store, study_id, "running")
    again = work(store)
    assert again is not None
    assert again.state == "complete"
    scored = [item for item in undisturbed if item.split != "validation"]
    found = [item for item in measurements_of(store, run_id) if item.split != "validation"]
    assert found == scored


def test_a_hub_that_does_not_answer_gives_the_run_back_and_it_goes_on(
    store: Store,
    spec: RunSpec,
    undisturbed: list[MeasurementRecord],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id = create_run(store, replace(spec, model="no-such-org/no-such-model"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    outcome = work(store)
    assert outcome is not None
    assert (outcome.state, outcome.in_trouble) == ("paused", True)
    back = get_run(store, run_id)
    assert (back.state, back.desired) == ("paused", "running")
    assert "cannot reach http://127.0.0.1:9 for model" in (back.reason or "")

    with store.writing() as connection:  # the hub answers, with the same weights
        connection.execute(update(run).values(spec=msgspec.json.encode(spec).decode()))
    again = work(store)
    assert again is not None
    assert again.state == "complete"
    assert measurements_of(store, run_id) == undisturbed


def test_what_may_not_be_asked_for_waits_for_a_person(
    store: Store, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = create_run(store, replace(spec, model="no-such-org/no-such-model"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    outcome = work(store)
    assert outcome is not None
    assert (outcome.state, outcome.in_trouble) == ("paused", False)
    assert get_run(store, run_id).desired == "paused"


def study_of(spec: RunSpec) -> StudySpec:
    return StudySpec(
        name="mine",
        sequence=spec.sequence,
        data=spec.data,
        model=spec.model,
        protocol=spec.protocol,
        device=spec.device,
    )


def test_learning_goes_on_without_room_for_a_checkpoint(
    store: Store, spec: RunSpec, undisturbed: list[MeasurementRecord]
) -> None:
    run_id = create_run(store, spec)
    store.folder.write_text("no folder can be made here")
    outcome = work(store)
    assert outcome is not None
    assert outcome.state == "complete"
    assert measurements_of(store, run_id) == undisturbed
    (line,) = told(store)
    assert line.startswith(f"run {run_id} learns on without one: checkpoint ")


def test_a_pause_is_obeyed_without_room_for_a_checkpoint(store: Store, spec: RunSpec) -> None:
    run_id = create_run(store, spec)
    store.folder.write_text("no folder can be made here")

    class Pause(AtStep):
        def happen(self) -> None:
            control_run(store, run_id, "paused")

    outcome = work(store, Pause(3), checkpoint_seconds=1000)
    assert outcome is not None
    assert get_run(store, run_id).state == "paused"
    assert "cannot be written" in (get_run(store, run_id).reason or "")


def test_a_pause_before_a_step_is_measured_loses_nothing_of_the_step(
    store: Store, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = create_run(store, spec)
    measure = SequenceLearner._measure

    def pause(learner: SequenceLearner, plan: StagePlan, stage: int, step: int) -> Measured:
        if (stage, step) == (1, plan.steps):
            control_run(store, run_id, "paused")
            raise Interrupted("paused")
        return measure(learner, plan, stage, step)

    with monkeypatch.context() as patch:
        patch.setattr(SequenceLearner, "_measure", pause)
        assert work(store) == Outcome("paused")
    assert [trace.step for trace in traces_of(store, run_id)] == [*range(1, 13)]
    control_run(store, run_id, "running")
    outcome = work(store)
    assert outcome is not None
    assert outcome.state == "complete"
    assert [trace.step for trace in traces_of(store, run_id)] == [*range(1, 13)]


@pytest.mark.parametrize("state", ["stopped", "failed"])
def test_what_may_be_wanted_once_more_keeps_its_checkpoint(
    store: Store, spec: RunSpec, state: str
) -> None:
    run_id = create_run(store, spec)

    class End(AtStep):
        def happen(self) -> None:
            if state == "failed":
                raise ValueError("shapes differ")
            control_run(store, run_id, "stopped")

    outcome = work(store, End(5))
    assert outcome is not None
    assert outcome.state == state
    assert get_run(store, run_id).state == state
    assert kept(store, run_id)


def test_a_full_disk_around_the_run_is_no_fault_of_the_run(store: Store, spec: RunSpec) -> None:
    run_id = create_run(store, spec)

    class Full(AtStep):
        def happen(self) -> None:
            raise OSError(28, "No space left on device", "/cache/tokens")

    outcome = work(store, Full(5))
    assert outcome is not None
    assert outcome.state == "paused"
    assert (
        get_run(store, run_id).reason == "/cache/tokens: no space left on device; free some space"
    )


def test_no_checkpoint_is_written_where_the_last_worker_died(store: Store, spec: RunSpec) -> None:
    run_id = create_run(store, spec)
    lost = register_worker(store, identity_of(), device="cpu", threads=1, log_file=None)
    claim_run(store, lost, threads=1)
    record_progress(store, run_id, lost, Progress(step=3, steps=12))
    end_worker(store, lost)
    found: list[int] = []

    class Look(Judge):
        def weigh_loss(self, event: Stepped) -> None:
            found.append(len(kept(store, run_id)))

    work(store, Look())
    assert found.index(1) == 4, "the file is there when step 5 was taken"


class Break(AtStep):
    """The GPU fails, as torch says it."""

    def happen(self) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


def test_a_gpu_that_fails_ends_the_worker_and_no_run(
    store: Store, spec: RunSpec, undisturbed: list[MeasurementRecord]
) -> None:
    run_id = create_run(store, spec)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        work(store, Break(5))
    require_next_worker_ends_as(undisturbed, store, run_id)


def test_dying_at_one_step_again_and_again_is_the_runs_fault(store: Store, spec: RunSpec) -> None:
    run_id = create_run(store, spec)
    for step in (8, 9, 9, 9, 9, 9):
        lost = register_worker(store, identity_of(), device="cpu", threads=1, log_file=None)
        assert claim_run(store, lost, threads=1)
        record_progress(store, run_id, lost, Progress(step=step, steps=48))
        end_worker(store, lost)
    outcome = work(store)
    assert outcome is not None
    assert outcome.state == "failed"
    assert "its worker died 5 times at step 9, and none got any further" in (outcome.reason or "")


class Die(AtStep):
    """The worker dies, as far as the store can tell."""

    def __init__(self, store: Store, step: int) -> None:
        super().__init__(step)
        self._store = store

    def happen(self) -> None:
        (worker,) = living_workers(self._store)
        end_worker(self._store, worker.id)
        raise LeaseLostError("dead")


def _positions(store: Store, run_id: int) -> dict[int, Path]:
    """Return the run's checkpoints by their step."""
    found = {path: read_position(path) for path in kept(store, run_id)}
    return {position.step: path for path, position in found.items() if position is not None}


@pytest.mark.parametrize("damaged", [1, 2])
def test_a_damaged_checkpoint_is_noticed_and_the_one_before_it_used(
    store: Store, spec: RunSpec, undisturbed: list[MeasurementRecord], damaged: int
) -> None:
    run_id = create_run(store, spec)
    assert work(store, Die(store, 5)) is None
    places = _positions(store, run_id)
    assert sorted(places) == [3, 4]
    for step in sorted(places, reverse=True)[:damaged]:
        content = bytearray(places[step].read_bytes())
        content[-1] ^= 1
        places[step].write_bytes(content)
    (places[4].parent / ".checkpoint-1.safetensors.ab12.part").write_bytes(b"half")

    outcome = work(store)
    assert outcome is not None
    assert outcome.state == "complete"
    assert measurements_of(store, run_id) == undisturbed
    (line,) = told(store)
    goes_on = "goes on from step 3" if damaged == 1 else "begins anew after step 4"
    assert line.startswith(f"run {run_id} {goes_on}: checkpoint ")
    assert "is damaged (its checksum is another)" in line
    assert not (store.folder / f"run-{run_id}").exists()


class EndAfter(Event):
    """The worker is to end when it was looked up so often whether it is."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def is_set(self) -> bool:
        self.looks -= 1
        return self.looks < 0


def test_a_run_that_is_given_back_again_and_again_learns_the_same(
    store: Store, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_LOOK_SECONDS", 0.0)
    asked = replace(spec, method="ewc-task", options={**spec.options, "rows": 8})
    found = []
    for ends in (False, True):
        run_id = create_run(store, asked)
        looks, states = 0, []
        while not states or states[-1] == "paused":
            looks += 13
            outcome = work(store, pauses=EndAfter(looks) if ends else None)
            assert outcome is not None
            states.append(outcome.state)
        assert states[-1] == "complete"
        assert (len(states) > 2) == ends
        counted = confusions_of(store, run_id)
        assert [(item.stage, item.task) for item in counted] == [(0, 0), (1, 0), (1, 1)]
        found.append((measurements_of(store, run_id), counted))
    assert found[0] == found[1]


def test_nothing_stays_of_a_run_that_is_deleted_while_it_is_worked_on(
    store: Store, spec: RunSpec
) -> None:
    """Its worker was taken for lost, and is just about to write a checkpoint."""
    search = StudySpec(name="gone", sequence=spec.sequence, data=spec.data, model=spec.model)
    study_id = create_study(store, search)
    run_id = create_run(store, spec, study_id=study_id, number=0)

    class Deleted(Judge):
        def dump(self) -> str:
            with store.writing() as connection:
                connection.execute(update(run).values(heartbeat_at=0.0))
            delete_study(store, study_id)
            return super().dump()

    assert work(store, Deleted()) is None
    assert not (store.folder / f"run-{run_id}").exists()


def test_a_run_whose_first_stage_another_learns_waits_and_takes_it_over(
    store: Store, spec: RunSpec, undisturbed: list[MeasurementRecord]
) -> None:
    first = create_run(store, replace(spec, sequence=("mood", "topic")))
    second = create_run(store, spec)
    waited: list[Outcome | None] = []

    class Another(AtStep):
        def happen(self) -> None:
            waited.append(work(store))
            assert any_waits_for_first_stage(store)

    outcome = work(store, Another(3))
    assert outcome is not None
    assert outcome.state == "complete"
    assert waited == [
        Outcome("queued", f"waits for run {first}, which learns the same first stage")
    ]
    assert not any_waits_for_first_stage(store)

    assert first_steps(store) == 7, "the first stage was taken over"
    assert measurements_of(store, second) == undisturbed


def later_trial(store: Store, study_id: int, number: int) -> int:
    """Queue a trial of a search of the later stages, with rates of its own."""
    rates = (1e-3, 3e-3, (1 + number) * 1e-3)
    trial = get_study(store, study_id).spec.trial(number, rates)
    return create_run(store, trial, study_id=study_id, number=number)


def later_study(store: Store, spec: RunSpec) -> int:
    search = SearchSettings(searched_stages="later", first_lr=3e-3)
    return create_study(store, replace(study_of(spec), search=search))


def later_race(store: Store, trial_id: int, seed: int) -> int:
    """Queue a race of a trial of the later stages."""
    trial = get_run(store, trial_id)
    again = replace(trial.spec, seed=seed, first_seed=None)
    return create_run(store, again, study_id=trial.study_id, label="again #0", races=trial_id)


def test_races_of_one_seed_go_on_from_one_first_stage(
    store: Store, spec: RunSpec, tmp_path: Path
) -> None:
    study_id = later_study(store, spec)
    trials = [later_trial(store, study_id, number) for number in range(2)]
    for trial_id in trials:
        control_run(store, trial_id, "stopped")
    _, second, _ = (
        later_race(store, trials[place], seed) for place, seed in ((0, 11), (1, 11), (0, 12))
    )
    waited: list[Outcome | None] = []

    class Another(AtStep):
        def happen(self) -> None:
            waited.append(work(store))

    work(store, Another(3))
    assert waited == [Outcome("queued", "waits for again #0, which learns the same first stage")]
    assert first_steps(store) == 7, "that of the same seed was taken over"
    assert first_steps(store) == 1, "no other seed begins like it"
    with store.reading() as connection:
        learnt = spending_of(connection, study_id, 9.0, one_first_stage=True).spent
    assert learnt == 2 + 3, "a first stage of each seed, and the second one of each race"
    assert len(list((store.folder / "first-stages").iterdir())) == 2

    alone = open_store(str(tmp_path / "alone.db"))
    again = create_run(alone, get_run(store, second).spec)
    assert first_steps(alone) == 1
    assert measurements_of(alone, again) == measurements_of(store, second)
    alone.close()


def test_a_trial_of_the_later_stages_is_as_if_it_were_learnt_alone(
    store: Store, spec: RunSpec, tmp_path: Path
) -> None:
    study_id = later_study(store, spec)
    trials = [later_trial(store, study_id, number) for number in range(3)]
    (paused,) = trials[:1]

    class Pause(AtStep):
        def happen(self) -> None:
            control_run(store, paused, "paused")

    work(store, Pause(3))
    control_run(store, paused, "running")
    assert first_steps(store) in range(4, 7), "it goes on where it was paused"
    assert first_steps(store) == 7, "stage 1 is learnt once"
    (kept_stage,) = (store.folder / "first-stages").iterdir()
    kept_stage.unlink()
    assert first_steps(store) == 1, "what was lost is learnt again"
    assert kept_stage.exists()

    alone = open_store(str(tmp_path / "alone.db"))
    for run_id in trials[:2]:  # the last began alone here, too
        again = create_run(alone, get_run(store, run_id).spec)
        shutil.rmtree(alone.folder, ignore_errors=True)
        assert first_steps(alone) == 1
        assert measurements_of(alone, again) == measurements_of(store, run_id)
    alone.close()
