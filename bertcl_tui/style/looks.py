"""A theme's colours as Rich styles, and how each state is shown: glyph, word and colour."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from bertcl_tui.charts.style import DARK, LIGHT, Palette
from bertcl_tui.store.study_rows import StudyRow, WorkerRow
from bertcl_tui.store.trial_rows import StudyState, TrialState
from bertcl_tui.style.wording import count, headway
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


_ON_ITS_WAY: Final[dict[Desired, str]] = {
    "paused": "pausing: its trial ends the step it is at",
    "stopped": "stopping: its trial ends the step it is at",
}


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


def standing_of(study: StudyRow, workers: Sequence[WorkerRow]) -> str:
    """Say what a study's state comes from and what can be done; empty where nothing needs saying.

    Args:
        study: the study.
        workers: all that there are.
    """
    living = [worker for worker in workers if worker.state != "lost"]
    if study.state == "running":
        return _ON_ITS_WAY.get(study.desired, "")
    sentences: dict[StudyState, str] = {
        "failed": f"failed: {study.reason or 'its trials say why'}; space lets it go on",
        "lost": f"its worker is gone; {_who_goes_on(living)} goes on from the checkpoint",
        "stalled": "no step for two minutes; W shows its worker and the log",
        "queued": f"waits: {waits_for(study, living)}",
        "paused": f"{study.reason or f'paused at {headway(study)}'}; space lets it go on",
        "stopped": f"stopped at {headway(study)}; space lets it go on",
    }
    return sentences.get(study.state, "")


def _who_goes_on(living: Sequence[WorkerRow]) -> str:
    return "the next that is free" if living else "space starts another, which"


def waits_for(study: StudyRow, living: Sequence[WorkerRow]) -> str:
    """Say what a study waits for that shall run but at which no worker is."""
    if not living:
        return "there is no worker; space starts one"
    if study.reason:
        return study.reason.removeprefix("waits for ")
    if any(worker.state == "idle" and worker.desired == "running" for worker in living):
        return "a worker is about to take it"
    if all(worker.desired != "running" for worker in living):
        return "every worker is paused; W and space let one go on"
    busy = [worker for worker in living if worker.study_id != study.id and worker.run_id]
    return f"{count(len(busy), 'worker is', 'workers are')} at something else"


def worker_word(row: WorkerRow) -> str:
    """Return the word for a worker's state."""
    if row.state == "lost":
        return "lost"
    if row.desired == "stopped":
        return "stopping"
    if row.desired == "paused":
        return "pausing" if row.run_id is not None else "paused"
    if row.state == "idle" and row.cpu_percent is None:
        return "starting"
    return row.state if row.waits_for is None else "waiting"


def at_what(row: WorkerRow) -> str:
    """Say which run a worker is at, or what it waits for; empty where it does neither."""
    if row.waits_for is not None:
        return f"waits: {row.waits_for}"
    if not row.names:
        return ""
    names = ", ".join(row.names)
    if row.study is not None:
        several = len(row.names) > 1
        return f"{len(row.names)} of {row.study}: {names}" if several else f"{names} {row.study}"
    what = " on ".join(filter(None, (row.label, row.sequence)))
    return f"{names} {what}".rstrip()
