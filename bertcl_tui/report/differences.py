"""How far each method of the arena is above the reference: the numbers, and their chart."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bertcl_tui.arena.look import Look
from bertcl_tui.report.drawing import (
    INK,
    ROOM_OF_A_CHOICE,
    Ink,
    Spec,
    chart,
    colour_of,
    only,
    shape_of,
    told,
)
from engine.arena import legend
from engine.arena.entrants import Entrant
from engine.arena.measuring import P, gains_of, half_width, mean_gain
from engine.arena.tables import numbers_by_seed

_ROOM_OF_A_COLUMN: Final = 12
"""Pixels."""


def differences(look: Look, reference: Entrant) -> Iterator[Mapping[str, Any]]:
    """Yield the difference in p to the reference over the seeds in common, by row and column."""
    cells = look.recorded.results.cells
    for entrant in look.layout.entrants:
        for column in look.layout.columns:
            found = cells.get((entrant.name, column.sequence))
            other = cells.get((reference.name, column.sequence))
            if entrant != reference:
                one, base = (numbers_by_seed(P, column, runs) for runs in (found, other))
                mean = mean_gain(one, base)
                if mean is not None:
                    yield _difference(entrant.title, column.name, mean, gains_of(one, base))


def _difference(method: str, column: str, mean: float, gains: Sequence[float]) -> Mapping[str, Any]:
    half = half_width(gains)
    low, high = mean - (half or 0.0), mean + (half or 0.0)
    return {
        "method": method,
        "column": column,
        "difference": round(mean, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "interval": "–" if half is None else f"{legend.signed(low)} to {legend.signed(high)}",
        "seeds": len(gains),
    }


def difference_figure(
    rows: Sequence[Mapping[str, Any]],
    inks: Sequence[Ink],
    quantity: str,
    reference: str,
    param: str,
) -> Spec:
    """Return by how much each method is above the reference, with its interval.

    Args:
        rows: ``method``, ``column``, ``difference``, ``low``, ``high``, ``seeds``.
        inks: of the columns.
        quantity: what the difference is of.
        reference: the method that the others are compared with.
        param: what the switches of its columns are called on the page.
    """
    said = [
        *(told("method"), told("column", "sequence"), told("difference", number="+.3f")),
        *(told("interval", "95 % interval"), told("seeds", "seeds in common")),
    ]
    y = {
        "field": "method",
        "type": "nominal",
        "title": None,
        "sort": list(dict.fromkeys(row["method"] for row in rows)),
    }
    offset = {"field": "column", "sort": [ink.key for ink in inks]}
    ticks = {"format": "+.2f", "grid": True}
    title = f"difference in {quantity} to {reference}"
    x = {"field": "difference", "type": "quantitative", "title": title, "axis": ticks}
    colour = colour_of(inks, "column")
    layers: list[Spec] = [
        {
            "data": {"values": [{"difference": 0}]},
            "mark": {"type": "rule", "color": INK},
            "encoding": {"x": x},
        },
        {
            "transform": [only(param, "column")],
            "encoding": {"y": y, "yOffset": offset, "color": colour},
            "layer": [
                {
                    "mark": {"type": "rule", "strokeWidth": 2},
                    "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
                },
                {
                    "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                    "encoding": {
                        "x": x,
                        "shape": shape_of(inks, "column"),
                        "tooltip": said,
                    },
                },
            ],
        },
    ]
    shown = [{"name": param, "value": [ink.key for ink in inks]}]
    spec = chart(layers, shown, height=0)
    room = max(ROOM_OF_A_CHOICE, _ROOM_OF_A_COLUMN * len(inks))
    height = {"step": room, "for": "position"}
    return {**spec, "data": {"values": list(rows)}, "height": height}
