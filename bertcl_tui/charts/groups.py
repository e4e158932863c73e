"""Lines that belong together, drawn as one: their mean, with a band of how far they are spread."""

from collections.abc import Collection, Sequence
from typing import Final, Literal, Self

from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.charts.glyphs import Polyline
from bertcl_tui.charts.series import Series
from bertcl_tui.store.trial_rows import RunCurves

By = Literal["", "profile", "method", "seed"]
"""What lines have in common that are drawn as one; empty: each is drawn by itself."""
Spread = Literal["sd", "min–max"]
"""What the band is: a standard deviation up and down, or from the lowest line to the highest."""
BYS: Final[tuple[By, ...]] = ("", "profile", "method", "seed")
_FEWEST: Final = 2
"""Lines that have a spread."""


class Groups(Struct, frozen=True, kw_only=True):
    """How lines are grouped, and what is told of their spread."""

    by: By = ""
    spread: Spread = "sd"

    def next(self, offered: Sequence[By] = BYS) -> Self:
        """Return the next way to group them, of those that are offered."""
        place = offered.index(self.by) + 1 if self.by in offered else 0
        return replace(self, by=offered[place % len(offered)])

    def turned(self) -> Self:
        """Return the same with the other band."""
        return replace(self, spread="min–max" if self.spread == "sd" else "sd")

    @property
    def band(self) -> str:
        """Say what is drawn of a group."""
        return "mean ± sd" if self.spread == "sd" else "mean, min–max"

    @property
    def told(self) -> str:
        """Say for a title what is drawn as one, and how; empty: nothing is."""
        return f"{self.band} by {self.by}".capitalize() if self.by else ""


UNGROUPED: Final = Groups()


class Mean(Struct, frozen=True, kw_only=True):
    """A line over ascending xs, and the edges of the band around it."""

    xs: tuple[float, ...] = ()
    ys: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    """None of one line alone: it has no spread."""


def mean_of(lines: Sequence[Polyline], spread: Spread) -> Mean:
    """Return the mean of lines at every x that any of them has and all of them reach.

    Between two of its own points a line is taken to be straight. Before its first point and beyond
    its last one nothing is known of it, and a mean of the others alone would be one of something
    else: the mean begins with the last of them and ends with the first.

    Args:
        lines: each with ascending xs; those without a point are left out.
        spread: what the band is; a standard deviation is that of a sample.
    """
    import numpy as np

    known = [line for line in lines if line[0]]
    if not known:
        return Mean()
    first, last = max(xs[0] for xs, _ in known), min(xs[-1] for xs, _ in known)
    every = np.unique(np.concatenate([np.asarray(xs, dtype=np.float64) for xs, _ in known]))
    grid = every[(first <= every) & (every <= last)]
    values = np.array([np.interp(grid, xs, ys) for xs, ys in known])
    middle = values.mean(axis=0)
    drawn = Mean(xs=tuple(grid.tolist()), ys=tuple(middle.tolist()))
    if len(known) < _FEWEST:
        return drawn
    if spread == "sd":
        off = values.std(axis=0, ddof=1)
        low, high = middle - off, middle + off
    else:
        low, high = values.min(axis=0), values.max(axis=0)
    return replace(drawn, low=tuple(low.tolist()), high=tuple(high.tolist()))


def as_one(
    name: str,
    runs: Sequence[RunCurves],
    lines: Sequence[Polyline],
    ends: Sequence[Polyline],
    groups: Groups,
) -> Series:
    """Return the mean of runs that are drawn as one, with its band, and of how many it is.

    Runs that are over stand for all of them: one that was pruned, or still goes on, would end the
    mean where it ends itself. It is counted. Only where none is over are all that there are.

    Args:
        name: of the group.
        runs: those in it.
        lines: what is drawn of each.
        ends: its points at the ends of stages, on all rows.
        groups: what the band is.
    """
    both = list(zip(lines, ends, strict=True))
    whole = [each for run, each in zip(runs, both, strict=True) if is_over(run)]
    counted = whole or [each for each in both if each[0][0]]
    of = "" if len(counted) == len(runs) else f" of {len(runs)}"

    def drawn(several: Sequence[Polyline]) -> Series:
        mean = mean_of(several, groups.spread)
        return Series(
            name=name,
            xs=mean.xs,
            ys=mean.ys,
            low=mean.low,
            high=mean.high,
            count=f"n={len(counted)}{of}",
            even=groups.spread == "sd",
        )

    line = drawn([each for each, _ in counted])
    if not counted or any(not points[0] for _, points in counted):
        return line
    return replace(line, ends=drawn([points for _, points in counted]))


def is_over(run: RunCurves) -> bool:
    """Tell whether a run was measured at its very last step."""
    last = max((curve.steps[-1] for curve in run.curves if curve.steps), default=-1)
    return bool(run.stages) and last >= run.stages[-1].last_step


def count_meant(runs: Collection[RunCurves]) -> int:
    """Return of how many runs a mean is: of those that are over, or where none is, of all."""
    return sum(map(is_over, runs)) or len(runs)
