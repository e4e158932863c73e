"""The charts of what was found of a task's shifts: lengths, and rows in a plane."""

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.style import Palette, Size
from engine.tasks.shift_findings import Clusters, Lengths, Projection


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
