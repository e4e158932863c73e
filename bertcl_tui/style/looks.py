"""A theme's colours as Rich styles, and how each state is shown: glyph, word and colour."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from bertcl_tui.charts.style import DARK, LIGHT, Palette
from bertcl_tui.store.trial_rows import StudyState, TrialState
from engine.store.states import Desired

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
    ramp=("blue", "bright_blue", "cyan", "green", "yellow", "red", "bright_red"),
    quiet_ramp=("blue", "bright_blue", "cyan", "green", "yellow", "red", "bright_red"),
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
KeyOf = Callable[[str], str]
"""Writes the key of an action."""


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


class StateLook(Struct, frozen=True):
    """How a state is shown, and what it means."""

    glyph: str
    ink: Literal["text", "muted", "accent", "good", "warning", "bad"]
    meaning: str


STATE_LOOKS: Final[dict[StudyState | TrialState, StateLook]] = {
    "queued": StateLook("·", "muted", "waits for a worker"),
    "running": StateLook("▶", "accent", "is being learnt"),
    "paused": StateLook("‖", "warning", "stands at a checkpoint and holds no device"),
    "stalled": StateLook("…", "warning", "its worker lives, but no step was made for two minutes"),
    "lost": StateLook("?", "bad", "its worker is gone; the next goes on from the last checkpoint"),
    "complete": StateLook("✓", "good", "learnt to the end"),
    "pruned": StateLook("−", "muted", "ended early, as it fell behind the others"),
    "collapsed": StateLook("▁", "bad", "predicts one class only; ended early and never combined"),
    "stopped": StateLook("■", "muted", "ended by a person"),
    "failed": StateLook("✗", "bad", "ended by an error, shown with the trial"),
}


def state_word(state: StudyState | TrialState, desired: Desired) -> str:
    """Return the word for a state; what runs on only until its worker looks is on its way."""
    if state == "running" and desired != "running":
        return "pausing" if desired == "paused" else "stopping"
    return state


def state_text(state: StudyState | TrialState, desired: Desired, looks: Looks) -> Text:
    """Return glyph and word of a state."""
    look = STATE_LOOKS[state]
    return Text(f"{look.glyph} {state_word(state, desired)}", style=getattr(looks, look.ink))
