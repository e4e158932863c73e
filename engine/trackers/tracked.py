"""A run as trackers take it: parameters, metrics by step, metrics at the end, tags."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from errno import EACCES
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import RowMapping, select

from engine.errors import UsageError, reason_of, shown
from engine.profiles.grouping import make_grouping
from engine.spec import RunSpec
from engine.spec.differences import facts_of
from engine.store.connection import Store
from engine.store.measurements import MeasurementRecord, StageEnds, measurements_of, stage_ends
from engine.store.runs import RunRecord, record
from engine.store.schema import run
from engine.store.states import RunState
from engine.store.studies import StudyRecord
from engine.tasks.models import backbone_of

ANOTHER: Final = "choose another --out, or another --project"
"""The way out, where a tracker itself refuses what it is given."""
_SCORES: Final = (
    "p",
    "p_o",
    "p_s",
    "p_o_before",
    "forgetting",
    "reported_p",
    "reported_p_o",
    "reported_p_s",
)
_MILLISECONDS: Final = 1000
_SEARCHED: Final = "search"
"""Where a study is from whose trials are learnt here."""


class TrackedRun(Struct, frozen=True, kw_only=True):
    """What a tracker is told of a run."""

    key: str
    """The same each time, and never another run's: 16 letters."""
    name: str
    group: str
    """Its study."""
    state: RunState
    parameters: Mapping[str, float | int | str]
    """What decides its result; ``lr0``, ``lr1``, … are the rates, ``group0``, … whose they are."""
    scores: Mapping[str, float]
    """p, p_o and p_s, on the rows that score and on the validation split, and the accuracy on each
    task after the last stage: ``search/TASK`` and ``validation/TASK``. Shares of rows."""
    history: Mapping[int, Mapping[str, float]]
    """Retention by optimizer step: ``retention/TASK`` (share of rows) and ``loss/TASK`` (nats)."""
    tags: Mapping[str, str]
    began_at: float
    """Seconds since 1970 (UTC)."""
    ended_at: float | None

    @property
    def began_ms(self) -> int:
        return round(self.began_at * _MILLISECONDS)

    @property
    def ended_ms(self) -> int | None:
        return None if self.ended_at is None else round(self.ended_at * _MILLISECONDS)


def tracked_trials(
    store: Store, study: StudyRecord, numbers: Sequence[int] | None = None
) -> list[TrackedRun]:
    """Return the runs of a study that have begun: its trials and their races, oldest first.

    All of it is of one moment.

    Args:
        store: where they are.
        study: whose runs.
        numbers: of these trials alone; None: of all, with their races.

    Raises:
        UsageError: nothing on this machine says how many layers the backbone has.
    """
    query = select(run).where(run.c.study_id == study.id, run.c.started_at.is_not(None))
    if numbers is not None:
        query = query.where(run.c.number.in_(numbers))
    with store.at_one_moment() as now, now.reading() as connection:
        rows = connection.execute(query.order_by(run.c.id)).mappings().all()
        ends = stage_ends(now, [row["id"] for row in rows])
        return [_tracked(now, study, row, ends.get(row["id"], {})) for row in rows]


def refuse_nothing(study: StudyRecord, runs: Sequence[TrackedRun]) -> None:
    """Refuse to export nothing.

    Raises:
        UsageError: there is no run.
    """
    if not runs and study.origin != _SEARCHED:
        raise UsageError(
            f"the trials of study '{shown(study.name)}' were imported, and no run of them was "
            "learnt here; name a study that was searched"
        )
    if not runs:
        raise UsageError(f"of study '{shown(study.name)}' nothing has begun yet; resume it first")


def make_folder(folder: Path) -> None:
    """Make the folder into which a tracker writes.

    Raises:
        UsageError: it cannot be made, or written into.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(EACCES, os.strerror(EACCES))
    except OSError as error:
        raise UsageError(
            f"cannot write into {shown(folder)}: {reason_of(error)}; choose another folder"
        ) from None


def _tracked(store: Store, study: StudyRecord, row: RowMapping, ends: StageEnds) -> TrackedRun:
    item = record(row)
    tasks = item.spec.sequence
    scores = {name: float(row[name]) for name in _SCORES if row[name] is not None}
    return TrackedRun(
        key=_key(row),
        name=f"{study.name} {item.name}",
        group=study.name,
        state=item.state,
        parameters=dict(_parameters(item)),
        scores={**scores, **_at_the_end(tasks, ends)},
        history=_history(tasks, measurements_of(store, item.id, "retention")),
        tags={
            "study": study.name,
            "run": str(item.id),
            "sequence": study.spec.title(),
            "method": item.spec.method,
            "state": item.state,
            "label": item.label or "",
            "reason": item.reason or "",
        },
        began_at=float(row["started_at"]),
        ended_at=row["finished_at"],
    )


def _key(row: RowMapping) -> str:
    """Return what tells a run from those of all stores: ids come again in each."""
    what = msgspec.json.encode([row["id"], row["created_at"], row["spec"]])
    return hashlib.sha256(what).hexdigest()[:16]


def _parameters(item: RunRecord) -> Iterator[tuple[str, float | int | str]]:
    rates = item.learning_rates or item.spec.learning_rates or ()
    for name, value in facts_of(item.spec, rates).items():
        yield name, value if isinstance(value, int | float | str) else str(value)
    for choice, label in enumerate(_labels(item.spec, len(rates))):
        yield f"group{choice}", label


def _labels(spec: RunSpec, choices: int) -> Sequence[str]:
    if choices == 0:
        return ()
    grouping = make_grouping(spec.protocol.grouping, backbone_of(spec.model, choices).layers)
    return grouping.labels() if grouping.n_choices == choices else ()


def _at_the_end(tasks: Sequence[str], ends: StageEnds) -> dict[str, float]:
    """Return the accuracy on each task after the last stage that is over, by split."""
    last = {split: own[-1] for split, own in ends.items()}
    return {
        f"{split}/{tasks[task]}": accuracy
        for split, end in last.items()
        for task, accuracy in zip(end.tasks, end.accuracies, strict=True)
    }


def _history(
    tasks: Sequence[str], measured: Sequence[MeasurementRecord]
) -> dict[int, dict[str, float]]:
    found: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for each in measured:
        found[each.step][f"retention/{tasks[each.task]}"] = each.scored
        if each.loss is not None:
            found[each.step][f"loss/{tasks[each.task]}"] = each.loss
    return dict(found)
