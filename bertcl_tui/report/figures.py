"""The charts of a report as Vega-Lite has them: what is drawn, and what can be switched in them.

Ink is ``currentColor``, so that light, dark and paper have their own; colours stand out of all
three, and whatever a colour says, a shape says too.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any, Final

from msgspec import Struct

from bertcl_tui.charts.forgetting import Forgetting, Line, known_of_earlier
from engine.spec.protocol import SCORE_NAMES, Score

Spec = dict[str, Any]
"""A chart as Vega-Lite reads it."""

INK: Final = "currentColor"
COLOURS: Final = ("#1f7fbf", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#3c96cc", "#8a6bd1")
"""After Okabe and Ito (2008), each at least 3:1 against white and against black."""
QUIET: Final = "#808080"
"""Of the baseline, and of what is not chosen."""
_SHAPES: Final = ("circle", "square", "triangle-up", "cross", "triangle-down", "triangle-right")
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"
_DASHES: Final = ((1, 0), (6, 3), (2, 2), (8, 2, 2, 2))
DASH_GLYPHS: Final = ("──", "╌╌", "┈┈", "─·")
"""How these dashes look in a line of text."""
_TRIALS, _TASKS = "trials", "tasks"
ROOM_OF_A_CHOICE: Final = 34
"""Pixels."""
MOST_POINTS: Final = 200
"""Of a curve; of a longer one some are left out, the first and the last never."""


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


def forgetting_figure(
    lines: Mapping[str, Line], inks: Sequence[Ink], shown: Sequence[str], score: Score
) -> tuple[Spec, tuple[str, ...]]:
    """Return the curves from the end of the first stage on, and the tasks that they are on.

    Args:
        lines: by the key of their ink.
        inks: of the trials.
        shown: keys of those that are there at first.
        score: what the curves are of.
    """
    drawn = Forgetting(tuple(lines.values()), score=score).curves()
    points = [point for key, line in lines.items() for point in _points(key, line, drawn.y_label)]
    tasks = tuple(dict.fromkeys(point["task"] for point in points))
    boundaries = [{"step": each.x, "stage": each.name} for each in drawn.boundaries if each.x > 0]
    x = {**axis("step", drawn.x_label), "scale": {"domain": list(drawn.x_range or ())}}
    y = axis("accuracy", SCORE_NAMES[score])
    dash = {
        "field": "task",
        "type": "nominal",
        "scale": {"domain": tasks, "range": [_DASHES[i % len(_DASHES)] for i in range(len(tasks))]},
        "legend": None,
    }
    said = [
        told("name", "trial"),
        told("task"),
        told("step"),
        told("accuracy", y["title"], number=".3f"),
    ]
    colour, shape = colour_of(inks), shape_of(inks)
    layers: list[Spec] = [
        {
            "data": {"values": boundaries},
            "layer": [
                {"mark": {"type": "rule", "strokeDash": [2, 3], "opacity": 0.5, "color": INK}},
                {
                    "mark": {
                        "type": "text",
                        "align": "left",
                        "baseline": "top",
                        "dx": 4,
                        "y": 0,
                        "color": INK,
                        "opacity": 0.7,
                    },
                    "encoding": {"text": {"field": "stage"}},
                },
            ],
            "encoding": {"x": x},
        },
        {
            "data": {"values": points},
            "transform": [only(_TRIALS, "trial"), only(_TASKS, "task")],
            "encoding": {"x": x, "y": y, "color": colour},
            "layer": [
                {
                    "mark": {"type": "line", "strokeWidth": 1.8},
                    "encoding": {"strokeDash": dash, "detail": {"field": "task"}},
                },
                {
                    "mark": {"type": "point", "filled": True, "size": 26},
                    "encoding": {"shape": shape, "tooltip": said},
                    "params": [_NEAREST],
                },
                {
                    "transform": _ENDS,
                    "mark": {"type": "text", "align": "left", "dx": 7, "fontWeight": 600},
                    "encoding": {"text": {"field": "name"}},
                },
            ],
        },
    ]
    first = tasks[:1]
    params = [{"name": _TRIALS, "value": list(shown)}, {"name": _TASKS, "value": list(first)}]
    return chart(layers, params, height=340, padding_right=64), tasks


_ENDS: Final = [
    {"filter": "datum.last"},
    {"calculate": "round(50 * datum.accuracy)", "as": "height"},
    {
        "aggregate": [
            {"op": "values", "as": "all"},
            {"op": "mean", "field": "accuracy", "as": "accuracy"},
        ],
        "groupby": ["step", "height"],
    },
    {"calculate": "join(pluck(datum.all, 'name'), ' ')", "as": "name"},
    {"calculate": "datum.all[0].trial", "as": "trial"},
]
"""Curves that end at nearly the same place are named together."""
_NEAREST: Final = {
    "name": "hover",
    "select": {
        "type": "point",
        "on": "pointerover",
        "clear": "pointerout",
        "nearest": True,
    },
}


def _points(key: str, line: Line, earlier: str) -> list[dict[str, Any]]:
    """Return what is drawn of a trial: the mean of its earlier tasks, and each task."""
    run = line.run
    if len(run.stages) < 2:  # noqa: PLR2004 - nothing is earlier in the first stage
        return []
    start = run.stages[1].first_step
    curves = {earlier.partition(" on ")[2] or earlier: known_of_earlier(run)}
    for curve in run.curves:
        name = run.stages[curve.task].task if curve.task < len(run.stages) else ""
        after = [(s - start, a) for s, a in zip(curve.steps, curve.accuracies, strict=True)]
        late = [(step, accuracy) for step, accuracy in after if step >= 0]
        if name and late:
            curves.setdefault(name, (tuple(s for s, _ in late), tuple(a for _, a in late)))
    return [
        {
            "trial": key,
            "name": line.name,
            "task": task,
            "step": step,
            "accuracy": round(accuracy, 5),
            "last": step == steps[-1],
        }
        for task, (steps, accuracies) in curves.items()
        for step, accuracy in thinned(list(zip(steps, accuracies, strict=True)))
    ]


def thinned(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return as many points as are drawn, evenly chosen, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return list(points)
    apart = (len(points) - 1) / (MOST_POINTS - 1)
    return [points[round(place * apart)] for place in range(MOST_POINTS)]


def rates_figure(
    rates: Mapping[str, Sequence[float]],
    labels: Sequence[str],
    inks: Sequence[Ink],
    shown: Sequence[str],
    bounds: tuple[float, float],
) -> Spec:
    """Return a bar for the rate of each choice in each trial, on a log axis."""
    names = {ink.key: ink.name for ink in inks}
    low, high = bounds
    bars = [
        {"trial": key, "name": names[key], "choice": label, "rate": rate, "low": low}
        for key, several in rates.items()
        for label, rate in zip(labels, several, strict=False)
        if rate > 0
    ]
    decades = [10.0**power for power in range(round(math.log10(low)), round(math.log10(high)) + 1)]
    ticks = {"values": decades, "format": ".0e", "grid": True}
    x = {
        "field": "rate",
        "type": "quantitative",
        "title": "learning rate",
        "axis": ticks,
        "scale": {"type": "log", "domain": [low, high]},
    }
    said = [told("name", "trial"), told("choice"), told("rate", number=".3e")]
    layer = {
        "data": {"values": bars},
        "transform": [only(_TRIALS, "trial")],
        "mark": {"type": "bar", "cornerRadiusEnd": 1},
        "encoding": {
            "x": x,
            "x2": {"field": "low"},
            "y": {"field": "choice", "type": "nominal", "sort": list(labels), "title": None},
            "yOffset": {"field": "trial", "sort": [ink.key for ink in inks]},
            "color": colour_of(inks),
            "tooltip": said,
        },
    }
    spec = chart([layer], [{"name": _TRIALS, "value": list(shown)}], height=0)
    return {**spec, "height": {"step": ROOM_OF_A_CHOICE, "for": "position"}}


def plane_figure(
    points: Sequence[Mapping[str, Any]],
    inks: Sequence[Ink],
    shown: Sequence[str],
    flat: tuple[float, float] | None,
) -> Spec:
    """Return the plane of p_o and p_s: all complete trials, those that are chosen bright.

    Args:
        points: ``trial``, ``name``, ``p``, ``p_o``, ``p_s``, ``rates``; ``front`` is whether no
            other trial is better in both.
        inks: of the trials that can be chosen.
        shown: keys of those that are at first.
        flat: p_s and p_o of the baseline, where there is one.
    """
    x, y = axis("p_s", "p_s: learnt"), axis("p_o", "p_o: kept")
    said = [
        *(told("name", "trial"), told("p", number=".3f"), told("p_o", number=".3f")),
        *(told("p_s", number=".3f"), told("rates", "learning rates")),
    ]
    crossed = [] if flat is None else [{"p_s": flat[0], "p_o": flat[1]}]
    rule = {"type": "rule", "strokeDash": [4, 3], "color": QUIET}
    layers: list[Spec] = [
        {"data": {"values": crossed}, "mark": rule, "encoding": {"x": x}},
        {"data": {"values": crossed}, "mark": rule, "encoding": {"y": y}},
        {
            "transform": [{"filter": "datum.front"}],
            "mark": {"type": "line", "interpolate": "step-before", "color": INK, "opacity": 0.6},
            "encoding": {"x": x, "y": y},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 34, "opacity": 0.45, "color": QUIET},
            "encoding": {"x": x, "y": y, "tooltip": said},
        },
        {
            "transform": [only(_TRIALS, "trial")],
            "encoding": {"x": x, "y": y, "color": colour_of(inks)},
            "layer": [
                {
                    "mark": {"type": "point", "filled": True, "size": 90},
                    "encoding": {"shape": shape_of(inks), "tooltip": said},
                },
                {
                    "mark": {"type": "text", "align": "left", "dx": 8, "fontWeight": 600},
                    "encoding": {"text": {"field": "name"}},
                },
            ],
        },
    ]
    spec = chart(layers, [{"name": _TRIALS, "value": list(shown)}], height=360)
    return {**spec, "data": {"values": list(points)}}


# what all of them have


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
