"""Claims, heartbeats, crashes, pauses, retries, deletions and jumps of time, in any order.

Whatever comes, a run never has two owners, nothing that was measured is lost, and in the end every
run can be brought to its end.
"""

import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select, update

from engine.errors import DeletedError, UsageError
from engine.store.connection import Store, open_store
from engine.store.deletion import delete_study
from engine.store.leases import (
    KNOWN_TO_BE_DEAD,
    LeaseLostError,
    become_proposer,
    is_proposer,
    leave_proposer,
)
from engine.store.measurements import (
    MeasurementRecord,
    Progress,
    StageRecord,
    measurements_of,
    record_progress,
    record_stages,
)
from engine.store.run_states import (
    beat_for_run,
    claim_run,
    control_run,
    create_run,
    desired_of,
    finish_run,
    note_checkpoint,
    release_run,
    retry_run,
)
from engine.store.runs import RunRecord, Scores, get_run, trials_of
from engine.store.schema import measurement, run, study, worker
from engine.store.searches import studies_wanting_trials
from engine.store.states import ENDED, LOST_AFTER, Desired, RunState
from engine.store.studies import control_study
from engine.store.workers import Telemetry, beat_for_worker, end_worker
from tests.engine.store.conftest import new_study, new_trial, new_worker, run_spec
from tests.postgres import PostgresServer

pytestmark = pytest.mark.long

STEPS = 20
SLOW = 5.0
"""Seconds that an example may take without being in doubt about who is silent."""
TRIALS = 2
DESIRED = st.sampled_from(("running", "paused", "stopped"))
ENDINGS = st.sampled_from(("complete", "pruned", "collapsed", "stopped", "failed"))
Which = st.integers(0, 5)


@dataclass
class Worker:
    """A worker as it sees itself."""

    id: int
    lives: bool = True
    holds: int | None = None
    step: int = 0
    proposes_for: int | None = None


class AnyOrder(RuleBasedStateMachine):
    """The store's own functions, and beside them what must be true."""

    new_store: Callable[[Path], str]

    @initialize()
    def open(self) -> None:
        self._folder = TemporaryDirectory(prefix="any-order-")
        self.store: Store = open_store(type(self).new_store(Path(self._folder.name)))
        self.workers: list[Worker] = []
        self.owners: dict[int, Worker] = {}
        """Whoever claimed a run last and did not give it back."""
        self.silent: dict[int, float] = {}
        """Seconds since that run's heartbeat."""
        self.measured: dict[int, dict[int, float]] = {}
        self.studies: list[int] = []
        self.number = 0
        self.ask_for_study()
        for _ in range(2):
            self.ask_for_run()
            self.begin_worker()
            self._claim(self.workers[-1])

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self._bring_to_an_end()
            self.store.close()
            self._folder.cleanup()

    # What is asked for

    @rule()
    def ask_for_run(self) -> None:
        self.measured[create_run(self.store, run_spec())] = {}

    @precondition(lambda self: len(self.studies) < 2)
    @rule()
    def ask_for_study(self) -> None:
        self.number += 1
        self.studies.append(new_study(self.store, f"study-{self.number}", trials=TRIALS))

    @rule(which=Which, desired=DESIRED)
    def control_a_run(self, which: int, desired: Desired) -> None:
        if self.measured:
            control_run(self.store, self._run(which), desired)

    @precondition(lambda self: self._has_study())
    @rule(which=Which, desired=DESIRED)
    def control_a_study(self, which: int, desired: Desired) -> None:
        if self.studies:
            control_study(self.store, self.studies[which % len(self.studies)], desired)

    @rule(which=Which)
    def retry(self, which: int) -> None:
        if not self.measured:
            return
        run_id = self._run(which)
        before = get_run(self.store, run_id).state
        try:
            retry_run(self.store, run_id)
        except UsageError:
            assert before not in ("pruned", "collapsed", "stopped", "failed")
        else:
            self.measured[run_id] = {}
            self._no_longer_owned(run_id)

    @precondition(lambda self: self._has_study())
    @rule(which=Which)
    def delete(self, which: int) -> None:
        if not self.studies:
            return
        study_id = self.studies[which % len(self.studies)]
        ids = [trial.id for trial in trials_of(self.store, study_id)]
        is_held = any(self._is_held(run_id) for run_id in ids)
        may_be = any(get_run(self.store, run_id).state == "running" for run_id in ids)
        try:
            delete_study(self.store, study_id)
        except UsageError:
            assert may_be
        else:
            assert not is_held
            self.studies.remove(study_id)
            for run_id in ids:
                del self.measured[run_id]
                self._no_longer_owned(run_id)

    # What workers do

    @precondition(lambda self: len(self.workers) < 6)
    @rule()
    def begin_worker(self) -> None:
        self.workers.append(Worker(new_worker(self.store, pid=1000 + len(self.workers))))

    @precondition(lambda self: self._has_idle())
    @rule(which=Which)
    def claim(self, which: int) -> None:
        idle = [one for one in self.workers if one.lives and one.holds is None]
        if idle:
            self._claim(idle[which % len(idle)])

    @precondition(lambda self: self._has_living())
    @rule(which=Which)
    def beat(self, which: int) -> None:
        one = self._living(which)
        if one is not None:
            self._beat(one)

    def _beat(self, one: Worker) -> None:
        beat_for_worker(self.store, one.id, Telemetry(cpu_percent=1.0))
        if one.holds is not None and self._may_write(
            one, lambda run_id: beat_for_run(self.store, run_id, one.id)
        ):
            self.silent[one.holds] = 0.0

    @precondition(lambda self: self._has_holder())
    @rule(which=Which, accuracy=st.floats(0, 1))
    def measure(self, which: int, accuracy: float) -> None:
        one = self._holder(which)
        if one is None or one.step >= STEPS:
            return
        step, run_id = one.step + 1, one.holds
        item = MeasurementRecord(step=step, stage=0, task=0, split="retention", accuracy=accuracy)
        progress = Progress(step=step, steps=STEPS)
        if self._may_write(
            one, lambda run_id: record_progress(self.store, run_id, one.id, progress, [item])
        ):
            one.step = step
            self.measured[run_id][step] = accuracy
            self.silent[run_id] = 0.0

    @precondition(lambda self: self._has_holder())
    @rule(which=Which)
    def write_checkpoint(self, which: int) -> None:
        one = self._holder(which)
        if one is not None:
            self._may_write(one, lambda run_id: note_checkpoint(self.store, run_id, one.id))

    @precondition(lambda self: self._has_holder())
    @rule(which=Which)
    def obey(self, which: int) -> None:
        """Look what is desired, as between two steps, and do it."""
        one = self._holder(which)
        if one is None:
            return
        wanted: list[Desired] = []
        if self._may_write(
            one, lambda run_id: wanted.append(desired_of(self.store, run_id, one.id))
        ):
            if wanted == ["paused"]:
                self._release(one, "paused")
            elif wanted == ["stopped"]:
                self._finish(one, "stopped")

    @precondition(lambda self: self._has_holder())
    @rule(which=Which, state=st.sampled_from(("paused", "queued")))
    def release(self, which: int, state: RunState) -> None:
        one = self._holder(which)
        if one is not None:
            self._release(one, state)

    @precondition(lambda self: self._has_holder())
    @rule(which=Which, state=ENDINGS)
    def finish(self, which: int, state: RunState) -> None:
        one = self._holder(which)
        if one is not None:
            self._finish(one, state)

    @precondition(lambda self: self._has_living())
    @rule(which=Which)
    def take_the_seat(self, which: int) -> None:
        one = self._living(which)
        wanting = studies_wanting_trials(self.store)
        if one is None or not wanting or one.proposes_for is not None:
            return
        others = [
            other
            for other in self.workers
            if other is not one and is_proposer(self.store, wanting[0], other.id)
        ]
        if become_proposer(self.store, wanting[0], one.id):
            one.proposes_for = wanting[0]
            assert not any(is_proposer(self.store, wanting[0], other.id) for other in others)

    @precondition(lambda self: self._has_seat())
    @rule(which=Which)
    def propose(self, which: int) -> None:
        seated = [one for one in self.workers if one.lives and one.proposes_for is not None]
        one = seated[which % len(seated)]
        assert one.proposes_for is not None
        if is_proposer(self.store, one.proposes_for, one.id):
            self._propose(one.proposes_for)
        leave_proposer(self.store, one.proposes_for, one.id)
        one.proposes_for = None

    # What happens to them

    @precondition(lambda self: self._has_several())
    @rule(which=Which)
    def crash(self, which: int) -> None:
        one = self._living(which)
        if one is not None:
            one.lives = False

    @precondition(lambda self: self._has_holder())
    @rule(which=Which, seconds=st.sampled_from((LOST_AFTER - SLOW - 1, LOST_AFTER + 1)))
    def be_silent(self, which: int, seconds: float) -> None:
        """A worker is stopped, or cut off, until its run is another's, or nearly so."""
        one = self._holder(which)
        if one is None:
            return
        self._shift(seconds)
        for other in self.workers:
            if other.lives and other is not one:
                self._beat(other)
        if not self._has_idle():
            self.begin_worker()
        self.claim(which)

    @precondition(lambda self: self._has_dead())
    @rule(which=Which)
    def bury(self, which: int) -> None:
        """Somebody finds that the process of a worker is gone."""
        dead = [one for one in self.workers if not one.lives]
        if dead:
            self._bury(dead[which % len(dead)])

    @rule(seconds=st.sampled_from((1.0, LOST_AFTER - SLOW - 1, LOST_AFTER + 1, -3600.0)))
    def let_time_pass(self, seconds: float) -> None:
        """All heartbeats grow older; or the clock is set back, and they lie in the future."""
        self._shift(seconds)

    # What must be true

    @invariant()
    def nothing_measured_is_lost(self) -> None:
        if not hasattr(self, "store"):
            return
        found: defaultdict[int, dict[int, float]] = defaultdict(dict)
        with self.store.reading() as connection:
            columns = measurement.c.run_id, measurement.c.step, measurement.c.accuracy
            for run_id, step, accuracy in connection.execute(select(*columns)):
                found[run_id][step] = accuracy
        assert {run_id: found[run_id] for run_id in self.measured} == self.measured

    @invariant()
    def only_a_running_run_has_a_holder(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.reading() as connection:
            rows = connection.execute(select(run.c.id, run.c.state, run.c.worker_id)).all()
        for row in rows:
            assert (row.worker_id is not None) == (row.state == "running"), row
            owner = self.owners.get(row.id)
            if row.worker_id is not None:
                assert owner is not None
                assert owner.id == row.worker_id

    # How

    def _has_holder(self) -> bool:
        return any(one.lives and one.holds is not None for one in self.workers)

    def _has_idle(self) -> bool:
        return any(one.lives and one.holds is None for one in self.workers)

    def _has_living(self) -> bool:
        return any(one.lives for one in self.workers)

    def _has_several(self) -> bool:
        return sum(one.lives for one in self.workers) > 2

    def _has_dead(self) -> bool:
        return any(not one.lives for one in self.workers)

    def _has_seat(self) -> bool:
        return any(one.lives and one.proposes_for is not None for one in self.workers)

    def _has_study(self) -> bool:
        return bool(self.studies)

    def _run(self, which: int) -> int:
        return sorted(self.measured)[which % len(self.measured)]

    def _living(self, which: int) -> Worker | None:
        living = [one for one in self.workers if one.lives]
        return living[which % len(living)] if living else None

    def _holder(self, which: int) -> Worker | None:
        """Return a living worker that believes it holds a run; it may have lost it meanwhile."""
        holders = [one for one in self.workers if one.lives and one.holds is not None]
        return holders[which % len(holders)] if holders else None

    def _is_held(self, run_id: int) -> bool:
        """Whether its holder was heard of lately, without doubt."""
        return run_id in self._held()

    def _held(self) -> set[int]:
        with self.store.reading() as connection:
            running = connection.scalars(select(run.c.id).where(run.c.state == "running")).all()
        known = self.measured.keys() & running
        return {run_id for run_id in known if abs(self.silent[run_id]) < LOST_AFTER - SLOW}

    def _claim(self, one: Worker) -> RunRecord | None:
        held = self._held()
        record = claim_run(self.store, one.id, threads=1)
        if record is None:
            return None
        assert record.id not in held, "a living worker holds it"
        assert record.state == "running"
        assert record.step == max(self.measured[record.id], default=0)
        before = self.owners.get(record.id)
        assert before is not one
        self.owners[record.id] = one
        self.silent[record.id] = 0.0
        one.holds, one.step = record.id, record.step
        stages = [StageRecord(stage=0, task="sst2", first_step=0, last_step=STEPS)]
        record_stages(self.store, record.id, one.id, stages)
        return record

    def _may_write(self, one: Worker, write: Callable[[int], object]) -> bool:
        """Let a worker write for its run: that must work where it owns it, and else be refused."""
        assert one.holds is not None
        run_id = one.holds
        owns = self.owners.get(run_id) is one and get_run_or_none(self.store, run_id) == "running"
        try:
            write(run_id)
        except (LeaseLostError, DeletedError):
            assert not owns, "it was refused what is its own"
            one.holds = None
            return False
        assert owns, "it wrote for a run that is not its own"
        return True

    def _release(self, one: Worker, state: RunState) -> None:
        run_id = one.holds
        if self._may_write(
            one,
            lambda run_id: release_run(self.store, run_id, one.id, state=state, busy_seconds=0.0),
        ):
            one.holds = None
            self._no_longer_owned(run_id)

    def _finish(self, one: Worker, state: RunState) -> None:
        run_id = one.holds
        scores = Scores(p_o=0.5, p_s=0.5) if state == "complete" else None
        if self._may_write(
            one,
            lambda run_id: finish_run(self.store, run_id, one.id, state=state, scores=scores),
        ):
            one.holds = None
            self._no_longer_owned(run_id)

    def _no_longer_owned(self, run_id: int | None) -> None:
        if run_id is not None:
            self.owners.pop(run_id, None)

    def _propose(self, study_id: int) -> None:
        if study_id in studies_wanting_trials(self.store):
            number = len(trials_of(self.store, study_id))
            run_id = new_trial(self.store, study_id, number)
            assert run_id not in self.measured
            self.measured[run_id] = {}

    def _bury(self, one: Worker) -> None:
        end_worker(self.store, one.id)
        for run_id, owner in self.owners.items():
            if owner is one:
                self.silent[run_id] = float("inf")

    def _shift(self, seconds: float) -> None:
        with self.store.writing() as connection:
            for table in (run, worker):
                heard = table.c.heartbeat_at != KNOWN_TO_BE_DEAD
                later = table.c.heartbeat_at - seconds
                connection.execute(update(table).where(heard).values(heartbeat_at=later))
            connection.execute(
                update(study).values(proposer_until=study.c.proposer_until - seconds)
            )
        for run_id in self.silent:
            self.silent[run_id] += seconds

    def _bring_to_an_end(self) -> None:
        """Whatever happened, one new worker can do all that is still wanted."""
        for one in self.workers:
            one.lives = False
            self._bury(one)
        for run_id in self.measured:
            control_run(self.store, run_id, "running")
        for study_id in self.studies:
            control_study(self.store, study_id, "running")
        last = Worker(new_worker(self.store, pid=9999))
        for _ in range(100):
            if self._claim(last) is not None:
                self._finish(last, "complete")
                continue
            wanting = studies_wanting_trials(self.store)
            if not wanting:
                break
            assert become_proposer(self.store, wanting[0], last.id)
            self._propose(wanting[0])
        for run_id, expected in self.measured.items():
            assert get_run(self.store, run_id).state in ENDED
            found = {item.step: item.accuracy for item in measurements_of(self.store, run_id)}
            assert found == expected


def get_run_or_none(store: Store, run_id: int) -> RunState | None:
    with store.reading() as connection:
        return connection.execute(select(run.c.state).where(run.c.id == run_id)).scalar()


def test_any_order_gives_one_owner_no_stuck_run_and_no_lost_measurement(empty_store: Path) -> None:
    def new_store(folder: Path) -> str:
        return str(shutil.copyfile(empty_store, folder / "studies.db"))

    # An example is forty transactions: an eighth of those of a parser, of which one is a moment.
    in_any_order(new_store, examples=settings().max_examples // 8)


def test_any_order_does_so_on_a_server(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    in_any_order(lambda _: postgres.emptied_store(), examples=settings().max_examples // 25)


def in_any_order(new_store: Callable[[Path], str], *, examples: int) -> None:
    AnyOrder.new_store = staticmethod(new_store)  # type: ignore[assignment]
    AnyOrder.TestCase.settings = settings(max_examples=examples, stateful_step_count=40)
    AnyOrder.TestCase("runTest").runTest()
