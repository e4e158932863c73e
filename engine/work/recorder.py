"""What a run measures, written to the store in batches: a screen redraws at most so often."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from engine.learning.events import Measured, Stepped, Trace
from engine.learning.plan import StagePlan
from engine.store.confusions import ConfusionRecord
from engine.store.connection import Store
from engine.store.measurements import (
    DriftRecord,
    MeasurementRecord,
    ProbeRecord,
    Progress,
    Spent,
    StageRecord,
    record_progress,
    record_stage_end,
    record_stages,
    spent_on,
)
from engine.store.traces import TraceRecord
from engine.work.patience import Patience

WRITE_SECONDS = 0.25
_SMOOTHING = 0.1


class _Pace(NamedTuple):
    """What a step takes, by the last steps."""

    seconds: float
    tokens: float


class Hours:
    """A clock that goes while the worker is at one run.

    Where several are learnt at once, each has the time that is its own, and its share of what is
    done for all.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._of_others = 0.0

    def __call__(self) -> float:
        return time.monotonic() - self._began - self._of_others

    @contextmanager
    def of_others(self) -> Iterator[None]:
        """Do not count what the worker does meanwhile."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._of_others += time.monotonic() - began

    def share(self, seconds: float) -> None:
        """Count the run's share of what was done meanwhile for all."""
        self._of_others -= seconds


class Recorder:
    """Takes a run's progress and measurements, and writes them at most every so often.

    Args:
        store: where to.
        run_id: of the run.
        worker_id: of the worker that holds it.
        patience: waits where the store is in trouble.
        step: how many steps were taken before, where the run is gone on with.
        hours: the time that the run takes; None: all from now on.
        rate: operations a second that its machine could do; None: not known.
        write_seconds: least time between two writes.
    """

    def __init__(
        self,
        store: Store,
        run_id: int,
        worker_id: int,
        patience: Patience,
        *,
        step: int = 0,
        hours: Hours | None = None,
        rate: float | None = None,
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        self._write_seconds = write_seconds
        self._store = store
        self._run_id = run_id
        self._worker_id = worker_id
        self._patience = patience
        self._waiting: list[MeasurementRecord] = []
        self._drift: list[DriftRecord] = []
        self._probes: list[ProbeRecord] = []
        self._confusions: list[ConfusionRecord] = []
        self._traces: list[TraceRecord] = []
        self._steps = 0
        self._step = step
        self._pace: _Pace | None = None
        self._stepped_at: float | None = None
        self._written_at = time.monotonic()
        self._hours = hours or Hours()
        self._before: Spent | None = None
        self._machine_rate = rate
        self._learning, self._measuring, self._products = 0.0, 0.0, 0.0

    def plan(self, stages: Sequence[StagePlan]) -> None:
        """Remember the run's stages."""
        self._steps = stages[-1].last_step
        records = [
            StageRecord(
                stage=index,
                task=plan.task,
                first_step=plan.first_step,
                last_step=plan.last_step,
                epochs=plan.epochs,
                followed=plan.followed,
            )
            for index, plan in enumerate(stages)
        ]
        self._patience.call(
            lambda: record_stages(self._store, self._run_id, self._worker_id, records)
        )

    def measured(self, event: Measured) -> None:
        """Take measurements, and with them the step they end; it is written with the next one."""
        self._step = max(self._step, event.step)
        self._measuring += event.seconds
        self._waiting += [
            MeasurementRecord(
                step=event.step,
                stage=event.stage,
                task=item.task,
                split=item.split,
                accuracy=item.accuracy,
                loss=item.loss,
                macro_f1=item.macro_f1,
                score=item.score,
            )
            for item in event.measurements
        ]
        self._drift += [
            DriftRecord(stage=event.stage, place=item.place, layer=item.layer, drift=item.drift)
            for item in event.drift
        ]
        self._probes += [
            ProbeRecord(stage=event.stage, task=item.task, rows=item.rows, score=item.score)
            for item in event.probes
        ]
        self._confusions += [
            ConfusionRecord(
                stage=event.stage,
                task=item.task,
                labels=item.confusion.labels,
                cells=item.confusion.cells,
            )
            for item in event.measurements
            if item.confusion is not None
        ]
        # The step that ends with a measurement is said after it, and would seem to take no time.
        self._stepped_at = None

    def reached(self, step: int, traces: Iterable[Trace]) -> None:
        """Take that so many steps were taken; what is measured after the last may still be due.

        ``traces`` are of those that were not said yet.
        """
        self._step = max(self._step, step)
        self._take_traces(traces)

    def _take_traces(self, traces: Iterable[Trace]) -> None:
        self._traces += [
            TraceRecord(step=seen.step, loss=seen.loss, ratios=seen.ratios) for seen in traces
        ]

    def stepped(self, event: Stepped) -> None:
        """Take a step."""
        now = time.monotonic()
        if self._stepped_at is not None:
            self._pace = _after(self._pace, _Pace(now - self._stepped_at, event.tokens))
        self._stepped_at = now
        self._step = event.step
        self._learning += event.seconds
        self._products += event.products
        self._take_traces(event.traces)
        if now - self._written_at >= self._write_seconds:
            self.write()

    def write(self) -> None:
        """Write what was taken since the last time.

        Raises:
            LeaseLostError: another worker holds the run.
            StorageError: the store was in trouble for too long.
        """
        self._patience.call(self._write)
        self._written_at = time.monotonic()

    def _write(self) -> None:
        """Write what may be written twice: a server that is lost at a commit may have done it."""
        pace = self._pace
        progress = Progress(
            step=self._step,
            steps=self._steps,
            rate=1.0 / pace.seconds if pace and pace.seconds else None,
            tokens_rate=pace.tokens / pace.seconds if pace and pace.seconds else None,
            spent=self._spent(),
        )
        record_progress(
            self._store,
            self._run_id,
            self._worker_id,
            progress,
            self._waiting,
            traces=self._traces,
        )
        self._waiting, self._traces = [], []
        if self._drift or self._probes or self._confusions:
            record_stage_end(
                self._store,
                self._run_id,
                self._worker_id,
                self._drift,
                self._probes,
                confusions=self._confusions,
            )
            self._drift, self._probes, self._confusions = [], [], []

    def _spent(self) -> Spent:
        """Return where the run's time went, with what was spent on it before."""
        if self._before is None:
            nothing = Spent(learning=0.0, measuring=0.0, waiting=0.0)
            self._before = spent_on(self._store, self._run_id) or nothing
        before, whole = self._before, self._hours()
        ideal = self._products / self._machine_rate if self._machine_rate else None
        return Spent(
            learning=before.learning + self._learning,
            measuring=before.measuring + self._measuring,
            waiting=before.waiting + whole - self._learning - self._measuring,
            ideal=before.ideal if ideal is None else (before.ideal or 0.0) + ideal,
        )


def _after(before: _Pace | None, step: _Pace) -> _Pace:
    if before is None:
        return step
    return _Pace(*(old + _SMOOTHING * (new - old) for old, new in zip(before, step, strict=True)))
