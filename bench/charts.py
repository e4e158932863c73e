"""How long charts take, side by side: python -m bench.charts [ROUNDS]

The cases take turns in every round, so that what else the machine does falls on all of them.
Reported are milliseconds of processor time. The
budget is 15 ms for eight lines at 90×24. "plotext alone" are the same eight lines, drawn by plotext
and read back from its ANSI text.
"""

import random
import sys
from collections.abc import Callable
from math import exp
from time import thread_time
from typing import Literal

import numpy as np
from plotext._monitor import monitor_class
from rich.text import Text

from bench.figures import Figure, over_rounds, table
from bertcl_tui.charts.curve import picture_curves
from bertcl_tui.charts.glyphs import min_max
from bertcl_tui.charts.parallel import Looked, ParallelAxis, draw_parallel
from bertcl_tui.charts.rates import ChoiceRate, Marker, draw_rates
from bertcl_tui.charts.scatter import TrialPoint, draw_plane
from bertcl_tui.charts.series import Boundary, Curves, Level, Series
from bertcl_tui.charts.style import DARK, Size

ROUNDS = 100
SIZE = (90, 24)

Case = Callable[[], Text]


def series(
    count: int, points: int, *, emphasis: Literal["normal", "dim"] = "normal", noise: float = 0.003
) -> list[Series]:
    """Lines that fall from 0.9, each to a level of its own, as accuracies do."""
    draw = random.Random(points)
    return [
        Series(
            name=f"#{number}",
            xs=range(points),
            ys=[
                0.9 - 0.015 * number * (1 - exp(-4 * step / points)) + draw.gauss(0, noise)
                for step in range(points)
            ],
            emphasis=emphasis,
        )
        for number in range(count)
    ]


def curves(lines: list[Series], size: Size = SIZE) -> Case:
    shown = Curves(
        series=tuple(lines),
        x_label="step of stage 2",
        y_label="accuracy on sst2",
        boundaries=(Boundary(0, "mrpc"),),
        baseline=Level("flat 1e-4", 0.792),
    )
    return lambda: picture_curves(shown, size, DARK).text


def plotext_alone(lines: list[Series]) -> Case:
    def draw() -> Text:
        plot = monitor_class()
        plot.set_size(list(SIZE))
        plot.set_frame(frame=False)
        for colour, line in enumerate(lines):
            xs, ys = min_max(line.xs, line.ys, 2 * SIZE[0])
            plot.draw(xs, ys, lines=True, marker="braille", color=colour)
        plot.build_plot()
        return Text.from_ansi(plot.matrix.set_canvas())

    return draw


def plane(count: int) -> Case:
    draw = random.Random(count)
    points = [
        TrialPoint(
            number=number,
            state=draw.choice(["complete", "complete", "pruned", "collapsed"]),
            p_o=draw.uniform(0.7, 0.9),
            p_s=draw.uniform(0.55, 0.68),
        )
        for number in range(count)
    ]
    return lambda: draw_plane(points, (60, 18), DARK, selected=[3], flat=(0.65, 0.79))


def parallel(count: int) -> Case:
    draw = np.random.default_rng(count)
    rates = 10 ** draw.uniform(-7, -3, (count, 8))
    scores = draw.uniform(0.5, 0.9, (count, 2))
    values = np.column_stack([rates, scores, scores.sum(axis=1)])
    axes = [
        ParallelAxis(name=f"layer {number}", field=f"lr{number}", bounds=(1e-7, 1e-3), log=True)
        for number in range(8)
    ]
    axes += [ParallelAxis.of_scores(name, [0.5, 1.8]) for name in ("p_o", "p_s", "p")]
    looked = Looked(axis=0, place=1e-5, brushes={0: (1e-5, None)})
    brushed = rates[:, 0] >= looked.place if looked.place else None
    return lambda: draw_parallel(
        axes, values, (116, 34), DARK, brushed=brushed, looked=looked, empty=""
    )


def bars() -> Case:
    choices = [
        ChoiceRate(label=f"layer {number}", rate=10 ** -(6 - number / 5), low=1e-7, high=1e-4)
        for number in range(14)
    ]
    return lambda: draw_rates(choices, (90, 15), DARK, (1e-7, 1e-3), Marker("flat 1e-4", (1e-4,)))


CASES: dict[str, Case] = {
    "8 lines, 20 points": curves(series(8, 20)),
    "8 lines, 180 points": curves(series(8, 180)),
    "8 lines, 5,000 points": curves(series(8, 5_000)),
    "8 lines, 5,000 points, noisy": curves(series(8, 5_000, noise=0.01)),
    "8 lines and 30 dimmed, 20 points": curves([*series(8, 20), *series(30, 20, emphasis="dim")]),
    "8 lines, 20 points, 200×50": curves(series(8, 20), (200, 50)),
    "plotext alone, 20 points": plotext_alone(series(8, 20)),
    "plotext alone, 180 points": plotext_alone(series(8, 180)),
    "plane, 3,000 trials, 60×18": plane(3_000),
    "parallel, 10,000 trials brushed, 116×34": parallel(10_000),
    "14 rate bars, 90×15": bars(),
}


def measure(*, quick: bool = False, rounds: int = ROUNDS) -> list[Figure]:
    """Draw every case in turn."""
    taken: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(2 if quick else rounds):
        for name, draw in CASES.items():
            start = thread_time()
            draw()
            taken[name].append(1e3 * (thread_time() - start))
    return [over_rounds(name, "ms", times) for name, times in taken.items()]


if __name__ == "__main__":
    print(table(measure(rounds=int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))
