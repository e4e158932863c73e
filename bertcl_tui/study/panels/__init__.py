"""The charts of the Study screen, each in a file of this folder.

A chart is a module with a ``PANEL``, and a line with the module's name and its key's texts in
``bertcl_tui.actions.studies.PANELS``.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Final

from msgspec import Struct

from bertcl_tui.actions.studies import PANELS
from bertcl_tui.study.look import Look
from bertcl_tui.widgets.chart import Chart, Drawing

NONE_FITS: Final = "No trial fits the filter."


class Panel(Struct, frozen=True, kw_only=True):
    """What a chart of the Study screen says of a look at the study."""

    title: Callable[[Look], str]
    subtitle: Callable[[Look], str] | None = None
    drawing: Callable[[Look], Drawing]
    chart: type[Chart] = Chart
    """The widget that shows the drawing."""


def study_panels() -> dict[str, Panel]:
    """Return the panels by name, in the order of their keys."""
    return {panel.name: _panel(panel.name) for panel in PANELS}


def _panel(name: str) -> Panel:
    panel = import_module(f"{__name__}.{name}").PANEL
    assert isinstance(panel, Panel)
    return panel
