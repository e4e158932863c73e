"""What stands in a line of the list of trials: one writer for each kind of cell."""

from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.axis import rate_label
from bertcl_tui.charts.colours import trial_ink
from bertcl_tui.charts.forgetting import Known
from bertcl_tui.charts.rate_axis import rate_bounds, rate_strip
from bertcl_tui.charts.style import SERIES_GLYPHS
from bertcl_tui.store.trial_rows import TrialRow
from bertcl_tui.style.looks import Looks, state_text
from bertcl_tui.style.wording import score, signed
from engine.store.states import ENDED

_MARKS: Final = {"marked": "◉", "ranged": "▸", "": " "}


class TrialLine(Struct, frozen=True):
    """A line of the list: a trial, and whether it is marked or in the range being stretched."""

    number: int
    trial: TrialRow | None
    """None: it was not read yet."""
    mark: Literal["marked", "ranged", ""] = ""
    slot: int | None = None
    """Its colour and glyph in the charts; None: it has none there."""
    known: Known | None = None
    """Of one that runs or rests in its midst: what it would score by now."""


Cell = Callable[[TrialLine, Looks], Text]
"""Writes what stands in a line."""


class Written(Struct, frozen=True):
    """What most columns say: a text of the trial, nothing of one that was not read yet."""

    write: Callable[[TrialRow], str]
    quiet: bool = False

    def __call__(self, line: TrialLine, looks: Looks) -> Text:
        if line.trial is None:
            return Text()
        return Text(self.write(line.trial), style=looks.muted if self.quiet else "")


class RateOf(Struct, frozen=True):
    """Writes one learning rate."""

    index: int

    def __call__(self, trial: TrialRow) -> str:
        rates = trial.learning_rates
        return rate_label(rates[self.index]) if self.index < len(rates) else ""


def rates_strip(line: TrialLine, looks: Looks) -> Text:
    """Write a character for each choice's rate; dimmer than words, as it is to be seen at once."""
    if line.trial is None:
        return Text()
    rates = line.trial.learning_rates
    return rate_strip(rates, rate_bounds(rates), looks.palette)


class Part(Struct, frozen=True):
    """Writes a part of the score; of a trial without one, what it would be by now."""

    part: Literal["p_o", "p_s", "p_o_before", "forgetting", "bwt"]

    def __call__(self, line: TrialLine, looks: Looks) -> Text:
        if line.trial is None:
            return Text()
        value, by_now = getattr(line.trial, self.part), getattr(line.known, self.part, None)
        if value is None and by_now is not None:
            return Text(signed(by_now), style=f"italic {looks.muted}")
        return Text(signed(value))


def scored(name: str) -> Written:
    return Written(lambda trial: score(getattr(trial, name)))


def marked(line: TrialLine, looks: Looks) -> Text:
    """Write the glyph that a marked trial has in the charts, or that it is marked."""
    if line.mark == "marked" and line.slot is not None:
        return Text(SERIES_GLYPHS[line.slot], style=f"bold {trial_ink(line.slot, looks.palette)}")
    return Text(_MARKS[line.mark], style=f"bold {looks.accent}")


def numbered(line: TrialLine, looks: Looks) -> Text:
    ink = "" if line.slot is None else trial_ink(line.slot, looks.palette)
    return Text(str(line.number), style=f"bold {ink}".strip() if line.mark else ink)


def remarked(line: TrialLine, looks: Looks) -> Text:
    """Write what a person says of a trial, and quieter what it is called and why it ended."""
    trial = line.trial
    if trial is None:
        return Text()
    parts = [Text(trial.note)] if trial.note else []
    parts += [Text(each, style=looks.muted) for each in (trial.label, trial.reason) if each]
    return Text(" · ", style=looks.muted).join(parts)


def stated(line: TrialLine, looks: Looks) -> Text:
    trial = line.trial
    if trial is None:
        return Text()
    text = state_text(trial.state, trial.desired, looks)
    if trial.state not in ENDED and trial.step and trial.steps:
        text.append(f" {trial.step / trial.steps:.0%}")
    return text


def steps_taken(trial: TrialRow) -> str:
    if trial.state in ENDED or not trial.steps:
        return str(trial.step)
    return f"{trial.step}/{trial.steps}"
