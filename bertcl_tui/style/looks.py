"""A theme's colours as Rich styles, for what is written cell by cell."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from bertcl_tui.charts.style import DARK, LIGHT, Palette

if TYPE_CHECKING:
    from textual.app import App

_ANSI: Final = Palette(
    series=(
        "blue",
        "yellow",
        "green",
        "magenta",
        "cyan",
        "red",
        "bright_blue",
        "default",
    ),
    text="default",
    muted="bright_black",
    faint="bright_black",
    highlight="bold default",
    bar="blue",
)


class Looks(Struct, frozen=True, kw_only=True):
    """Styles of the theme that is on. A glyph or a word always says what a colour says."""

    text: str
    muted: str
    accent: str
    good: str
    warning: str
    bad: str
    palette: Palette
    """For charts."""


Write = Callable[[int, Looks], Text]
"""Writes a text, given the columns there are and the theme's looks."""


def looks_of(app: "App[object]") -> Looks:
    """Return the looks of the app's theme."""
    from textual.color import Color  # the command line, which writes texts too, has no Textual

    theme = app.current_theme
    palette = _ANSI if theme.ansi else DARK if theme.dark else LIGHT
    if app.no_color:
        palette = replace(palette, colourless=True)
    variables = app.theme_variables

    def ink(name: str) -> str:
        return Color.parse(variables[name]).rich_color.name

    return Looks(
        text=ink("foreground"),
        muted=palette.muted,
        accent=ink("accent"),
        good=ink("success"),
        warning=ink("warning"),
        bad=ink("error"),
        palette=palette,
    )
