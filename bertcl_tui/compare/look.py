"""One look at trials that are compared. May block."""

from collections.abc import Sequence

from msgspec import Struct

from bertcl_tui.charts.forgetting import Forgetting, Line
from bertcl_tui.charts.series import slots_of
from bertcl_tui.compare.facts import Compared, Fact, facts_about
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.rows import RunCurves, Scored, StudyRow
from bertcl_tui.study.look import flat_baseline, flat_name
from bertcl_tui.study.panels.forgetting import line_of
from bertcl_tui.style.choices import choice_labels


class Comparison(Struct, frozen=True, kw_only=True):
    """What the store said."""

    study: StudyRow
    several: tuple[Compared, ...]
    facts: tuple[Fact, ...]
    curves: dict[int, RunCurves]
    """By run, of these trials and the baseline."""
    flat: Scored | None
    """The baseline, which may be one of the trials."""

    def forgetting(self, number: int) -> Forgetting:
        """Return the curves, that of one trial bright; the baseline is dashed unless it is that."""
        flat = None if self.flat is None or self.flat.number == number else self.flat
        lines = [
            line_of(
                each.trial, run, "bright" if each.trial.number == number else "normal", each.slot
            )
            for each in self.several
            if (run := self.curves.get(each.trial.run_id)) is not None
            and (flat is None or each.trial.number != flat.number)
        ]
        run = None if flat is None else self.curves.get(flat.run_id)
        baseline = None if flat is None or run is None else Line(flat_name(flat), run, "normal")
        return Forgetting(tuple(lines), baseline)


def look_at_comparison(reader: Reader, study_id: int, numbers: Sequence[int]) -> Comparison | None:
    """Ask the store; None where study or trials are gone."""
    study = reader.study(study_id)
    trials = {trial.number: trial for trial in reader.chosen_trials(study_id, numbers)}
    chosen = [trials[number] for number in numbers if number in trials]
    if study is None or not chosen:
        return None
    specs = reader.specs([trial.run_id for trial in chosen])
    slots = slots_of([trial.number for trial in chosen])
    several = tuple(
        Compared(trial, specs[trial.run_id], slot)
        for trial, slot in zip(chosen, slots, strict=True)
    )
    flat = flat_baseline(reader.scored(study_id))
    runs = {*specs, *([] if flat is None else [flat.run_id])}
    choices = max(len(trial.learning_rates) for trial in chosen)
    return Comparison(
        study=study,
        several=several,
        facts=facts_about(several, choice_labels(study.model, study.grouping, choices)),
        curves={run.run_id: run for run in reader.curves(runs)},
        flat=flat,
    )
