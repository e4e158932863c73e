"""Waiting for studies and runs: saying how they get on, and seeing to it that somebody works."""

import shlex
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import typer

from bertcl_tui.cli.output import View, open_progress, say
from bertcl_tui.cli.stores import OpenedStore
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import TrialRow
from bertcl_tui.style.wording import best_text, count, duration, headway, score, steps_rate
from engine.errors import DeletedError, EngineError, mask_password, shown
from engine.spec import sequence_name
from engine.store.connection import DEFAULT_STORE
from engine.store.endings import Ending, find_ending, require_not_set_aside
from engine.store.run_states import control_run
from engine.store.runs import RunRecord, runs_by_id
from engine.store.states import ENDED
from engine.store.studies import StudyRecord, control_study
from engine.work.tending import Tender

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C."""
LOOK_SECONDS: Final = 0.3
_REST: Final = 30
"""How much longer than it looks somebody who follows rests: workers need the processor more."""
_GOING_WELL: Final = frozenset({"running", "complete"})
_PAUSED: Final = "paused; the same command goes on"


def follow_search(at: OpenedStore, study: StudyRecord, tender: Tender, store: str) -> StudyRow:
    """Show on stderr how a search gets on, until it ends; Ctrl-C pauses it.

    A study that is paused from elsewhere is waited for.

    Args:
        at: where the study is.
        study: the one to follow.
        tender: sees to it that somebody works.
        store: as the person named it.

    Raises:
        EngineError: the study failed or was deleted, or nobody can work on it.
        typer.Exit: the person interrupted.
    """
    try:
        return _follow_search(at, study, tender)
    except KeyboardInterrupt:
        control_study(at.store, study.id, "paused")
        say(f"paused; go on with: {command_on('resume', study.name, store)}")
        raise typer.Exit(INTERRUPTED) from None


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
            if _end_of(at, study_id) is None:
                control_study(at.store, study_id, "paused")
        say(_PAUSED)
        raise typer.Exit(INTERRUPTED) from None


def follow_runs(at: OpenedStore, run_ids: Collection[int], tender: Tender) -> None:
    """Show on stderr how runs get on, until all end; Ctrl-C pauses them.

    Raises:
        EngineError: those that are left were set aside, or nobody can work on them.
        typer.Exit: the person interrupted.
    """
    try:
        _follow_runs(at, run_ids, tender)
    except KeyboardInterrupt:
        for run_id in run_ids:
            control_run(at.store, run_id, "paused")
        say(_PAUSED)
        raise typer.Exit(INTERRUPTED) from None


def command_on(verb: str, name: str, store: str, *options: str) -> str:
    """Return the command line for a verb on a study."""
    words = ["bertcl-tui", verb, name, *options]
    return shlex.join(
        words if store == DEFAULT_STORE else [*words, "--store", mask_password(store)]
    )


def _follow_search(at: OpenedStore, study: StudyRecord, tender: Tender) -> StudyRow:
    reported = {trial.number for trial in at.reader.trials(study.id).rows if trial.state in ENDED}
    with open_progress() as display:
        while True:
            began = time.thread_time()
            ending, row = _end_of(at, study.id), at.reader.study(study.id)
            if row is None:
                raise EngineError(f"study '{shown(study.name)}' was deleted meanwhile")
            trials = at.reader.trials(study.id).rows
            ended = [
                trial for trial in trials if trial.state in ENDED and trial.number not in reported
            ]
            reported.update(trial.number for trial in ended)
            # The trials were read after the study: what is said with an ending must count it.
            counted = (at.reader.study(study.id) if ended else None) or row
            display.show(_view(counted, trials, ended, tender.trouble))
            if ending is not None:
                ending.require_good()
                return row
            is_wanted = row.desired == "running"
            tender.tend((row.ended, [trial.step for trial in trials]) if is_wanted else None)
            rest(began)


def _view(
    study: StudyRow, trials: Sequence[TrialRow], ended: Sequence[TrialRow], trouble: str | None
) -> View:
    begun = sum(
        trial.step / trial.steps for trial in trials if trial.state not in ENDED and trial.steps
    )
    share = (study.ended + begun) / study.target
    if study.spending is not None:
        share = max(share, min(1.0, study.spending.spent / study.spending.budget))
    return View(
        title=study.name,
        done=share,
        total=1.0,
        note=_note(study, trouble),
        news=tuple(map(_trial_ending, sorted(ended, key=lambda trial: trial.number))),
    )


def _note(study: StudyRow, trouble: str | None) -> str:
    best = study.best
    parts = (
        headway(study),
        f"best p {best_text(best)}" if best else "",
        standing(study.state, study.reason, trouble) if study.state not in _GOING_WELL else "",
        steps_rate(study.rate),
        f"ETA {duration(study.eta)}" if study.eta else "",
    )
    return " · ".join(filter(None, parts))


def standing(state: str, reason: str | None, trouble: str | None) -> str:
    """Say in which state something is that nobody works on, and why where that is known."""
    why = trouble or reason
    return f"{state}: {shown(why)}" if why else state


def _follow_studies(at: OpenedStore, study_ids: Sequence[int], tender: Tender) -> None:
    reported: dict[int, str] = {}
    with open_progress() as display:
        while True:
            began = time.thread_time()
            going = {study_id for study_id in study_ids if _goes_on(at, study_id)}
            rows = [_present(at, study_id) for study_id in study_ids]
            news = [
                row for row in rows if reported.get(row.id) != row.state and row.state != "queued"
            ]
            reported.update((row.id, row.state) for row in rows)
            shares = [_share(row) if row.id in going else 1.0 for row in rows]
            display.show(
                View(
                    title="searches",
                    done=sum(shares),
                    total=len(rows),
                    note=" · ".join(
                        f"{row.name} {_note(row, tender.trouble)}"
                        for row in rows
                        if row.id in going
                    ),
                    news=tuple(f"{row.name} {row.state}" for row in news),
                )
            )
            if not going:
                return
            wanted = [row for row in rows if row.id in going and row.desired == "running"]
            tender.tend([(row.ended, row.rate) for row in rows] if wanted else None)
            rest(began)


def rest(began: float) -> None:
    """Wait for the next look, the longer the more of the processor this one took.

    Args:
        began: when it did, in seconds of this thread's processor time.
    """
    time.sleep(max(LOOK_SECONDS, _REST * (time.thread_time() - began)))


def _present(at: OpenedStore, study_id: int) -> StudyRow:
    row = at.reader.study(study_id)
    if row is None:
        raise EngineError("a search that the table needs was deleted meanwhile")
    return row


def _goes_on(at: OpenedStore, study_id: int) -> bool:
    """Whether a search has not come to its end.

    Raises:
        EngineError: it has come to a bad one.
    """
    ending = _end_of(at, study_id)
    if ending is not None:
        ending.require_good()
    return ending is None


def _end_of(at: OpenedStore, study_id: int) -> Ending | None:
    """Return how a search ended; None: it goes on, or was deleted, which its row says."""
    try:
        return find_ending(at.store, study_id)
    except DeletedError:
        return None


def _share(row: StudyRow) -> float:
    if row.spending is not None:
        return min(1.0, row.spending.spent / row.spending.budget)
    return row.ended / row.target


def _follow_runs(at: OpenedStore, run_ids: Collection[int], tender: Tender) -> None:
    going = {run.id: run for run in runs_by_id(at.store, run_ids) if run.state not in ENDED}
    total, over = len(going), 0
    with open_progress() as display:
        while going:
            began = time.thread_time()
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
                    note=" · ".join(
                        filter(None, (f"{over}/{count(total, 'run')}", _wait(going, tender)))
                    ),
                    news=tuple(map(_run_ending, ended)),
                )
            )
            if going:
                if all(run.is_set_aside for run in going.values()):
                    require_not_set_aside(next(iter(going.values())))
                wanted = [run for run in going.values() if run.desired == "running"]
                tender.tend((over, [run.step for run in wanted]) if wanted else None)
                rest(began)


def _wait(going: Mapping[int, RunRecord], tender: Tender) -> str:
    """Say why nobody works on any of these runs; empty where somebody does."""
    runs = going.values()
    if not runs or any(run.state == "running" for run in runs):
        return ""
    return standing("waits", next((run.reason for run in runs if run.reason), None), tender.trouble)


def _trial_ending(trial: TrialRow) -> str:
    label = f" ({trial.label})" if trial.label else ""
    return _ending(f"trial {trial.number}{label}", trial)


def _run_ending(run: RunRecord) -> str:
    sequence = sequence_name(run.spec.sequence)
    return _ending(f"{run.label or run.spec.method} on {sequence}, seed {run.spec.seed}", run)


def _ending(name: str, run: TrialRow | RunRecord) -> str:
    if run.p is None:
        return f"{name} {run.state}" + (f": {run.reason}" if run.reason else "")
    return f"{name}: p {score(run.p)}, p_o {score(run.p_o)}, p_s {score(run.p_s)}"
