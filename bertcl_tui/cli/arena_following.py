"""Waiting for the searches and runs of a table, and saying how they get on."""

import time
from collections.abc import Collection, Sequence
from typing import Final

import typer

from bertcl_tui.cli.following import INTERRUPTED, LOOK_SECONDS
from bertcl_tui.cli.output import say
from bertcl_tui.cli.progress import View, open_progress
from bertcl_tui.cli.stores import OpenedStore
from bertcl_tui.cli.tending import Tender
from bertcl_tui.store.rows import StudyRow
from bertcl_tui.style.wording import count, headway, score
from engine.errors import EngineError
from engine.spec import sequence_name
from engine.store.entries import runs_by_id
from engine.store.runs import RunRecord, control_run
from engine.store.states import ENDED
from engine.store.studies import control_study

_STUDY_ENDED: Final = frozenset({"complete", "stopped"})
_PAUSED: Final = "paused; the same command goes on"


def follow_studies(at: OpenedStore, study_ids: Sequence[int], tender: Tender) -> None:
    """Show on stderr how searches get on, until all end; Ctrl-C pauses them.

    Raises:
        EngineError: one failed or was deleted, or nobody can work on them.
        typer.Exit: the person interrupted.
    """
    try:
        _follow_studies(at, study_ids, tender)
    except KeyboardInterrupt:
        for study_id in study_ids:
            row = at.reader.study(study_id)
            if row is not None and row.state not in _STUDY_ENDED:
                control_study(at.store, study_id, "paused")
        say(_PAUSED)
        raise typer.Exit(INTERRUPTED) from None


def follow_runs(at: OpenedStore, run_ids: Collection[int], tender: Tender) -> None:
    """Show on stderr how runs get on, until all end; Ctrl-C pauses them.

    Raises:
        EngineError: nobody can work on them.
        typer.Exit: the person interrupted.
    """
    try:
        _follow_runs(at, run_ids, tender)
    except KeyboardInterrupt:
        for run_id in run_ids:
            control_run(at.store, run_id, "paused")
        say(_PAUSED)
        raise typer.Exit(INTERRUPTED) from None


def _follow_studies(at: OpenedStore, study_ids: Sequence[int], tender: Tender) -> None:
    told: dict[int, str] = {}
    with open_progress() as display:
        while True:
            rows = [_present(at, study_id) for study_id in study_ids]
            news = [row for row in rows if told.get(row.id) != row.state and row.state != "queued"]
            told.update((row.id, row.state) for row in rows)
            shares = [1.0 if row.state in _STUDY_ENDED else _share(row) for row in rows]
            display.show(
                View(
                    title="searches",
                    done=sum(shares),
                    total=len(rows),
                    note=" · ".join(f"{row.name} {headway(row)}" for row in rows if _goes_on(row)),
                    news=tuple(f"{row.name} {row.state}" for row in news),
                )
            )
            if not any(map(_goes_on, rows)):
                return
            tender.tend([(row.ended, row.rate) for row in rows])
            time.sleep(LOOK_SECONDS)


def _present(at: OpenedStore, study_id: int) -> StudyRow:
    row = at.reader.study(study_id)
    if row is None:
        raise EngineError("a search that the table needs was deleted meanwhile")
    if row.state == "failed":
        raise EngineError(f"study '{row.name}' failed: {row.reason}")
    return row


def _goes_on(row: StudyRow) -> bool:
    return row.state not in _STUDY_ENDED


def _share(row: StudyRow) -> float:
    if row.spending is not None:
        return min(1.0, row.spending.spent / row.spending.budget)
    return row.ended / row.target


def _follow_runs(at: OpenedStore, run_ids: Collection[int], tender: Tender) -> None:
    going = {run.id: run for run in runs_by_id(at.store, run_ids) if run.state not in ENDED}
    total, over = len(going), 0
    with open_progress() as display:
        while going:
            latest = runs_by_id(at.store, going.keys())
            ended = [run for run in latest if run.state in ENDED]
            going = {run.id: run for run in latest if run.state not in ENDED}
            over += len(ended)
            begun = sum(run.step / run.steps for run in going.values() if run.steps)
            display.show(
                View(
                    title="arena",
                    done=over + begun,
                    total=total,
                    note=f"{over}/{count(total, 'run')}",
                    news=tuple(map(_ending, ended)),
                )
            )
            if going:
                tender.tend((over, [run.step for run in going.values()]))
                time.sleep(LOOK_SECONDS)


def _ending(run: RunRecord) -> str:
    name = f"{run.label or run.spec.method} on {sequence_name(run.spec.sequence)}"
    name += f", seed {run.spec.seed}"
    if run.p is None:
        return f"{name} {run.state}" + (f": {run.reason}" if run.reason else "")
    return f"{name}: p {score(run.p)}, p_o {score(run.p_o)}, p_s {score(run.p_s)}"
