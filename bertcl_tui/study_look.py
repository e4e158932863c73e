"""One look at a study: what its screen asks of the store, and what comes back. May block."""

from collections.abc import Iterable

from msgspec import Struct

from bertcl_tui.choices import choice_labels
from bertcl_tui.filters import Filter
from bertcl_tui.read import Reader
from bertcl_tui.retention import Known, known_now
from bertcl_tui.rows import (
    BY_P,
    ImportanceRow,
    Order,
    RunCurves,
    Scored,
    StudyRow,
    TrialRow,
    TrialWindow,
)
from engine.spec.importance import Evaluator, is_worth_telling

WINDOW = 500
"""Trials in a table: more cannot be looked through, and a filter finds the others."""
_MOST_LINES = 24
"""Marked trials in one chart of curves; the first eight lines have a colour, others are dim."""


class Question(Struct, frozen=True, kw_only=True):
    """What is asked."""

    study_id: int
    order: Order = BY_P
    where: Filter = ()
    cursor: int | None = None
    """Number of the trial under the cursor."""
    marked: frozenset[int] = frozenset()
    evaluator: Evaluator = "ped-anova"
    """Who tells what matters."""


class Look(Struct, frozen=True, kw_only=True):
    """What the store said."""

    study: StudyRow
    window: TrialWindow
    cursor: TrialRow | None
    running: tuple[TrialRow, ...]
    marked: tuple[TrialRow, ...]
    """Those of the marked that are drawn."""
    scored: tuple[Scored, ...]
    """All complete trials, best first."""
    flat: Scored | None
    """The best of those with one rate for all choices: the baseline."""
    curves: dict[int, RunCurves]
    """By run, of all the trials above."""
    known: dict[int, Known]
    """By number, what the running trials would score by now."""
    labels: tuple[str, ...]
    """Of the choices."""
    importance: ImportanceRow | None
    """None: nobody told yet what matters."""

    @property
    def importance_is_old(self) -> bool:
        """Whether there are enough trials for what matters to be told, and many since it was."""
        told = self.importance
        complete = self.study.counts.get("complete", 0)
        return is_worth_telling(complete, None if told is None else told.trials)


def look_at_study(reader: Reader, question: Question, before: Look | None) -> Look | None:
    """Ask the store; None where there is no such study any more.

    Args:
        reader: of the store.
        question: what is asked.
        before: the last look, for what cannot have changed since.
    """
    study = reader.study(question.study_id)
    if study is None:
        return None
    window = reader.trials(
        question.study_id, where=question.where, order=question.order, limit=WINDOW
    )
    scored = _scored(reader, study, before)
    flat = flat_baseline(scored)
    marked = reader.chosen_trials(study.id, sorted(question.marked)[:_MOST_LINES])
    cursor = _under_cursor(reader, question, window)
    running = tuple(trial for trial in window.rows if trial.state == "running")
    runs = [trial.run_id for trial in (*running, *marked)]
    runs += [item.run_id for item in (cursor, flat) if item is not None]
    curves = {run.run_id: run for run in reader.curves(sorted(set(runs)))}
    return Look(
        study=study,
        window=window,
        cursor=cursor,
        running=running,
        marked=marked,
        scored=scored,
        flat=flat,
        curves=curves,
        known={trial.number: known_now(curves[trial.run_id]) for trial in running},
        labels=_labels(study, (*window.rows, cursor, flat), before),
        importance=reader.importance(study.id, question.evaluator),
    )


def flat_baseline(scored: Iterable[Scored]) -> Scored | None:
    """Return the best trial in which every choice has the same rate."""
    return next((trial for trial in scored if len(set(trial.learning_rates)) == 1), None)


def _scored(reader: Reader, study: StudyRow, before: Look | None) -> tuple[Scored, ...]:
    complete = study.counts.get("complete", 0)
    if before is not None and before.study.counts.get("complete", 0) == complete:
        return before.scored
    return reader.scored(study.id)


def _under_cursor(reader: Reader, question: Question, window: TrialWindow) -> TrialRow | None:
    if question.cursor is None:
        return next(iter(window.rows), None)
    for trial in window.rows:
        if trial.number == question.cursor:
            return trial
    return next(iter(reader.chosen_trials(question.study_id, [question.cursor])), None)


def _labels(
    study: StudyRow, trials: Iterable[TrialRow | Scored | None], before: Look | None
) -> tuple[str, ...]:
    choices = max((len(trial.learning_rates) for trial in trials if trial is not None), default=0)
    if before is not None and len(before.labels) >= choices:
        return before.labels
    return choice_labels(study.model, study.grouping, choices)
