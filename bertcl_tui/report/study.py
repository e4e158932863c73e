"""What a report says of a study: asked of the store once, in the words of its screens."""

from typing import Final

from msgspec import Struct

from bertcl_tui.charts.scatter import TrialPoint, pareto_front
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import (
    BY_P,
    ImportanceRow,
    RunCurves,
    RunFacts,
    Scored,
    TrialRow,
)
from bertcl_tui.study.baseline import flat_baseline
from bertcl_tui.study.writing import listed_trials
from bertcl_tui.trial.look import Accuracies, accuracies_of, choice_labels
from engine.errors import UsageError
from engine.spec import RunSpec
from engine.spec.search import Evaluator
from engine.store.confusions import ConfusionRecord
from engine.store.studies import StudyRecord

MOST_CURVES: Final = 16
"""Trials whose curves and rates are in the charts."""
MOST_IN_PLANE: Final = 2000
"""Complete trials in it, the best ones."""
MOST_LISTED: Final = 1000
"""Trials in the table."""
MOST_OPEN: Final = 30
"""Those of them that are there at once; the others are to be opened."""
_EVALUATORS: Final[tuple[Evaluator, ...]] = ("ped-anova", "fanova")
_FIRST_SHOWN: Final = 2
"""Running trials, or else the best ones, that are shown at first besides best and baseline."""


class Chosen(Struct, frozen=True, kw_only=True):
    """A trial that is told of in full: the best one, or the baseline."""

    trial: TrialRow
    run: RunFacts
    accuracies: tuple[Accuracies, ...]
    confusions: tuple[ConfusionRecord, ...]
    curves: RunCurves | None


class StudyLook(Struct, frozen=True, kw_only=True):
    """What the store said."""

    row: StudyRow
    record: StudyRecord
    best: Chosen | None
    flat: Chosen | None
    drawn: tuple[TrialRow, ...]
    """The trials in the charts: best, baseline, running ones, then by p."""
    first_shown: frozenset[int]
    """Numbers of those that are to be seen at first."""
    curves: dict[int, RunCurves]
    """By run, of those."""
    scored: tuple[Scored, ...]
    listed: tuple[TrialRow, ...]
    trials: int
    """How many there are in all."""
    specs: dict[int, RunSpec]
    """By run, of the listed ones."""
    labels: tuple[str, ...]
    """Of the choices."""
    importance: ImportanceRow | None
    at: float

    @property
    def tasks(self) -> tuple[str, ...]:
        """The sequence."""
        return self.record.spec.sequence

    def name_of(self, trial: TrialRow) -> str:
        """Return what a trial is called in the charts."""
        name = f"#{trial.number}"
        if self.best is not None and trial.number == self.best.trial.number:
            return f"{name} best"
        if self.flat is not None and trial.number == self.flat.trial.number:
            return f"{name} flat baseline"
        return f"{name} running" if trial.state == "running" else name

    def front(self) -> frozenset[int]:
        """Return the numbers of the trials that no other one beats in both accuracies."""
        points = [
            TrialPoint(number=each.number, state="complete", p_o=each.p_o, p_s=each.p_s)
            for each in self.scored
        ]
        return frozenset(point.number for point in pareto_front(points))


def look_for_report(reader: Reader, study_id: int) -> StudyLook:
    """Ask the store. May block.

    Raises:
        UsageError: the study is gone.
    """
    row, record = reader.study(study_id), reader.record(study_id)
    if row is None or record is None:
        raise UsageError("the study was deleted just now")
    scored = reader.scored(study_id)[:MOST_IN_PLANE]
    ordered = reader.ordered_trials(study_id, order=BY_P)
    listed = tuple(listed_trials(reader, study_id, ordered.numbers[:MOST_LISTED]))
    flat = flat_baseline(scored)
    ends = [each.number for each in (row.best, flat) if each is not None]
    chosen = {each.number: each for each in reader.chosen_trials(study_id, ends)}
    best = None if row.best is None else _chosen(reader, chosen.get(row.best.number))
    baseline = None if flat is None else _chosen(reader, chosen.get(flat.number))
    running = [trial for trial in listed if trial.state == "running"]
    several = [*chosen.values(), *running, *listed]
    drawn = tuple({trial.number: trial for trial in several if trial.learning_rates}.values())
    drawn = drawn[:MOST_CURVES]
    more = running or [trial for trial in drawn if trial.number not in chosen]
    choices = max((len(trial.learning_rates) for trial in drawn), default=0)
    return StudyLook(
        row=row,
        record=record,
        best=best,
        flat=baseline,
        drawn=drawn,
        first_shown=frozenset([*chosen, *(trial.number for trial in more[:_FIRST_SHOWN])]),
        curves={run.run_id: run for run in reader.curves([trial.run_id for trial in drawn])},
        scored=scored,
        listed=listed,
        trials=len(ordered.numbers),
        specs=reader.specs([trial.run_id for trial in listed]),
        labels=choice_labels(row.model, row.grouping, choices),
        importance=_importance(reader, study_id),
        at=reader.clock(),
    )


def _chosen(reader: Reader, trial: TrialRow | None) -> Chosen | None:
    run = None if trial is None else reader.run(trial.run_id)
    if trial is None or run is None:
        return None
    measured = reader.measures(trial.run_id)
    return Chosen(
        trial=trial,
        run=run,
        accuracies=accuracies_of(measured.ends),
        confusions=measured.confusions,
        curves=next(iter(reader.curves([trial.run_id])), None),
    )


def _importance(reader: Reader, study_id: int) -> ImportanceRow | None:
    weighed = (reader.importance(study_id, evaluator) for evaluator in _EVALUATORS)
    return next((each for each in weighed if each is not None), None)
