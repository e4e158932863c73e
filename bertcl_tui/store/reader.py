"""The screen's and the command line's view of the store: small plain queries, a change counter."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Final

from bertcl_tui.store.filters import Filter
from bertcl_tui.store.log_reader import LogReader
from bertcl_tui.store.study_rows import StudyRow, WorkerRow
from bertcl_tui.store.trial_rows import (
    BY_P,
    ImportanceRow,
    Order,
    Ordered,
    Repeat,
    RunCurves,
    RunFacts,
    RunRow,
    Scored,
    TrialRow,
    TrialState,
    TrialWindow,
)
from engine.errors import DeletedError

if TYPE_CHECKING:
    from sqlalchemy import Connection, PoolProxiedConnection

    from bertcl_tui.store.queries.climbs import Climbs
    from bertcl_tui.store.queries.runs import RunMeasures
    from engine.arena.recorded import Recorded
    from engine.spec import RunSpec
    from engine.spec.search import Evaluator
    from engine.store.connection import Store
    from engine.store.notices import Notices
    from engine.store.studies import StudyRecord

_SERVER_TICK: Final = 1.0
"""Seconds after which a server is taken to have changed while its notices are not heard."""


class Reader:
    """Looks into a store that need not exist yet, and never makes one.

    Every call may block, may be made from any thread, and may raise ``EngineError``.

    Args:
        store: URL, or path of a SQLite file.
        clock: says which moment a state is of; None: the store does.
    """

    def __init__(self, store: str, clock: Callable[[], float] | None = None) -> None:
        self.store = store
        self.clock = clock or self._read_clock
        self._opening = Lock()
        self._opened: Store | None = None
        self._counting = Lock()
        self._counter: PoolProxiedConnection | None = None
        self._notices: Notices | None = None
        self._climbs: Climbs | None = None
        self.log = LogReader(self._connected)

    @property
    def exists(self) -> bool:
        """Whether there is a store to look into."""
        if "://" not in self.store:
            from engine.files import expanded

            return expanded(self.store).exists()
        from engine.store.connection import is_made

        return is_made(self.store)

    def _read_clock(self) -> float:
        store = self._store()
        if store is None or store.path is not None:
            return time.time()  # a file has the clock of its machine
        from engine.store.clock import read_clock

        return read_clock(store)

    def version(self) -> int:
        """Return a number that differs after every commit of another connection.

        On a server it does after those that it tells of, and is asked nothing. For one thread.
        """
        store = self._store()
        if store is None:
            return 0
        with self._counting:
            if store.path is None:
                return self._heard(store)
            if self._counter is None:
                self._counter = store.engine.raw_connection()
            with closing(self._counter.cursor()) as cursor:
                cursor.execute("PRAGMA data_version")
                return int(cursor.fetchall()[0][0])

    def _heard(self, store: "Store") -> int:
        from engine.store.notices import Notices

        self._notices = self._notices or Notices(store)
        count = self._notices.count()
        return -count if self._notices.listens else int(time.monotonic() / _SERVER_TICK)

    @property
    def hears(self) -> bool:
        """Whether the store tells what is written, all but steps and heartbeats."""
        return self._notices is not None and self._notices.listens

    def studies(self) -> tuple[StudyRow, ...]:
        """Return every study, oldest first."""
        return self._studies(only=None)

    def study(self, study_id: int) -> StudyRow | None:
        """Return the study of that id, None where it was deleted."""
        return next(iter(self._studies(only=study_id)), None)

    def _studies(self, only: int | None) -> tuple[StudyRow, ...]:
        with self._connected() as connection:
            if connection is None:
                return ()
            from bertcl_tui.store.queries.climbs import Climbs
            from bertcl_tui.store.queries.studies import list_studies

            self._climbs = self._climbs or Climbs()
            return list_studies(connection, self.clock(), self._climbs, only)

    def has_deleted(self) -> bool:
        """Whether studies were deleted that can be had back, or are still to be purged."""
        with self._connected() as connection:
            if connection is None:
                return False
            from bertcl_tui.store.queries.studies import any_deleted

            return any_deleted(connection)

    def record(self, study_id: int) -> "StudyRecord | None":
        """Return a study with its spec, None where it was deleted."""
        store = self._store()
        if store is None:
            return None
        from engine.store.studies import get_study

        try:
            return get_study(store, study_id)
        except DeletedError:
            return None

    def trials(
        self,
        study_id: int,
        *,
        where: Filter = (),
        order: Order = BY_P,
        limit: int | None = None,
    ) -> TrialWindow:
        """Return the first trials of an order; those that are not ended come before all others."""
        with self._connected() as connection:
            if connection is None:
                return TrialWindow(rows=(), matching=0, total=0)
            from bertcl_tui.store.queries.trials import window

            return window(connection, study_id, self.clock(), where=where, order=order, limit=limit)

    def ordered_trials(
        self,
        study_id: int,
        *,
        where: Filter = (),
        order: Order = BY_P,
        before: Ordered | None = None,
    ) -> Ordered:
        """Return the numbers of all trials that fit, in an order.

        ``before`` is an earlier answer for the study; what cannot have changed is not asked again.
        """
        with self._connected() as connection:
            if connection is None:
                return Ordered(unfinished=(), ended=(), stamp=())
            from bertcl_tui.store.queries.conditions import ordered

            return ordered(connection, study_id, self.clock(), where, order, before=before)

    def marks(self) -> dict[int, frozenset[int]]:
        """Return the numbers of the marked trials by study, of the studies that have any."""
        store = self._store()
        if store is None:
            return {}
        from engine.store.remarks import marks

        return marks(store)

    def run_ids(self, study_id: int) -> dict[int, int]:
        """Return the run of every trial of a study, by the trial's number."""
        with self._connected() as connection:
            if connection is None:
                return {}
            from bertcl_tui.store.queries.conditions import run_ids

            return run_ids(connection, study_id)

    def chosen_trials(self, study_id: int, numbers: Sequence[int]) -> tuple[TrialRow, ...]:
        """Return these trials of a study, in the order of the numbers."""
        with self._connected() as connection:
            if connection is None:
                return ()
            from bertcl_tui.store.queries.trials import chosen

            return chosen(connection, study_id, numbers, self.clock())

    def scored(self, study_id: int) -> tuple[Scored, ...]:
        """Return what the complete trials got and with which rates, best first, 10,000 at most."""
        with self._connected() as connection:
            if connection is None:
                return ()
            from bertcl_tui.store.queries.trials import scored

            return scored(connection, study_id)

    def flats_elsewhere(self, study: "StudyRecord") -> tuple[Scored, ...]:
        """Return what other runs of its kind with one rate for all got, best first."""
        with self._connected() as connection:
            if connection is None:
                return ()
            from bertcl_tui.store.queries.flats import elsewhere

            return elsewhere(connection, study)

    def specs(self, run_ids: Collection[int]) -> "dict[int, RunSpec]":
        """Return what these runs are asked to do, by run."""
        store = self._store()
        if store is None:
            return {}
        from engine.store.runs import runs_by_id

        return {run.id: run.spec for run in runs_by_id(store, run_ids)}

    def importance(self, study_id: int, evaluator: "Evaluator") -> ImportanceRow | None:
        """Return what matters in a study, None where it was not weighed yet."""
        store = self._store()
        if store is None:
            return None
        from engine.store.importance import importance_of

        found = importance_of(store, study_id, evaluator)
        if found is None:
            return None
        return ImportanceRow(
            evaluator=found.evaluator,
            trials=found.trials,
            weighed=found.weighed,
            shares=found.shares,
        )

    def repeats(self, trial_ids: Collection[int]) -> dict[int, tuple[Repeat, ...]]:
        """Return the complete runs of trials with other seeds, by the trials' own runs."""
        with self._connected() as connection:
            if connection is None:
                return {}
            from bertcl_tui.store.queries.seeds import repeats

            return repeats(connection, trial_ids)

    def curves(self, run_ids: Collection[int]) -> tuple[RunCurves, ...]:
        """Return the retention curves of these runs."""
        with self._connected() as connection:
            if connection is None:
                return ()
            from bertcl_tui.store.queries.runs import curves

            return curves(connection, run_ids)

    def run(self, run_id: int) -> RunFacts | None:
        """Return one run in full, None where it was deleted."""
        with self._connected() as connection:
            if connection is None:
                return None
            from bertcl_tui.store.queries.runs import run_facts

            return run_facts(connection, run_id, self.clock())

    def measures(self, run_id: int) -> "RunMeasures":
        """Return what was measured of a run, besides the curves."""
        from bertcl_tui.store.queries.runs import RunMeasures, measures

        store = self._store()
        return RunMeasures() if store is None else measures(store, run_id)

    def probed(self, run_id: int) -> "RunMeasures":
        """Return what probes found of a run, and what it was worth then; nothing without probes."""
        from bertcl_tui.store.queries.runs import RunMeasures, probed

        store = self._store()
        return RunMeasures() if store is None else probed(store, run_id)

    def arena(self) -> "tuple[Recorded, ...]":
        """Return what the arena has recorded, by what its runs have in common."""
        store = self._store()
        if store is None:
            return ()
        from engine.arena.recorded import recorded

        return recorded(store)

    def unfinished_runs(self) -> tuple[RunRow, ...]:
        """Return the runs that no study asked for and that are not ended, oldest first."""
        with self._connected() as connection:
            if connection is None:
                return ()
            from bertcl_tui.store.queries.runs import unfinished_runs

            return unfinished_runs(connection, self.clock())

    def arena_counts(self) -> dict[TrialState, int]:
        """Return how many runs that no study asked for are in each state."""
        with self._connected() as connection:
            if connection is None:
                return {}
            from bertcl_tui.store.queries.runs import arena_counts

            return arena_counts(connection)

    def worked_seconds(self) -> dict[int, float]:
        """Return how long workers were at each study, but for the runs that they hold."""
        with self._connected() as connection:
            if connection is None:
                return {}
            from bertcl_tui.store.queries.runs import worked_seconds

            return worked_seconds(connection)

    def workers(self) -> tuple[WorkerRow, ...]:
        """Return the workers that have not said that they ended, oldest first."""
        with self._connected() as connection:
            if connection is None:
                return ()
            from bertcl_tui.store.queries.workers import list_workers

            return list_workers(connection, self.clock())

    def close(self) -> None:
        """Let go of the store."""
        with self._opening:
            self._let_go()

    def _let_go(self) -> None:
        with self._counting:  # SQLite crashes where a connection is closed while it is asked
            if self._counter is not None:
                self._counter.close()
                self._counter = None
            if self._notices is not None:
                self._notices.close()
                self._notices = None
        if self._opened is not None:
            self._opened.close()
            self._opened = self._climbs = None

    @contextmanager
    def _connected(self) -> Iterator["Connection | None"]:
        store = self._store()
        if store is None:
            yield None
            return
        with store.reading() as connection:
            yield connection

    def _store(self) -> "Store | None":
        with self._opening:
            if self._opened is not None and self._opened.is_past:
                self._let_go()
            if self._opened is None and self.exists:
                from engine.store.connection import open_store

                self._opened = open_store(self.store, create=False)
            return self._opened
