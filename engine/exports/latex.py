"""A table for papers, with booktabs."""

import re
from collections.abc import Iterator

from engine.arena import legend
from engine.arena.tables import Cell, Table, Value

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "−": "$-$",
    "±": r"$\pm$",
    "°": r"$^\circ$",
    "†": r"$^\dagger$",
    "*": r"$^{*}$",
    "<": "$<$",
    ">": "$>$",
    "·": r"$\cdot$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_SPECIALS = re.compile("|".join(map(re.escape, _SPECIAL)))


def to_latex(table: Table) -> str:
    r"""Write a table environment; it needs ``\usepackage{booktabs}``."""
    return "\n".join(_lines(table)) + "\n"


def _lines(table: Table) -> Iterator[str]:
    yield r"\begin{table}"
    yield r"  \centering"
    yield rf"  \caption{{{_escaped(' '.join((f'{table.title}.', *legend.caption(table))))}}}"
    yield rf"  \begin{{tabular}}{{l{'r' * len(table.columns)}rl}}"
    yield r"    \toprule"
    yield _line(["", *map(_escaped, table.columns), _escaped(legend.COST), legend.TUNED_ON])
    yield r"    \midrule"
    for row in table.rows:
        facts = (legend.cost(row), legend.tuned_on(row))
        yield _line([_escaped(row.title), *map(_cell, row.cells), *map(_escaped, facts)])
        if any(map(legend.paper, row.cells)):
            paper = (rf"\textit{{{_escaped(legend.paper(cell))}}}" for cell in row.cells)
            yield _line([r"\quad\textit{in the paper}", *paper, "", ""])
    yield r"    \bottomrule"
    yield r"  \end{tabular}"
    yield from (f"  % {note}" for note in table.notes)
    yield r"\end{table}"
    yield from _headline(table)


def _headline(table: Table) -> Iterator[str]:
    """Yield a table of its own: what is said over all sequences."""
    if table.headline is None:
        return
    yield r"\begin{table}"
    yield r"  \centering"
    yield rf"  \caption{{{_escaped(' '.join(legend.headline_caption(table)))}}}"
    yield rf"  \begin{{tabular}}{{l{'r' * len(legend.HEADLINE_HEAD)}}}"
    yield r"    \toprule"
    yield _line(["", *map(_escaped, legend.HEADLINE_HEAD)])
    yield r"    \midrule"
    for effect in table.headline.effects:
        yield _line(list(map(_escaped, (effect.title, *legend.headline_cells(effect)))))
    yield r"    \bottomrule"
    yield r"  \end{tabular}"
    yield r"\end{table}"


def _cell(cell: Cell) -> str:
    if not cell.runs:
        return "--"
    return " -- ".join(map(_value, cell.values)) + _escaped(legend.marks(cell))


def _value(value: Value) -> str:
    if value.mean is None:
        return "--"
    mean = legend.number(value.mean).replace("−", "$-$")
    shown = rf"\textbf{{{mean}}}" if value.better else mean
    mark = "$^{*}$" if value.significant else ""
    return f"{shown}{_escaped(legend.interval(value.half_width))}{mark}"


def _line(cells: list[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"


def _escaped(text: str) -> str:
    return _SPECIALS.sub(lambda match: _SPECIAL[match[0]], text)
