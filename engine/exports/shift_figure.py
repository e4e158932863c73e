"""A figure of a task's shifts, by matplotlib: SVG or PNG.

Length with its cut, and the same rows in a plane by cluster and by label, as in Fig. 1 of the
paper.
"""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
import msgspec
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from engine.errors import UsageError, reason_of, shown
from engine.files import replacing
from engine.tasks.catalog import describe
from engine.tasks.shift_findings import (
    Clusters,
    Lengths,
    Method,
    Projection,
    Question,
    StoredFindings,
)

_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#000000")
"""Okabe and Ito (2008): which the colour-blind can tell apart; a marker says the same."""
_MARKERS = "o^sDvPX*"
_INK, _QUIET = "#24292f", "#6b737b"
_METHODS = {"pca": "PCA", "tsne": "t-SNE"}
_BARS = 48
_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _QUIET,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
    "legend.frameon": False,
    "svg.hashsalt": "bertcl-tui",
}


def write_figure(question: Question, method: Method, path: Path) -> None:
    """Draw what was found of a task's shifts; the same findings give the same file.

    Args:
        question: whose findings are stored.
        method: which of its projections is drawn.
        path: where it goes; its suffix says what it is.

    Raises:
        UsageError: nothing was found yet, or the file cannot be written.
    """
    found = list(StoredFindings(msgspec.structs.replace(question, projections=(method,))).read())
    match found:
        case [Lengths() as lengths, Clusters() as clusters, Projection() as plane]:
            pass
        case _:
            raise UsageError(f"task '{shown(question.task)}' was not looked at yet; do that first")
    kind = path.suffix.lower().removeprefix(".")
    undated = {"Date": None} if kind == "svg" else {}
    with mpl.rc_context(_STYLE):
        figure = draw(question, lengths, clusters, plane)
        try:
            with replacing(path) as beside:
                figure.savefig(beside, format=kind, dpi=160, metadata=undated)
        except OSError as error:
            raise UsageError(f"{shown(path)} cannot be written: {reason_of(error)}") from error


def draw(question: Question, lengths: Lengths, clusters: Clusters, plane: Projection) -> Figure:
    """Draw three panels: length, clusters, labels."""
    figure = Figure(figsize=(12.0, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    entry = describe(question.task, question.data)
    title = f"{entry.title}: its shifts under the pretrained model {Path(question.model).name}"
    figure.suptitle(title, fontsize=12.0, x=0.01, horizontalalignment="left")
    by_length, by_cluster, by_label = figure.subplots(1, 3, width_ratios=(1.0, 1.1, 1.1))
    _draw_lengths(by_length, lengths)
    shown = len(clusters.shown)
    names = [part.name for part in clusters.parts]
    _draw_plane(by_cluster, plane, [cluster for cluster, _ in clusters.shown], names)
    by_cluster.set_title(f"Cluster: {_METHODS[plane.method]} of {shown:,} training rows")
    _draw_plane(by_label, plane, [label for _, label in clusters.shown], lengths.labels)
    agreement = round(clusters.agreement, 2) + 0.0  # never minus zero
    by_label.set_title(f"Label: adjusted Rand index {agreement:.2f}")
    return figure


def _draw_lengths(axes: Axes, lengths: Lengths) -> None:
    tokens = [count[0] for count in lengths.counts]
    edges = _edges(max(tokens))
    bottom = None
    for side, part in enumerate(lengths.parts):
        weights = [count[1 + side] for count in lengths.counts]
        bottom, _, _ = axes.hist(
            tokens,
            bins=edges,
            weights=weights,
            bottom=bottom,
            color=_COLOURS[side],
            hatch=("", "////")[side],
            edgecolor="white",
            linewidth=0.3,
            label=f"{part.name}, {part.rows:,} rows",
        )
    if lengths.cut is None:
        axes.set_title("Length: cut at random")
    else:
        axes.axvline(lengths.cut + 0.5, color=_INK, linestyle="--", linewidth=1.0)
        axes.set_title(f"Length: cut at {lengths.cut:.4g} tokens")
    axes.set_xlabel("tokens")
    axes.set_ylabel("training rows")
    axes.legend(loc="upper right")


def _edges(longest: int) -> list[float]:
    width = max(1, -(-(longest + 1) // _BARS))
    return [edge - 0.5 for edge in range(0, longest + 1 + width, width)]


def _draw_plane(axes: Axes, plane: Projection, groups: Sequence[int], names: Sequence[str]) -> None:
    looks = list(zip(names, cycle(_COLOURS), cycle(_MARKERS), strict=False))
    for group, (name, colour, marker) in enumerate(looks):
        inside = [point for point, of in zip(plane.points, groups, strict=True) if of == group]
        axes.scatter(
            [x for x, _ in inside],
            [y for _, y in inside],
            s=13,
            c=colour,
            marker=marker,
            alpha=0.75,
            linewidths=0,
            label=f"{name}, {len(inside):,}",
        )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, markerscale=1.6)
