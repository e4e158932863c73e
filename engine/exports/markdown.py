"""A table for README files and notebooks."""

from collections.abc import Iterable, Iterator

from engine.arena import legend
from engine.arena.tables import Cell, Table, Value


def to_markdown(table: Table) -> str:
    """Write a table as GitHub's Markdown, its caption and notes below."""
    return "\n".join(_lines(table)) + "\n"


def _headline(table: Table) -> Iterator[str]:
    if table.headline is None:
        return
    yield _line([legend.headline_title(table.headline), *legend.HEADLINE_HEAD])
    yield _line([":---", *("---:" for _ in legend.HEADLINE_HEAD)])
    for effect in table.headline.effects:
        yield _line([_escaped(effect.title), *map(_escaped, legend.headline_cells(effect))])
    yield ""
    yield _escaped(" ".join(legend.headline_caption(table)))
    yield ""


def _lines(table: Table) -> Iterator[str]:
    yield from _headline(table)
    heads = [_escaped(column) for column in table.columns]
    yield _line(["", *heads, legend.COST, legend.TUNED_ON])
    yield _line([":---", *("---:" for _ in heads), "---:", ":---"])
    for row in table.rows:
        cells = [_cell(cell) for cell in row.cells]
        yield _line([_escaped(row.title), *cells, legend.cost(row), legend.tuned_on(row)])
        if any(map(legend.paper, row.cells)):
            texts = (legend.paper(cell) for cell in row.cells)
            paper = (f"*{text}*" if text else "" for text in texts)
            yield _line(["*in the paper*", *paper, "", ""])
    caption = _escaped(" ".join(legend.caption(table)))
    if caption:
        yield ""
        yield caption
    if table.notes:
        yield ""
        yield from (f"- {_escaped(note)}" for note in table.notes)


def _cell(cell: Cell) -> str:
    if not cell.runs:
        return legend.NOTHING
    return legend.BETWEEN.join(map(_value, cell.values)) + legend.marks(cell)


def _value(value: Value) -> str:
    if value.mean is None:
        return legend.NOTHING
    mean = legend.number(value.mean)
    shown = f"**{mean}**" if value.better else mean
    mark = "\\*" if value.significant else ""
    return f"{shown}{legend.interval(value.half_width)}{mark}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    for character in "\\|*_<":
        text = text.replace(character, f"\\{character}")
    return text
