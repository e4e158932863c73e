"""Colours and glyphs. A colour never speaks alone: a name or a shape always says the same."""

from typing import Final

from msgspec import Struct
from rich.text import Text

Size = tuple[int, int]
"""Columns and rows of terminal cells."""

SERIES_GLYPHS: Final = "●▲■▼★✚◐◧"
"""One per series colour, so that a line's end is known without its colour."""

REFERENCE_GLYPH: Final = "◆"
"""The flat baseline or the published profile, in every chart."""


class Palette(Struct, frozen=True, kw_only=True):
    """Colours of a theme, each a Rich style.

    The eight series colours have the hues of Okabe and Ito (2008), moved until each stands out from
    its background by 3.5:1 and no two look alike to the red- or green-blind.
    """

    series: tuple[str, ...]
    text: str
    muted: str
    """Axes, units, references: read when looked for."""
    faint: str
    """Guides and dimmed series: there, but behind."""
    highlight: str
    bar: str
    """Filled areas: calmer than a line, and `text` can be read on it."""
    colourless: bool = False
    """Whether no colour is seen: lines then have their glyphs on them again and again."""


DARK: Final = Palette(
    series=(
        "#56b4e9",
        "#e69f00",
        "#1fb58a",
        "#e27ab0",
        "#f0e442",
        "#f2743b",
        "#8f9bff",
        "#d9d9d9",
    ),
    text="#e6e6e6",
    muted="#98a2ac",
    faint="#5b646e",
    highlight="bold #ffffff",
    bar="#2a6690",
)

LIGHT: Final = Palette(
    series=(
        "#0688e4",
        "#d36700",
        "#0d9766",
        "#af1b77",
        "#66701c",
        "#b82100",
        "#19028a",
        "#4b4b48",
    ),
    text="#202428",
    muted="#5f6871",
    faint="#a9b1b9",
    highlight="bold #000000",
    bar="#5fa3d3",
)


def message(text: str, size: Size, style: str) -> Text:
    """Return ``text`` in the middle of ``size``, cut where it is too long: an empty state."""
    columns, rows = max(size[0], 0), max(size[1], 0)
    lines = text.splitlines()[:rows] or [""]
    above = (rows - len(lines)) // 2
    centred = [line[:columns].center(columns).rstrip() for line in lines]
    filled = [""] * above + centred + [""] * (rows - above - len(lines))
    return Text("\n".join(filled), style=style, no_wrap=True, overflow="crop", end="")


def too_small(size: Size, smallest: Size, palette: Palette) -> Text:
    """Return the line that stands for a chart where there is no room for it."""
    line = f"needs {smallest[0]}×{smallest[1]}, has {size[0]}×{size[1]}"
    return message(line, (size[0], 1), palette.muted)
