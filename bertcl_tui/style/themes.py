"""The house's own themes; Textual's stand beside them, the terminal's own colours among those."""

from functools import lru_cache
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.strip import Strip
from textual.theme import BUILTIN_THEMES, Theme

_RAISED: Final = 0.11
"""Difference in brightness from which a ground is another: that of the line with the cursor."""
_FAINT: Final = 0.4
"""Difference in brightness below which ink is hardly seen."""


def _scrollbars(bar: str, trough: str, hover: str) -> dict[str, str]:
    return {
        "scrollbar": bar,
        "scrollbar-hover": hover,
        "scrollbar-active": hover,
        "scrollbar-background": trough,
        "scrollbar-background-hover": trough,
        "scrollbar-background-active": trough,
        "scrollbar-corner-color": trough,
    }


DARK = Theme(
    name="bertcl-dark",
    primary="#7aa2d6",
    secondary="#5d7fa8",
    accent="#e0b15e",
    success="#86b97a",
    warning="#d9a05b",
    error="#d4737d",
    foreground="#d5d9de",
    background="#14171c",
    surface="#1a1e25",
    panel="#232934",
    dark=True,
    variables={
        "border-blurred": "#39424f",
        **_scrollbars("#39424f", "#1a1e25", "#5d7fa8"),
        "footer-key-foreground": "#e0b15e",
    },
)
LIGHT = Theme(
    name="bertcl-light",
    primary="#2b5f9e",
    secondary="#4a77a8",
    accent="#875b08",
    success="#3a7030",
    warning="#96550f",
    error="#ac2f3c",
    foreground="#24292f",
    background="#f6f5f1",
    surface="#fcfbf8",
    panel="#e8e6df",
    dark=False,
    variables={
        "border-blurred": "#c9c5b8",
        **_scrollbars("#c9c5b8", "#fcfbf8", "#4a77a8"),
        "footer-key-foreground": "#875b08",
    },
)


def theme_names() -> tuple[str, ...]:
    """Return the names of all themes, the house's own first."""
    own = (DARK.name, LIGHT.name)
    return (*own, *sorted(name for name in BUILTIN_THEMES if name not in own))


class Colourless(LineFilter):
    """Takes every colour away, and says in reverse what stood on another ground than the rest.

    Args:
        surface: the colour of what most things stand on.
    """

    def __init__(self, surface: str) -> None:
        super().__init__()
        self._surface = Color.parse(surface).brightness

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - a widget's own
        """Return the segments of a line as a terminal without colours shows them."""
        return [
            Segment(text, style and _without_colours(style, self._surface), control)
            for text, style, control in segments
        ]


@lru_cache(1024)
def _without_colours(style: Style, surface: float) -> Style:
    ground = style.bgcolor and Color.from_rich_color(style.bgcolor).brightness
    ink = style.color and Color.from_rich_color(style.color).brightness
    is_raised = ground is not None and abs(ground - surface) > _RAISED
    is_faint = ink is not None and ground is not None and abs(ink - ground) < _FAINT
    return style.without_color + Style(
        reverse=is_raised != bool(style.reverse) or None, dim=is_faint or None
    )


def colourless(strip: Strip) -> Strip:
    """Return a strip without its colours, of which each would be another background in reverse."""
    return Strip(
        [Segment(text, style and style.without_color, control) for text, style, control in strip],
        strip.cell_length,
    )
