"""The charts of a study as Vega-Lite has them: what is drawn, and what can be switched in them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bertcl_tui.charts.forgetting import Forgetting, Line, ends_of_earlier, known_of_earlier
from bertcl_tui.report.drawing import (
    INK,
    QUIET,
    ROOM_OF_A_CHOICE,
    Ink,
    Spec,
    axis,
    chart,
    colour_of,
    only,
    shape_of,
    told,
)
from engine.spec.protocol import SCORE_NAMES, Score

_DASHES: Final = ((1, 0), (6, 3), (2, 2), (8, 2, 2, 2))
DASH_GLYPHS: Final = ("──", "╌╌", "┈┈", "─·")
"""How these dashes look in a line of text."""
_TRIALS, _TASKS = "trials", "tasks"
MOST_POINTS: Final = 200
"""Of a curve; of a longer one some are left out, the first and the last never."""


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
                    "transform": [{"filter": "!datum.end"}],
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
    """Return what is drawn of a trial: the mean of its earlier tasks, and each task.

    What ends a stage is on all rows, so that no line leads there.
    """
    run = line.run
    if len(run.stages) < 2:  # noqa: PLR2004 - nothing is earlier in the first stage
        return []
    start = run.stages[1].first_step
    curves = {
        earlier.partition(" on ")[2] or earlier: (
            list(zip(*known_of_earlier(run), strict=True)),
            list(zip(*ends_of_earlier(run), strict=True)),
        )
    }
    for curve in run.curves:
        name = run.stages[curve.task].task if curve.task < len(run.stages) else ""
        measured = list(zip(curve.steps, curve.accuracies, strict=True))
        late, ends = (
            [(step - start, accuracy) for step, accuracy in points if step >= start]
            for points in (measured, curve.ends)
        )
        if name and late:
            curves.setdefault(name, (late, ends))
    return [
        {
            "trial": key,
            "name": line.name,
            "task": task,
            "step": step,
            "accuracy": round(accuracy, 5),
            "end": end,
            "last": (step, end) == max((at, which) for at, _, which in points),
        }
        for task, (measured, ends) in curves.items()
        for points in [
            [*((*each, False) for each in thinned(measured)), *((*each, True) for each in ends)]
        ]
        for step, accuracy, end in points
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
