"""One look at marked trials side by side: what they are, and what differs."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from msgspec import Struct

from bertcl_tui.charts.axis import rate_label
from bertcl_tui.charts.colours import slots_of_trials
from bertcl_tui.charts.forgetting import Forgetting, Line
from bertcl_tui.charts.groups import UNGROUPED, Groups
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import Confirmation, RunCurves, Scored, TrialRow
from bertcl_tui.study.baseline import flat_baseline, flat_name, flats_elsewhere
from bertcl_tui.study.groups import Repeats, grouped_lines
from bertcl_tui.study.panels.forgetting import line_of
from bertcl_tui.style.wording import duration, mean_of, score, signed
from bertcl_tui.trial.look import choice_labels
from engine.spec import RunSpec
from engine.spec.differences import facts_of

_NOTHING: Final = "–"


class Compared(Struct, frozen=True):
    """A trial and what it was asked to do."""

    trial: TrialRow
    spec: RunSpec
    slot: int
    """Its colour and glyph."""


class Fact(Struct, frozen=True, kw_only=True):
    """Something of every trial."""

    name: str
    values: tuple[str, ...]
    """In the order of the trials."""
    rates: tuple[float, ...] = ()
    """Learning rates, where the values are such."""
    best: tuple[int, ...] = ()
    """Places of the best, of values in which more or less is better and that differ."""

    @property
    def differs(self) -> bool:
        """Whether it is not the same in all trials."""
        return len(set(self.values)) > 1


def facts_about(several: Sequence[Compared], labels: Sequence[str]) -> tuple[Fact, ...]:
    """Return what is known of these trials: scores, what became of them, rates, then the rest.

    Args:
        several: the trials.
        labels: of the choices.
    """
    return (*_scores(several), *_outcomes(several), *_rates(several, labels), *_rest(several))


def as_text(several: Sequence[Compared], facts: Sequence[Fact]) -> str:
    """Return the table as tab-separated text."""
    lines = [["", *(f"#{each.trial.number}" for each in several)]]
    lines += [[fact.name, *fact.values] for fact in facts]
    return "\n".join("\t".join(line) for line in lines) + "\n"


def _scores(several: Sequence[Compared]) -> Iterator[Fact]:
    yield _score("p", several, lambda trial: trial.p)
    yield _score("p_o", several, lambda trial: trial.p_o)
    yield _score("p_s", several, lambda trial: trial.p_s)
    if any(each.trial.p_o_before is not None for each in several):
        yield _score("p_o before", several, lambda trial: trial.p_o_before)
        yield _score("forgetting", several, lambda trial: trial.forgetting, best=min)
    yield from _means("mean p", [each.trial.raced for each in several])
    yield from _means("confirmed p", [each.trial.confirmation for each in several])


def _means(name: str, again: Sequence[Confirmation | None]) -> Iterator[Fact]:
    if any(again):
        means = [None if item is None else item.p for item in again]
        values = tuple(_NOTHING if item is None else mean_of(item) for item in again)
        yield Fact(name=name, values=values, best=_best(tuple(map(score, means))))


def _score(
    name: str,
    several: Sequence[Compared],
    value: Callable[[TrialRow], float | None],
    best: Callable[[Sequence[float]], float] = max,
) -> Fact:
    values = [value(each.trial) for each in several]
    shown = tuple(map(signed, values))
    return Fact(name=name, values=shown, best=_best(tuple(map(score, values)), best))


def _best(values: Sequence[str], best: Callable[[Sequence[float]], float] = max) -> tuple[int, ...]:
    """Return the places of the best as it is written; none where all are alike."""
    known = {value: float(value) for value in values if value != score(None)}
    if len(set(known.values())) < 2:  # noqa: PLR2004 - there is nothing to choose
        return ()
    found = best(list(known.values()))
    return tuple(place for place, value in enumerate(values) if known.get(value) == found)


def _outcomes(several: Sequence[Compared]) -> Iterator[Fact]:
    texts: dict[str, Callable[[TrialRow], str]] = {
        "state": lambda trial: trial.state,
        "why": lambda trial: trial.reason or "",
        "called": lambda trial: trial.label or "",
        "time": lambda trial: duration(trial.busy_seconds or None),
    }
    for name, text in texts.items():
        values = tuple(text(each.trial) or _NOTHING for each in several)
        if set(values) != {_NOTHING}:
            yield Fact(name=name, values=values)


def _rates(several: Sequence[Compared], labels: Sequence[str]) -> Iterator[Fact]:
    for choice, label in enumerate(labels):
        rates = [
            each.trial.learning_rates[choice] if choice < len(each.trial.learning_rates) else 0.0
            for each in several
        ]
        values = tuple(rate_label(rate) if rate else _NOTHING for rate in rates)
        yield Fact(name=label, values=values, rates=tuple(rates))


def _rest(several: Sequence[Compared]) -> Iterator[Fact]:
    known = [facts_of(each.spec) for each in several]
    for name in dict.fromkeys(name for facts in known for name in facts):
        if not (name.startswith("lr") and name.removeprefix("lr").isdigit()):
            values = tuple(_word(facts.get(name)) for facts in known)
            yield Fact(name=name.replace("_", " "), values=values)


def _word(value: Any) -> str:  # noqa: ANN401 - a number, a word or a switch
    match value:
        case None:
            return _NOTHING
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


class Comparison(Struct, frozen=True, kw_only=True):
    """What the store said."""

    study: StudyRow
    several: tuple[Compared, ...]
    facts: tuple[Fact, ...]
    curves: dict[int, RunCurves]
    """By run, of these trials with every seed, and of the baseline."""
    repeats: Repeats
    """Their runs with other seeds."""
    flat: Scored | None
    """The baseline, which may be one of the trials."""

    def forgetting(self, number: int, groups: Groups = UNGROUPED) -> Forgetting:
        """Return the curves, that of one trial bright, by themselves or grouped.

        The baseline is dashed unless it is that trial, or in a group with others.
        """
        own = None if self.flat is None or self.flat.of else self.flat.number
        numbers = {each.trial.number for each in self.several}
        is_line = own == number or (groups.by == "method" and own in numbers)
        flat = None if is_line else self.flat
        trials = [each for each in self.several if flat is None or each.trial.number != own]
        run = None if flat is None else self.curves.get(flat.run_id)
        baseline = None
        if flat is not None and run is not None:
            baseline = Line(flat_name(flat), run, "normal", others=self._others(flat.run_id))
        return Forgetting(
            self._lines(trials, number, groups),
            baseline,
            self.study.score,
            rows=self.study.retention_rows,
            groups=groups,
        )

    def _lines(self, trials: Sequence[Compared], number: int, groups: Groups) -> tuple[Line, ...]:
        if groups.by:
            rows = [each.trial for each in trials]
            slots = {each.trial.number: each.slot for each in trials}
            return grouped_lines(
                rows, self.repeats, self.curves, groups.by, bright=number, slots=slots
            )
        return tuple(
            line_of(
                each.trial, run, "bright" if each.trial.number == number else "normal", each.slot
            )
            for each in trials
            if (run := self.curves.get(each.trial.run_id)) is not None
        )

    def _others(self, run_id: int) -> tuple[RunCurves, ...]:
        others = (again.run_id for again in self.repeats.get(run_id, ()))
        return tuple(self.curves[other] for other in others if other in self.curves)


def look_at_comparison(reader: Reader, study_id: int, numbers: Sequence[int]) -> Comparison | None:
    """Ask the store; None where study or trials are gone."""
    study = reader.study(study_id)
    trials = {trial.number: trial for trial in reader.chosen_trials(study_id, numbers)}
    chosen = [trials[number] for number in numbers if number in trials]
    if study is None or not chosen:
        return None
    specs = reader.specs([trial.run_id for trial in chosen])
    marked = slots_of_trials(reader.marks().get(study_id, frozenset()))
    shown = {number: slot for number, slot in marked.items() if number in trials}
    slots = slots_of_trials(trials, shown)
    several = tuple(Compared(trial, specs[trial.run_id], slots[trial.number]) for trial in chosen)
    flat = flat_baseline(reader.scored(study_id))
    flat = flat or next(iter(flats_elsewhere(reader, study_id)), None)
    runs = {*specs, *([] if flat is None else [flat.run_id])}
    repeats = reader.repeats(runs)
    runs |= {again.run_id for again in chain.from_iterable(repeats.values())}
    choices = max(len(trial.learning_rates) for trial in chosen)
    return Comparison(
        study=study,
        several=several,
        facts=facts_about(several, choice_labels(study.model, study.grouping, choices)),
        curves={run.run_id: run for run in reader.curves(runs)},
        repeats=repeats,
        flat=flat,
    )
