"""From where a combination comes: studies, their trials and why some are left out; the base b."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from msgspec import Struct
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from textual.app import RenderResult
from textual.binding import BindingType
from textual.events import Click
from textual.message import Message
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from bertcl_tui import actions
from bertcl_tui.charts.colours import trial_ink
from bertcl_tui.charts.style import SERIES_GLYPHS
from bertcl_tui.combine.mixture import HIGHEST_BASE, LOWEST_BASE, Mixture, Source, farthest_change
from bertcl_tui.style.looks import Looks, looks_of
from engine.profiles import Combined, RankedTrial, ScoredTrial, StudyMean, without_each_study

_MOST_TRIALS: Final = 200
"""Shown of an unfolded study: the best ones, and all that are in."""
_NUMBERS: Final = 6
_LEAST_WEIGHT: Final = 0.005

_LEFT: Final = "b = 0.00   1.0 ├"
_RIGHT: Final = "┤ 5.0"
_GAP: Final = "   "
_NARROWEST: Final = 12
_WIDEST: Final = 44


class Place(Struct, frozen=True):
    """A study, or one of its trials."""

    study_id: int
    number: int | None = None


class MixtureList(OptionList, inherit_bindings=False):
    """Shows a mixture; studies unfold into their trials."""

    # Enter is left to the screen.
    PLACE: ClassVar[actions.Place] = "list"
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings_of("list")]

    @dataclass
    class Clicked(Message):
        """The person clicked on a study or a trial."""

        place: Place

    def __init__(self) -> None:
        super().__init__(compact=True, classes="panel")
        self._places: list[Place] = []
        self._unfolded: frozenset[int] = frozenset()
        self._shown: tuple[Mixture, Combined | None] = (Mixture(), None)

    @property
    def place(self) -> Place | None:
        """What the cursor is on."""
        return None if self.highlighted is None else self._places[self.highlighted]

    def show(self, mixture: Mixture, combined: Combined | None) -> None:
        """Show these; without a combination, only what could go in."""
        self._shown = (mixture, combined)
        lines = MixtureLines(mixture, combined, looks_of(self.app))
        places: list[Place] = []
        options: list[Option] = []
        for source in mixture.sources:
            places.append(Place(source.study_id))
            options.append(Option(lines.study(source)))
            if source.study_id not in self._unfolded:
                continue
            for trial in lines.trials_of(source):
                places.append(Place(source.study_id, trial.number))
                over = trial.state != "complete"
                options.append(Option(lines.trial(source, trial), disabled=over))
        self._put(places, options)

    def _put(self, places: list[Place], options: list[Option]) -> None:
        if places == self._places:
            for index, option in enumerate(options):
                self.replace_option_prompt_at_index(index, option.prompt)
            return
        before = self.place
        self._places = places
        self.set_options(options)
        if places:
            self.highlighted = places.index(before) if before in places else 0

    def toggle_fold(self) -> None:
        """Show the trials of the study under the cursor, or hide them."""
        if self.place is None:
            return
        study_id = self.place.study_id
        self._unfolded ^= frozenset([study_id])
        self.highlighted = self._places.index(Place(study_id))
        self.show(*self._shown)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Clicked(self._places[event.option_index]))


class MixtureLines:
    """Composes the lines of studies and trials; glyphs say what colours say."""

    def __init__(self, mixture: Mixture, combined: Combined | None, looks: Looks) -> None:
        self._mixture, self._looks = mixture, looks
        self._means = {mean.study: mean for mean in combined.studies} if combined else {}
        self._refusals = (
            {refusal.study: refusal.reason for refusal in combined.refusals} if combined else {}
        )
        self._slots = {source.study_id: source.slots for source in mixture.sources}
        self._without = _changes_without(combined) if combined else {}
        self._left_out: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for trial in combined.left_out if combined else ():
            self._left_out[trial.study][trial.reason].append(trial.number)

    def study(self, source: Source) -> RenderableType:
        """Compose a study: its name, how much of it is in, and what is not and why."""
        mean = self._means.get(source.spec.name)
        taken = self._mixture.taken[source.study_id]
        reason = source.trouble or self._refusals.get(source.spec.name)
        if reason and taken:
            return self._study("✗", self._looks.bad, source, [f"! refused: {reason}"])
        if mean:
            change = self._without.get(source.spec.name)
            notes = [
                _amount(mean, source),
                *([f"without it: {change}"] if change else []),
                *self._left_out_of(source),
            ]
            return self._study("●", self._looks.good, source, notes)
        if taken:
            return self._study("!", self._looks.warning, source, ["! no complete trial"])
        return self._study("○", self._looks.muted, source, [f"0 of {len(source.trials)} trials"])

    def _study(self, glyph: str, style: str, source: Source, notes: list[str]) -> RenderableType:
        title = Text(no_wrap=True, overflow="ellipsis")
        title.append(f"{glyph} ", style=f"bold {style}")
        title.append(source.spec.name, style=f"bold {self._looks.text}")
        return Group(title, *map(self._note, notes))

    def _note(self, text: str) -> RenderableType:
        style = self._looks.warning if text.startswith("!") else self._looks.muted
        return Padding(Text(text, style=style), (0, 0, 0, 2))

    def _left_out_of(self, source: Source) -> Iterator[str]:
        for reason, numbers in self._left_out[source.spec.name].items():
            shown = " ".join(f"#{number}" for number in numbers[:_NUMBERS])
            more = f" and {len(numbers) - _NUMBERS} more" if len(numbers) > _NUMBERS else ""
            yield f"! {shown}{more} left out: {reason}"

    def trials_of(self, source: Source) -> Iterator[ScoredTrial]:
        """Yield the trials to show: the best ones, then what did not come to its end."""
        taken = self._mixture.taken[source.study_id]
        ranked = sorted(source.trials, key=lambda trial: (-(trial.p or 0.0), trial.number))
        for place, trial in enumerate(ranked):
            if place < _MOST_TRIALS or trial.number in taken:
                yield trial

    def trial(self, source: Source, trial: ScoredTrial) -> RenderableType:
        """Compose a trial: its score, and its weight in the study's mean."""
        mean = self._means.get(source.spec.name)
        ranking = mean.trials if mean else ()
        ranked = next((one for one in ranking if one.number == trial.number), None)
        line = Table.grid(expand=True, padding=(0, 1, 0, 0))
        line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        line.add_column(justify="right", no_wrap=True)
        taken = trial.number in self._mixture.taken[source.study_id]
        glyph = "●" if ranked else "!" if taken else "○"
        score = f"{trial.p:.3f}" if trial.p is not None else trial.state
        line.add_row(
            Text.assemble(
                (f"  {glyph} ", self._looks.good if ranked else self._looks.muted),
                self._number(source, trial),
                (score, self._looks.text if ranked else self._looks.muted),
            ),
            Text(_weight(ranked), style=self._looks.muted),
        )
        return line

    def _number(self, source: Source, trial: ScoredTrial) -> tuple[str, str]:
        """Write a trial's number, with the colour and glyph that it has in its study."""
        slot = self._slots[source.study_id].get(trial.number)
        if slot is None:
            return f"  #{trial.number:<4}", self._looks.text
        return f"{SERIES_GLYPHS[slot]} #{trial.number:<4}", trial_ink(slot, self._looks.palette)


def _changes_without(combined: Combined) -> dict[str, str]:
    """Say by study how much of the combination hangs on it."""
    labels = combined.grouping.labels()
    return {
        without.study: farthest_change(without, labels) for without in without_each_study(combined)
    }


def _amount(mean: StudyMean, source: Source) -> str:
    return f"{len(mean.trials)} of {len(source.trials)} trials · ESS {mean.effective_trials:.1f}"


def _weight(ranked: RankedTrial | None) -> str:
    if ranked is None:
        return ""
    return f"{ranked.weight:.0%}" if ranked.weight >= _LEAST_WEIGHT else "< 1%"


class BaseDial(Widget):
    """Shows the base on its track; a click on the track turns it there.

    The remark stands beside the track, or in a second line where there is no room.
    """

    @dataclass
    class Turned(Message):
        """The person wants this base."""

        base: float

    def __init__(self) -> None:
        super().__init__()
        self._base = LOWEST_BASE
        self._remark = ""

    def show(self, base: float, remark: str) -> None:
        """Show the base, and a few words beside it."""
        if (base, remark) != (self._base, self._remark):
            self._base, self._remark = base, remark
            self.refresh()

    @property
    def _has_room(self) -> bool:
        return self._room(len(self._remark) + len(_GAP)) >= _NARROWEST

    @property
    def _track(self) -> int:
        beside = len(self._remark) + len(_GAP) if self._has_room else 0
        return min(max(self._room(beside), 2), _WIDEST)

    def _room(self, beside: int) -> int:
        return self.size.width - len(_LEFT) - len(_RIGHT) - beside

    def render(self) -> RenderResult:
        looks = looks_of(self.app)
        last = self._track - 1
        place = round((self._base - LOWEST_BASE) / (HIGHEST_BASE - LOWEST_BASE) * last)
        line = Text(no_wrap=True, overflow="crop")
        line.append("b = ", style=looks.muted)
        line.append(f"{self._base:.2f}", style=f"bold {looks.accent}")
        line.append(f"   {LOWEST_BASE:.1f} ├{'─' * place}", style=looks.muted)
        line.append("●", style=f"bold {looks.accent}")
        line.append(f"{'─' * (last - place)}┤ {HIGHEST_BASE:.1f}", style=looks.muted)
        line.append(f"{_GAP if self._has_room else chr(10)}{self._remark}", style=looks.text)
        return line

    def on_click(self, event: Click) -> None:
        place = event.get_content_offset(self)
        column = -1 if place is None else place.x - len(_LEFT)
        if 0 <= column < self._track:
            share = column / (self._track - 1)
            base = LOWEST_BASE + share * (HIGHEST_BASE - LOWEST_BASE)
            self.post_message(self.Turned(round(base, 1)))
