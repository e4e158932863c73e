"""A table as a value: every number that its renderers print."""

from collections import Counter
from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Final, Literal, NamedTuple

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from engine.arena.entrants import Entrant, headline_reference, reference_of
from engine.arena.headline import EXPLORATORY, Declarations, Headline, Standing, make_headline
from engine.arena.layouts import Column, Layout
from engine.arena.measuring import (
    Quantity,
    called_by,
    half_width,
    holm,
    is_told,
    mean_gain,
    paired_p_value,
    step_of,
)
from engine.arena.results import CellRuns, Results, rows_measured
from engine.spec import Protocol, Source, preset, sequence_name
from engine.spec.protocol import SCORE_NAMES, WHERE_NONE, Score

TunedOn = Literal["tested", "others", "first task", "nothing"]
"""The very sequence that is tested, other ones, the first task of it alone, or none: after Cha
and Cho 2024 (GTEP, arXiv 2403.09066), who say how much hangs on it."""
SIGNIFICANT: Final = 0.05
_TROUBLE: Final = ("failed", "collapsed")
_NOT_RUN: Final = "not run"
_OTHER_SCORE: Final = "The paper's numbers are left out: they are accuracies, and these are"


class Value(Struct, frozen=True, kw_only=True):
    """One number of a cell."""

    quantity: str
    mean: float | None
    """None: no run has it."""
    half_width: float | None = None
    """Of the 95 % interval; None with fewer than two runs."""
    better: bool = False
    """Whether it is better than the reference with the seeds in common, by what a row is worth."""
    p_value: float | None = None
    """Of the paired test against the reference, corrected; None: not tested.

    1 where it is no matter of seeds: ``engine.arena.measuring.paired_p_value`` says when."""
    paper: float | None = None

    @property
    def significant(self) -> bool:
        return self.p_value is not None and self.p_value < SIGNIFICANT


class Cell(Struct, frozen=True, kw_only=True):
    """What one entrant did on one column."""

    values: tuple[Value, ...]
    runs: int = 0
    """How many the numbers come from."""
    planned: int = field(default=0, name="wanted")
    seen: bool = False
    """Whether the rates were searched on this very sequence."""
    published: bool = False
    tuned_on: TunedOn = "nothing"
    """What the rates were searched on, beside the sequence that is tested."""
    reason: str = ""
    """Why there is nothing to show."""


class Row(Struct, frozen=True, kw_only=True):
    """One entrant."""

    entrant: str
    title: str
    tuning_epochs: float | None
    """What the searches cost that its rates come from; None where it has no runs."""
    cells: tuple[Cell, ...]
    standing: Standing = EXPLORATORY
    """Whether it was declared before its first run."""


class Table(Struct, frozen=True, kw_only=True):
    """The whole table."""

    title: str
    measure: str
    quantities: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    reference: str
    """The title of the row that the others are compared with."""
    comparisons: int
    """How many tests the p-values are corrected for."""
    setting: str
    """What all runs have in common."""
    notes: tuple[str, ...]
    """What else is to be known, a sentence each."""
    plans: tuple[str, ...] = ()
    """What people call the plans that any row was declared in."""
    questions: tuple[str, ...] = ()
    """What these are to answer."""
    headline: Headline | None = None
    """Each method against tuned flat, over all columns; None: there is nothing to compare."""

    def values(self) -> Iterator[Value]:
        """Go through every number."""
        for row in self.rows:
            for cell in row.cells:
                yield from cell.values


def make_table(
    layout: Layout,
    results: Results,
    *,
    setting: str = "",
    score: Score = "accuracy",
    declared: Declarations | None = None,
) -> Table:
    """Return the table of a layout, compared with its first flat row, else with its first row.

    The paper's numbers are accuracies: where runs are scored otherwise, they are left out.

    Args:
        layout: its rows and columns.
        results: what the runs came to.
        setting: what all runs have in common.
        score: what they are scored by.
        declared: of comparisons that were declared before they were run; those with another row
            than the headline's are none of this table.
    """
    layout = replace(layout, measure=called_by(layout.measure, score))
    left_out = score != "accuracy" and _has_paper(layout)
    if left_out:
        layout = replace(layout, paper={})
    reference = reference_of(layout.entrants)
    basis = _Basis(layout, results, reference, rows_measured(results))
    against = headline_reference(layout.entrants).name
    known = {name: each for (name, other), each in (declared or {}).items() if other == against}
    here = {item.name: known[item.name] for item in layout.entrants if item.name in known}
    rows = [
        _row(basis, item, here[item.name].standing if item.name in here else EXPLORATORY)
        for item in layout.entrants
    ]
    tested = [value for row in rows for cell in row.cells for value in cell.values]
    p_values = [value.p_value for value in tested if value.p_value is not None]
    corrected = iter(holm(p_values))
    return Table(
        title=layout.title,
        measure=layout.measure.title,
        quantities=tuple(quantity.name for quantity in layout.measure.quantities),
        columns=tuple(column.name for column in layout.columns),
        rows=tuple(_with_p_values(row, corrected) for row in rows),
        reference=reference.title,
        comparisons=len(p_values),
        setting=setting,
        notes=(
            *([f"{_OTHER_SCORE} {SCORE_NAMES[score]}."] if left_out else ()),
            *_notes(layout, results),
        ),
        plans=tuple(dict.fromkeys(each.plan for each in here.values())),
        questions=tuple(dict.fromkeys(each.question for each in here.values() if each.question)),
        headline=make_headline(layout.entrants, layout.sequences, results, declared),
    )


def _has_paper(layout: Layout) -> bool:
    columns = [column.name for column in layout.columns]
    names = [entrant.name for entrant in layout.entrants]
    return any((name, column) in layout.paper for name in names for column in columns)


def describe_setting(data: str, model: str, protocol: Protocol) -> str:
    """Say on what, with which backbone and by which protocol was learnt."""
    usual = asdict(preset(protocol.preset).protocol)
    changed = (
        f"{name.replace('_', ' ')} {WHERE_NONE[name] if value is None else value}"
        for name, value in asdict(protocol).items()
        if value != usual[name]
    )
    return ", ".join((f"Data {data}", f"model {model}", f"preset {protocol.preset}", *changed))


class _Basis(NamedTuple):
    """What every cell is made from."""

    layout: Layout
    results: Results
    reference: Entrant
    measured: Mapping[str, int]
    """Rows of each task, where that is known."""

    def find(self, entrant: Entrant, column: Column) -> CellRuns | None:
        return self.results.cells.get((entrant.name, column.sequence))


def _row(basis: _Basis, entrant: Entrant, standing: Standing) -> Row:
    return Row(
        entrant=entrant.name,
        title=entrant.title,
        tuning_epochs=_tuning_epochs(basis.layout, basis.results, entrant),
        cells=tuple(_cell(basis, entrant, column) for column in basis.layout.columns),
        standing=standing,
    )


def _cell(basis: _Basis, entrant: Entrant, column: Column) -> Cell:
    found = basis.find(entrant, column)
    other = None if entrant == basis.reference else basis.find(basis.reference, column)
    paper = basis.layout.paper.get((entrant.name, column.name), ())
    values = tuple(
        _value(
            quantity,
            numbers_by_seed(quantity, column, found),
            numbers_by_seed(quantity, column, other),
            _step(quantity, column, found, basis.measured),
            paper[place] if paper else None,
        )
        for place, quantity in enumerate(basis.layout.measure.quantities)
    )
    if found is None:
        reason = basis.results.reasons.get((entrant.name, column.sequence), _NOT_RUN)
        return Cell(values=values, reason=reason)
    return Cell(
        values=values,
        runs=len(found.accuracies),
        planned=found.planned,
        seen=sequence_name(column.sequence) in found.source.searched_on,
        published=found.source.published,
        tuned_on=_tuned_on(found.source, sequence_name(column.sequence)),
        reason="" if found.accuracies else "not run yet",
    )


def _tuned_on(source: Source, sequence: str) -> TunedOn:
    if source.first_task:
        return "first task"
    if sequence in source.searched_on:
        return "tested"
    return "others" if source.tuned or source.searched_on else "nothing"


def numbers_by_seed(quantity: Quantity, column: Column, found: CellRuns | None) -> dict[int, float]:
    """Return one quantity of the runs of a cell, by seed."""
    if found is None:
        return {}
    measured = {seed: number_of(quantity, column, found, seed) for seed in found.accuracies}
    return {seed: value for seed, value in measured.items() if value is not None}


def number_of(quantity: Quantity, column: Column, found: CellRuns, seed: int) -> float | None:
    """Return one quantity of the run of a seed; None: it has none."""
    if quantity.of_probes is not None:
        return quantity.of_probes(found.lost.get(seed, ()))
    accuracies = found.accuracies.get(seed)
    if accuracies is None:
        return None
    return quantity.of(accuracies, len(column.sequence), column.task)


def _step(
    quantity: Quantity, column: Column, found: CellRuns | None, measured: Mapping[str, int]
) -> float:
    """Return what one row makes of a quantity."""
    rows = {place: measured[task] for place, task in enumerate(column.sequence) if task in measured}
    runs = found.accuracies.values() if found else ()
    steps = [step_of(quantity, run, len(column.sequence), column.task, rows) for run in runs]
    return max(steps, default=0.0)


def _value(
    quantity: Quantity,
    numbers: Mapping[int, float],
    reference: Mapping[int, float],
    step: float,
    paper: float | None,
) -> Value:
    if not numbers:
        return Value(quantity=quantity.name, mean=None, paper=paper)
    gain = mean_gain(numbers, reference)
    return Value(
        quantity=quantity.name,
        mean=fmean(numbers.values()),
        half_width=half_width(list(numbers.values())),
        better=gain is not None and is_told(gain, step) and (gain > 0) == quantity.more_is_better,
        p_value=paired_p_value(numbers, reference, step),
        paper=paper,
    )


def _with_p_values(row: Row, corrected: Iterator[float]) -> Row:
    """Return the row with the next p-values, in place of those it was tested with."""

    def put(value: Value) -> Value:
        return value if value.p_value is None else replace(value, p_value=next(corrected))

    cells = tuple(replace(cell, values=tuple(map(put, cell.values))) for cell in row.cells)
    return replace(row, cells=cells)


def _tuning_epochs(layout: Layout, results: Results, entrant: Entrant) -> float | None:
    """Return what the searches cost that any cell of a row uses, each counted once."""
    sources = [
        results.cells[key].source
        for column in layout.columns
        if (key := (entrant.name, column.sequence)) in results.cells
    ]
    studies = {tuning.study: tuning.epochs for source in sources for tuning in source.tuned}
    return sum(studies.values()) if sources else None


def _notes(layout: Layout, results: Results) -> Iterator[str]:
    """Say what is missing and what went wrong, once for all sequences where it is the same."""
    for entrant in layout.entrants:
        places: dict[str, list[str]] = {}
        for sequence in layout.sequences:
            for trouble in _troubles(results, (entrant.name, sequence)):
                places.setdefault(trouble, []).append(sequence_name(sequence))
        for trouble, sequences in places.items():
            yield f"{entrant.title} on {', '.join(sequences)}: {trouble}."


def _troubles(results: Results, key: tuple[str, tuple[str, ...]]) -> Iterator[str]:
    found = results.cells.get(key)
    if found is None:
        yield results.reasons.get(key, _NOT_RUN)
        return
    states: Counter[str] = Counter(run.state for run in found.runs if run.state != "complete")
    states["missing"] = found.planned - len(found.runs)
    if states := +states:
        counted = ", ".join(f"{number} {state}" for state, number in states.items())
        yield f"{counted} of {found.planned} runs"
    yield from sorted({run.reason for run in found.runs if run.state in _TROUBLE and run.reason})
