"""One look at a study: what its screen asks of the store, and what comes back. May block."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from bertcl_tui.charts.colours import slots_in_sight, slots_of_trials
from bertcl_tui.charts.forgetting import Known, known_now
from bertcl_tui.charts.groups import Groups
from bertcl_tui.store.filters import Filter, WordTerm
from bertcl_tui.store.past import PastReader
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import (
    BY_P,
    ImportanceRow,
    Order,
    Ordered,
    RunCurves,
    Scored,
    TrialRow,
    score_name,
)
from bertcl_tui.study.baseline import flat_baseline, flats_elsewhere, flats_of
from bertcl_tui.study.groups import Repeats, asked_for
from bertcl_tui.study.past import Past, past_of
from bertcl_tui.style.looks import state_word
from bertcl_tui.style.wording import best_text, duration, headway, steps_rate, tokens_rate
from bertcl_tui.trial.look import accuracies_of, choice_labels, probed_notes
from engine.spec.search import Evaluator, is_worth_weighing
from engine.store.states import ENDED

_MOST_LINES: Final = 24
"""Marked trials in one chart of curves; eight lines at most have a colour, others are dim."""
_NOT_COLLAPSED: Final[Filter] = (WordTerm("state", "!=", ("collapsed",)),)
MARGIN: Final = 60
"""Lines above and below those that can be seen, for a step or a page more."""
MOST_COMPARED: Final = 8
"""More do not fit beside each other, and have no colour of their own."""


class Question(Struct, frozen=True, kw_only=True):
    """What is asked."""

    study_id: int
    order: Order = BY_P
    where: Filter = ()
    unfolded: bool = False
    """Whether collapsed trials are listed, which otherwise only a filter finds."""
    cursor: int | None = None
    """Number of the trial under the cursor."""
    marked: frozenset[int] | None = None
    """None: those that the store has."""
    evaluator: Evaluator = "ped-anova"
    """Who weighs what matters."""
    baseline: int | None = None
    """Run that trials are held against; None: the best flat one."""
    groups: Groups = Groups()
    """Which curves are drawn as one."""
    lines: tuple[int, int] = (0, 0)
    """First line of the list that can be seen, and the one after the last."""
    until: float | None = None
    """A moment that the study is shown as of, in seconds since 1970; None: now."""


class Look(Struct, frozen=True, kw_only=True):
    """What the store said."""

    study: StudyRow
    abandoned: bool
    """Whether it shall run, but no worker lives."""
    order: Order
    where: Filter
    """What the listed trials fit."""
    ordered: Ordered
    numbers: Sequence[int]
    """Of all trials that fit, in their order."""
    folded: int
    """How many collapsed trials are left out of them."""
    rows: tuple[TrialRow, ...]
    """Those of them that can be seen, some around, and all below."""
    cursor: TrialRow | None
    begun: tuple[TrialRow, ...]
    """Those that run, then those that rest in their midst."""
    marked: tuple[TrialRow, ...]
    """Those of the marked that are drawn."""
    marks: frozenset[int]
    """Numbers of all that were marked when the store was asked."""
    stored_marks: frozenset[int]
    """Those of which the store said so."""
    slots: dict[int, int]
    """Colour and glyph of each trial that has them, by number: no two of these are alike."""
    scored: tuple[Scored, ...]
    """All complete trials, best first."""
    flat: Scored | None
    """The baseline, with one rate for all choices: chosen, or the best; one of elsewhere where the
    study has none."""
    elsewhere: tuple[Scored, ...] | None
    """Flat runs of others; None: they were not asked for."""
    groups: Groups
    grouped: tuple[TrialRow, ...]
    """Those whose runs are drawn as one, by method or seed; none: those that are drawn anyway."""
    repeats: Repeats
    """Runs of these trials with other seeds, where curves are grouped."""
    curves: dict[int, RunCurves]
    """By run, of all the trials above."""
    known: dict[int, Known]
    """By number, what those that have begun would score by now."""
    notes: tuple[str, ...]
    """What probes tell of the trial under the cursor, in fewer and fewer words."""
    labels: tuple[str, ...]
    """Of the choices."""
    importance: ImportanceRow | None
    """None: what matters was not weighed yet."""
    past: Past | None
    """None: it is shown as of now."""

    @property
    def tasks(self) -> int:
        """How many the sequence has."""
        return self.study.sequence.count(":") + 1

    @property
    def importance_is_old(self) -> bool:
        """Whether there are enough trials to weigh what matters, and many since it was weighed."""
        complete, before = self.study.counts.get("complete", 0), self.importance
        return is_worth_weighing(complete, None if before is None else before.trials)


class _Shown(Struct, frozen=True):
    """The trials that the screen shows or draws."""

    rows: dict[int, TrialRow]
    """All of them, by number."""
    cursor: TrialRow | None
    unfinished: tuple[TrialRow, ...]
    marked: tuple[TrialRow, ...]
    grouped: tuple[TrialRow, ...]

    @property
    def begun(self) -> tuple[TrialRow, ...]:
        """Those that run, then those that rest in their midst."""
        begun = [trial for trial in self.unfinished if trial.state == "running" or trial.step]
        return tuple(sorted(begun, key=lambda trial: trial.state != "running"))


def look_at_study(reader: Reader, question: Question, before: Look | None) -> Look | None:
    """Ask the store; None where there is no such study any more.

    Args:
        reader: of the store.
        question: what is asked.
        before: the last look, for what cannot have changed since.
    """
    past = None if question.until is None else PastReader(reader, question.until)
    reader = past or reader
    study = reader.study(question.study_id)
    if study is None:
        return None
    folded = 0 if question.where or question.unfolded else study.counts.get("collapsed", 0)
    ordered = reader.ordered_trials(
        question.study_id,
        where=_NOT_COLLAPSED if folded else question.where,
        order=question.order,
        before=None if before is None else before.ordered,
    )
    stored_marks = reader.marks().get(question.study_id, frozenset())
    marks = stored_marks if question.marked is None else question.marked
    slots = slots_of_trials(marks)
    shown = _shown(reader, question, ordered, marks, slots)
    scored = _scored(reader, study, before)
    elsewhere = _elsewhere(reader, question, scored, before)
    flat = flat_baseline((*scored, *(elsewhere or ())), question.baseline)
    drawn: list[TrialRow | Scored] = [*shown.begun, *shown.marked, *shown.grouped]
    drawn += [item for item in (shown.cursor, flat) if item is not None]
    runs = [item.run_id for item in drawn]
    repeats = reader.repeats(runs) if question.groups.by else {}
    runs += [again.run_id for several in repeats.values() for again in several]
    curves = _curves(reader, runs, before)
    return Look(
        study=study,
        abandoned=study.waits and study.is_abandoned(reader.workers()),
        order=question.order,
        where=question.where,
        ordered=ordered,
        numbers=ordered.numbers,
        folded=folded,
        rows=tuple(shown.rows.values()),
        cursor=shown.cursor,
        begun=shown.begun,
        marked=shown.marked,
        marks=marks,
        stored_marks=stored_marks,
        slots=slots_in_sight(
            slots,
            [trial.number for trial in shown.begun],
            None if shown.cursor is None else shown.cursor.number,
        ),
        scored=scored,
        flat=flat,
        elsewhere=elsewhere,
        groups=question.groups,
        grouped=shown.grouped,
        repeats=repeats,
        curves=curves,
        known={trial.number: known_now(curves[trial.run_id]) for trial in shown.begun},
        notes=_notes(reader, shown.cursor, before),
        labels=_labels(study, (*shown.rows.values(), flat), before),
        importance=reader.importance(study.id, question.evaluator),
        past=None if past is None else _past(past, study),
    )


def _shown(
    reader: Reader,
    question: Question,
    ordered: Ordered,
    marks: frozenset[int],
    slots: Mapping[int, int],
) -> _Shown:
    """Read the trials in sight and those that are drawn; marked ones with a colour come first."""
    numbers = ordered.numbers
    cursor = _under_cursor(question, numbers)
    unfinished = ordered.unfinished[:MARGIN]
    marked = sorted(marks, key=lambda number: (number not in slots, number))[:_MOST_LINES]
    grouped = asked_for(question.groups.by, marks, numbers)
    wanted = [*_seen(question, numbers, cursor), *unfinished, *marked, *grouped]
    wanted += [] if cursor is None else [cursor]
    read = reader.chosen_trials(question.study_id, list(dict.fromkeys(wanted)))
    rows = {row.number: row for row in read}

    def found(those: Iterable[int]) -> tuple[TrialRow, ...]:
        return tuple(rows[number] for number in those if number in rows)

    return _Shown(
        rows=rows,
        cursor=None if cursor is None else rows.get(cursor),
        unfinished=found(unfinished),
        marked=found(marked),
        grouped=found(grouped),
    )


def _curves(reader: Reader, run_ids: Iterable[int], before: Look | None) -> dict[int, RunCurves]:
    """Return the curves of runs; those of runs that were complete before are not asked again."""
    known: dict[int, RunCurves] = {}
    if before is not None:
        complete = {row.run_id for row in before.rows if row.state == "complete"}
        complete |= {again.run_id for several in before.repeats.values() for again in several}
        known = {run_id: run for run_id, run in before.curves.items() if run_id in complete}
    asked = sorted(set(run_ids))
    read = reader.curves([run_id for run_id in asked if run_id not in known])
    found = known | {run.run_id: run for run in read}
    return {run_id: found[run_id] for run_id in asked if run_id in found}


def _past(reader: PastReader, study: StudyRow) -> Past:
    ended = reader.endings(study.id)
    over = bool(ended) and study.state in ENDED
    end = ended[-1].at if over else reader.clock()
    return past_of(reader.until, study.created_at, end, ended)


def _notes(reader: Reader, trial: TrialRow | None, before: Look | None) -> tuple[str, ...]:
    """Say what probes tell of a trial; what an ended one told is not asked again."""
    if trial is None:
        return ()
    if before is not None and before.cursor == trial and trial.state in ENDED:
        return before.notes
    found = reader.probed(trial.run_id)
    ends = accuracies_of(found.ends, found.probes)
    return tuple(probed_notes(f"#{trial.number}", ends, found.probes))


def _elsewhere(
    reader: Reader, question: Question, scored: Sequence[Scored], before: Look | None
) -> tuple[Scored, ...] | None:
    """Return flat runs of others where one is needed; asked for again when a trial is complete."""
    own = flats_of(scored)
    if own and question.baseline in (None, *(flat.run_id for flat in own)):
        return None
    if before is not None and before.elsewhere is not None and before.scored is scored:
        return before.elsewhere
    return flats_elsewhere(reader, question.study_id)


def trials_to_compare(look: Look, marked: Collection[int]) -> tuple[int, ...]:
    """Return the marked trials, best first; one marked, with the cursor's; else with the baseline.

    Fewer than two: there is nothing to compare with.
    """
    best_first = [trial.number for trial in look.scored]
    places = {number: place for place, number in enumerate(best_first)}
    chosen = sorted(marked, key=lambda number: (places.get(number, len(places)), number))
    if len(chosen) < 2 and look.cursor is not None:  # noqa: PLR2004 - one is like itself
        chosen += [look.cursor.number]
    if len(set(chosen)) < 2 and look.flat is not None and not look.flat.of:  # noqa: PLR2004 - as above
        chosen += [look.flat.number]
    return tuple(dict.fromkeys(chosen))[:MOST_COMPARED]


def _scored(reader: Reader, study: StudyRow, before: Look | None) -> tuple[Scored, ...]:
    complete = study.counts.get("complete", 0)
    if before is not None and before.study.counts.get("complete", 0) == complete:
        return before.scored
    return reader.scored(study.id)


def _under_cursor(question: Question, numbers: Sequence[int]) -> int | None:
    return next(iter(numbers), None) if question.cursor is None else question.cursor


def _seen(question: Question, numbers: Sequence[int], cursor: int | None) -> Iterator[int]:
    """Yield the trials in the lines that can be seen, and those around the cursor."""
    first, end = question.lines
    yield from numbers[max(0, first - MARGIN) : end + MARGIN]
    if cursor in numbers:
        place = numbers.index(cursor)
        yield from numbers[max(0, place - MARGIN) : place + MARGIN]


def _labels(
    study: StudyRow, trials: Iterable[TrialRow | Scored | None], before: Look | None
) -> tuple[str, ...]:
    choices = max((len(trial.learning_rates) for trial in trials if trial is not None), default=0)
    if before is not None and len(before.labels) >= choices:
        return before.labels
    return choice_labels(study.model, study.grouping, choices)


def facts_of(study: StudyRow, past: Past | None = None) -> list[str]:
    """Return what the top says of a study, in the order of its weight."""
    now_or_then = [state_word(study.state, study.desired), headway(study)]
    if past is not None:
        best = f"best p {best_text(study.best)}" if study.best and study.best.seeds == 1 else ""
        now_or_then = [*past.facts, best]
    ended = (f"{study.counts[s]} {s}" for s in ("pruned", "collapsed") if s in study.counts)
    facts = (
        *now_or_then,
        f"ETA {duration(study.eta)}" if study.eta else "",
        f"best p {best_text(study.best)}" if study.best and study.best.seeds > 1 else "",
        steps_rate(study.rate),
        tokens_rate(study.tokens_rate),
        *ended,
        study.model,
        f"{study.preset} preset",
        "" if study.score == "accuracy" else f"p of {score_name(study.score)}",
        "" if study.first_lr is None else "later stages",
        (study.reason if past is None else None) or "",
    )
    return [fact for fact in facts if fact]
