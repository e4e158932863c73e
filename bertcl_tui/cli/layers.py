"""Every layer with its learning rate and its drift."""

import shutil
import sys
from collections.abc import Sequence
from typing import Any, Final

from bertcl_tui.charts.layers import LayerRow, draw_layers
from bertcl_tui.charts.rates import rate_bounds
from bertcl_tui.cli.output import print_text
from bertcl_tui.cli.rates import PLAIN
from engine.store.drift import DriftRecord

_MOST_COLUMNS: Final = 100


def print_layers(
    layers: Sequence[LayerRow], stages: Sequence[str], drifts: Sequence[DriftRecord]
) -> None:
    """Print a bar for each layer's rate, and how far it was from its beginning after each stage."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else _MOST_COLUMNS
    measured = max((row.stage for row in drifts), default=-1) + 1
    rates = tuple(layer.rate for layer in layers if layer.rate is not None)
    size = (min(columns, _MOST_COLUMNS), len(layers) + 2)
    print_text(draw_layers(layers, size, PLAIN, rate_bounds(rates), stages[:measured]))


def layers_as_data(layers: Sequence[LayerRow]) -> list[dict[str, Any]]:
    """Return what programs are told of the layers; drift is after each stage."""
    return [
        {
            "layer": layer.label,
            "choice": layer.choice,
            "learning_rate": layer.rate,
            "drift": layer.drifts,
        }
        for layer in layers
    ]
