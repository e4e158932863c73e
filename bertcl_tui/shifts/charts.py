"""What was found of a task's shifts, drawn: lengths, rows in a plane, and parts in a table."""

from msgspec import Struct
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.charts.words import cut, width_of
from bertcl_tui.shifts.facts import Found, class_shares, parts_of
from engine.tasks.shift_findings import Clusters, Lengths, Part, Projection

_OF_A_LABEL, _OF_A_SHARE = 12, 4
"""Columns, at most and at least."""


class LengthHistogram(Struct, frozen=True):
    """How long the training rows are."""

    lengths: Lengths

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.histogram import Count, draw_histogram

        short, long = self.lengths.parts
        return draw_histogram(
            [Count(*count) for count in self.lengths.counts],
            size,
            palette,
            sides=(f"{short.name} {short.rows:,}", f"{long.rows:,} {long.name}"),
            cut=self.lengths.cut,
            unit="tokens",
        )


class Plane(Struct, frozen=True, kw_only=True):
    """The projected rows, each with the kind that it is of."""

    projection: Projection
    kinds: tuple[int, ...]
    names: tuple[str, ...]

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.scatter import draw_cloud

        return draw_cloud(
            self.projection.points, self.kinds, self.names, size, palette, empty="No rows."
        )


def by_cluster(projection: Projection, clusters: Clusters) -> Plane:
    """Return the rows by their cluster."""
    return Plane(
        projection=projection,
        kinds=tuple(cluster for cluster, _ in clusters.shown),
        names=tuple(part.name for part in clusters.parts),
    )


def by_label(projection: Projection, clusters: Clusters, lengths: Lengths) -> Plane:
    """Return the rows by their label."""
    return Plane(
        projection=projection,
        kinds=tuple(label for _, label in clusters.shown),
        names=lengths.labels,
    )


class PartsTable:
    """The size of each part, and how much of it each class is.

    Where there is no room for all classes, those are left out whose shares differ least between the
    parts, and counted.
    """

    def __init__(self, found: Found | None) -> None:
        self._parts: tuple[Part, ...] = ()
        self._labels: tuple[str, ...] = ()
        if found is not None and found.lengths is not None:
            self._parts, self._labels = parts_of(found), found.lengths.labels

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self._parts:
            return
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
        table.add_column("part", no_wrap=True)
        rows = [f"{part.rows:,}" for part in self._parts]
        names = max(width_of(part.name) for part in self._parts)
        places = self._fitting(options.max_width - names - 1 - max(map(len, ("rows", *rows))))
        for name in ("rows", *(cut(self._labels[place], _OF_A_LABEL) for place in places)):
            table.add_column(Text(name), justify="right", no_wrap=True, overflow="ellipsis")
        for part, said in zip(self._parts, rows, strict=True):
            shares = class_shares(part)
            table.add_row(Text(part.name), said, *(shares[place] for place in places))
        yield table
        if hidden := len(self._labels) - len(places):
            yield Text(f"{hidden} more, which differ less", style="dim", no_wrap=True)

    def _fitting(self, room: int) -> list[int]:
        """Return the places of the classes that are shown, in their order."""
        shown: list[int] = []
        for place in sorted(range(len(self._labels)), key=self._difference, reverse=True):
            room -= max(min(width_of(self._labels[place]), _OF_A_LABEL), _OF_A_SHARE) + 1
            if room < 0:
                break
            shown.append(place)
        return sorted(shown)

    def _difference(self, place: int) -> float:
        """Return how far the shares of a class lie apart."""
        shares = [part.classes[place] / max(part.rows, 1) for part in self._parts]
        return max(shares) - min(shares)
