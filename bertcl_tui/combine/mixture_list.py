"""From where a combination comes: studies and their trials, what is left out, and why."""

from dataclasses import dataclass
from typing import ClassVar

from msgspec import Struct
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from bertcl_tui import actions
from bertcl_tui.combine.mixture import Mixture
from bertcl_tui.combine.mixture_lines import MixtureLines
from bertcl_tui.style.looks import looks_of
from engine.profiles import Combined


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
