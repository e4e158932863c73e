"""What all charts of a report have: ink, colours and shapes, axes, and what is told at the pointer.

Ink is ``currentColor``, so that light, dark and paper have their own; colours stand out of all
three, and whatever a colour says, a shape says too.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any, Final

from msgspec import Struct

Spec = dict[str, Any]
"""A chart as Vega-Lite reads it."""

INK: Final = "currentColor"
COLOURS: Final = ("#1f7fbf", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#3c96cc", "#8a6bd1")
"""After Okabe and Ito (2008), each at least 3:1 against white and against black."""
QUIET: Final = "#808080"
"""Of the baseline, and of what is not chosen."""
_SHAPES: Final = ("circle", "square", "triangle-up", "cross", "triangle-down", "triangle-right")
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"
ROOM_OF_A_CHOICE: Final = 34
"""Pixels."""


class Ink(Struct, frozen=True):
    """How something is told from others in every chart."""

    key: str
    """Unlike that of all others."""
    name: str
    colour: str
    shape: str


def inks_of(names: Mapping[str, str], quiet: str | None = None) -> tuple[Ink, ...]:
    """Give each of these a colour and a shape.

    Args:
        names: by key, in their order.
        quiet: the key of the one that the others are compared with.
    """
    others = zip(cycle(COLOURS), cycle(_SHAPES), strict=False)
    return tuple(
        Ink(key, name, QUIET, "diamond") if key == quiet else Ink(key, name, *next(others))
        for key, name in names.items()
    )


def chart(
    layers: Sequence[Spec], params: Sequence[Spec], *, height: int, padding_right: int = 8
) -> Spec:
    return {
        "$schema": _SCHEMA,
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 4, "top": 8, "bottom": 4, "right": padding_right},
        "params": list(params),
        "layer": list(layers),
        "config": _CONFIG,
    }


_CONFIG: Final = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": INK,
        "tickColor": INK,
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": INK,
        "gridOpacity": 0.12,
        "domainOpacity": 0.6,
        "tickOpacity": 0.6,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 220,
    },
    "text": {"fontSize": 12},
}


def axis(field: str, title: str) -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": {"zero": False, "padding": 10},
        "axis": {"tickCount": 8, "labelOverlap": "greedy"},
    }


def told(field: str, title: str = "", number: str = "") -> Spec:
    """Return a line of what is said where the pointer is."""
    kind = {"type": "quantitative", "format": number} if number else {"type": "nominal"}
    return {"field": field, "title": title or field, **kind}


def only(param: str, field: str) -> Spec:
    return {"filter": f"indexof({param}, datum.{field}) >= 0"}


def colour_of(inks: Sequence[Ink], field: str = "trial") -> Spec:
    return _scaled(field, inks, [ink.colour for ink in inks])


def shape_of(inks: Sequence[Ink], field: str = "trial") -> Spec:
    return _scaled(field, inks, [ink.shape for ink in inks])


def _scaled(field: str, inks: Sequence[Ink], values: Sequence[str]) -> Spec:
    scale = {"domain": [ink.key for ink in inks], "range": list(values)}
    return {"field": field, "type": "nominal", "scale": scale, "legend": None}
