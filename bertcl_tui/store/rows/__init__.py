"""What is shown of the store, as plain values. Moments are seconds since the epoch."""

from bertcl_tui.store.rows.log import LogFilter, LogLevel, LogLine, LogWindow, Towards
from bertcl_tui.store.rows.runs import Curve, RunCurves, RunFacts, RunRow, Stage, StageEnd
from bertcl_tui.store.rows.states import Split, StudyState, TrialState
from bertcl_tui.store.rows.studies import Best, StudyRow
from bertcl_tui.store.rows.trials import (
    BY_P,
    OLDEST_FIRST,
    Confirmation,
    ImportanceRow,
    Order,
    Ordered,
    Scored,
    TrialRow,
    TrialWindow,
)
from bertcl_tui.store.rows.workers import WorkerRow, WorkerState

__all__ = [
    "BY_P",
    "OLDEST_FIRST",
    "Best",
    "Confirmation",
    "Curve",
    "ImportanceRow",
    "LogFilter",
    "LogLevel",
    "LogLine",
    "LogWindow",
    "Order",
    "Ordered",
    "RunCurves",
    "RunFacts",
    "RunRow",
    "Scored",
    "Split",
    "Stage",
    "StageEnd",
    "StudyRow",
    "StudyState",
    "Towards",
    "TrialRow",
    "TrialState",
    "TrialWindow",
    "WorkerRow",
    "WorkerState",
]
