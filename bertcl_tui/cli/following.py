"""Waiting for a study, and saying how it gets on."""

import shlex
import time
from collections.abc import Sequence
from typing import Final

import typer

from bertcl_tui.cli.output import say
from bertcl_tui.cli.progress import View, open_progress
from bertcl_tui.cli.stores import OpenedStore
from bertcl_tui.cli.tending import Tender
from bertcl_tui.store.rows import StudyRow, TrialRow
from bertcl_tui.style.wording import duration, headway, score, steps_rate
from engine.errors import EngineError
from engine.store.connection import DEFAULT_STORE
from engine.store.states import ENDED
from engine.store.studies import StudyRecord, control_study

INTERRUPTED: Final = 130
LOOK_SECONDS: Final = 0.3
_STUDY_ENDED: Final = frozenset({"complete", "stopped", "failed"})


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
        row = _follow(at, study, tender)
    except KeyboardInterrupt:
        control_study(at.store, study.id, "paused")
        say(f"paused; go on with: {command_on('resume', study.name, store)}")
        raise typer.Exit(INTERRUPTED) from None
    if row.state == "failed":
        raise EngineError(f"study '{study.name}' failed: {row.reason}")
    return row


def command_on(verb: str, name: str, store: str) -> str:
    """Return the command line for a verb on a study."""
    words = ["bertcl-tui", verb, name]
    return shlex.join(words if store == DEFAULT_STORE else [*words, "--store", store])


def _follow(at: OpenedStore, study: StudyRecord, tender: Tender) -> StudyRow:
    told = {trial.number for trial in at.reader.trials(study.id).rows if trial.state in ENDED}
    with open_progress() as display:
        while True:
            row = at.reader.study(study.id)
            if row is None:
                raise EngineError(f"study '{study.name}' was deleted meanwhile")
            trials = at.reader.trials(study.id).rows
            ended = [trial for trial in trials if trial.state in ENDED and trial.number not in told]
            told.update(trial.number for trial in ended)
            display.show(_view(row, trials, ended))
            if row.state in _STUDY_ENDED:
                return row
            if row.desired == "running":
                tender.tend((row.ended, [trial.step for trial in trials]))
            time.sleep(LOOK_SECONDS)


def _view(study: StudyRow, trials: Sequence[TrialRow], ended: Sequence[TrialRow]) -> View:
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
        note=_note(study),
        news=tuple(map(_ending, sorted(ended, key=lambda trial: trial.number))),
    )


def _note(study: StudyRow) -> str:
    best = study.best
    parts = (
        headway(study),
        f"best p {score(best.p)} (#{best.number})" if best else "",
        "" if study.state in {"running", "complete"} else study.state,
        steps_rate(study.rate),
        f"ETA {duration(study.eta)}" if study.eta else "",
    )
    return " · ".join(filter(None, parts))


def _ending(trial: TrialRow) -> str:
    name = f"trial {trial.number}" + (f" ({trial.label})" if trial.label else "")
    if trial.p is None:
        return f"{name} {trial.state}" + (f": {trial.reason}" if trial.reason else "")
    return f"{name}: p {score(trial.p)}, p_o {score(trial.p_o)}, p_s {score(trial.p_s)}"
