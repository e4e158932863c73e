"""The report of the arena: its tables as its screen has them, and how far each row is from flat."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from bertcl_tui.arena.fields import table_command, texts_of_look
from bertcl_tui.arena.grid_parts import tally_text
from bertcl_tui.arena.look import Look, Question, look_at_arena
from bertcl_tui.report.differences import difference_figure, differences
from bertcl_tui.report.drawing import Spec, inks_of
from bertcl_tui.report.page import write_page
from bertcl_tui.report.reproduction import commands_of_run
from bertcl_tui.report.sheets import PLAIN, Sheet, protocol_sheet
from bertcl_tui.report.writing import Chip, chips_of, report_command, stamp
from bertcl_tui.store.reader import Reader
from bertcl_tui.style.wording import count
from engine.arena import legend
from engine.arena.entrants import Entrant, reference_of
from engine.arena.tables import Cell, Row, Table
from engine.errors import UsageError
from engine.exports.forest import ON_PAGE, to_forest
from engine.spec import sequence_name
from engine.tasks.models import model_title

_MEASURES: Final = ("", "p", "forgetting")
"""Those whose tables are in a report; empty: p_o and p_s."""


class Number(Struct, frozen=True):
    """A number of a cell, with what is to be known of it."""

    mean: str
    interval: str
    marks: str
    better: bool


class Shown(Struct, frozen=True, kw_only=True):
    """A row of a table as the page has it."""

    title: str
    cost: str
    tuned_on: str
    cells: tuple[tuple[Number, ...], ...]
    tallies: tuple[str, ...]
    """How many runs each cell has."""
    paper: tuple[str, ...]
    """What the paper has; empty: nothing anywhere in the row."""


class Page(Struct, frozen=True, kw_only=True):
    """What was run in one setting: these tables alone may be held against each other."""

    key: str
    setting: str
    tables: tuple[tuple[Table, tuple[Shown, ...]], ...]
    chips: tuple[Chip, ...]
    """Of the sequences in the chart; none: there is no chart."""
    forest: str
    """The headline as SVG; empty: there is nothing to compare."""
    headline: tuple[tuple[str, ...], ...]
    """What it has of each method."""
    reference: str
    protocol: Sheet
    command: str
    commands: tuple[tuple[str, str], ...]
    """Of each row, with its title."""


def write_arena_report(reader: Reader, out: Path) -> int:
    """Write the report of the arena; return how many bytes it has. May block.

    Raises:
        UsageError: nothing was ever run for the arena, the file cannot be written, or a library is
            missing.
    """
    first = look_at_arena(reader, Question())
    if first is None:
        raise UsageError("the store has no run of the arena; ask for some with bertcl-tui arena")
    charts: dict[str, Spec] = {}
    pages = []
    for number, of in enumerate(first.settings, start=1):
        looks = [
            look
            for measure in _MEASURES
            if (look := look_at_arena(reader, Question(measure=measure, of=of))) is not None
        ]
        key = f"columns{number}"
        pages.append(_page(key, looks, charts))
    runs = sum(len(found.runs) for item in reader.arena() for found in item.results.cells.values())
    return write_page(
        "arena.html.jinja",
        charts,
        out,
        **stamp(reader.clock()),
        title="Arena",
        facts=[
            count(runs, "run"),
            *(model_title(each) for each in {of[1] for of in first.settings}),
        ],
        pages=pages,
        legend=legend,
        report_command=report_command("arena", reader.store, out),
    )


def _page(key: str, looks: Sequence[Look], charts: dict[str, Spec]) -> Page:
    look = looks[0]
    reference = reference_of(look.layout.entrants)
    columns = {column.name: column.name for column in look.layout.columns}
    shown = inks_of(columns)
    rows = list(differences(look, reference))
    if rows:
        charts[key] = difference_figure(rows, shown, "p", reference.title, param=key)
    texts = texts_of_look(look)
    return Page(
        key=key,
        setting=look.table.setting,
        tables=tuple((each.table, tuple(_rows(each))) for each in looks),
        chips=tuple(chips_of(shown, columns)) if rows else (),
        forest=to_forest(look.table, ON_PAGE) if look.table.headline else "",
        headline=tuple(_headline(look.table)),
        reference=reference.title,
        protocol=protocol_sheet(look.recorded.protocol),
        command=table_command(texts),
        commands=tuple(
            (entrant.title, "\n".join(_commands(look, entrant, texts)))
            for entrant in look.layout.entrants
        ),
    )


def _headline(table: Table) -> Iterator[tuple[str, ...]]:
    for each in table.headline.effects if table.headline else ():
        yield each.title, *legend.headline_cells(each)


def _rows(look: Look) -> Iterator[Shown]:
    for row, tallies in zip(look.table.rows, look.tallies, strict=True):
        yield Shown(
            title=row.title,
            cost=legend.cost(row),
            tuned_on=legend.tuned_on(row),
            cells=tuple(tuple(_numbers(cell)) for cell in row.cells),
            tallies=tuple(tally_text(tally, PLAIN).plain for tally in tallies),
            paper=_paper(row),
        )


def _numbers(cell: Cell) -> Iterator[Number]:
    """Go through the numbers of a cell, each with its marks; where from is said once."""
    for place, value in enumerate(cell.values):
        if not cell.runs or value.mean is None:
            yield Number(legend.NOTHING, "", "", better=False)
            continue
        marks = legend.SIGNIFICANT_MARK * value.significant
        yield Number(
            legend.number(value.mean),
            legend.interval(value.half_width),
            marks + (legend.marks(cell) if place == 0 else ""),
            better=value.better,
        )


def _paper(row: Row) -> tuple[str, ...]:
    found = tuple(map(legend.paper, row.cells))
    return found if any(found) else ()


def _commands(look: Look, entrant: Entrant, texts: Mapping[str, str]) -> Iterator[str]:
    """Yield what runs a row again, then what was really run on each sequence."""
    yield table_command({**texts, "methods": entrant.name})
    for column in look.layout.columns:
        found = look.recorded.results.cells.get((entrant.name, column.sequence))
        if found is None or not found.runs:
            continue
        first, *others = found.runs
        yield f"\n# on {sequence_name(column.sequence)}"
        yield commands_of_run(first.spec, f"run-{first.id}")
        if others:
            yield f"# and with --seed {', '.join(str(run.spec.seed) for run in others)}"
