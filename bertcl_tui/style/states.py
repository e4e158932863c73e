"""How a state is shown: a glyph and a word, and a colour that says no more than they do."""

from typing import Final, Literal

from msgspec import Struct
from rich.text import Text

from bertcl_tui.store.rows import StudyState, TrialState
from bertcl_tui.style.looks import Looks
from engine.store.states import Desired


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
