"""What the trials of a study are held against: a run with one rate for all, of the study or not."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.store.trial_rows import Scored
from bertcl_tui.style.wording import score

_MOST_OF_A_NAME: Final = 24
"""Characters of a study's name beside a run."""


def flats_of(scored: Iterable[Scored]) -> tuple[Scored, ...]:
    """Return the trials in which every choice has the same rate, in their order."""
    return tuple(trial for trial in scored if len(set(trial.learning_rates)) == 1)


def flat_baseline(scored: Iterable[Scored], chosen: int | None = None) -> Scored | None:
    """Return the one whose run was chosen, else the first in which all rates are the same."""
    flats = flats_of(scored)
    return next((flat for flat in flats if flat.run_id == chosen), next(iter(flats), None))


def flat_name(flat: Scored) -> str:
    """Return what the baseline is called, and whose it is where it is not of the study itself."""
    name = flat.label or f"flat #{flat.number}"
    return f"{name} ({flat.of})" if flat.of else name


class BaselineScreen(ModalScreen[int | None]):
    """Asks which run is the baseline; the answer is its id, None for never mind.

    Args:
        flats: those that there are, the study's own first.
        chosen: id of the one that is it now.
    """

    PLACE: ClassVar[Place] = "dialog"
    CSS_PATH = "../kit/lists.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("dialog"),
        Binding("j", "go(1)", show=False),
        Binding("k", "go(-1)", show=False),
    ]

    def __init__(self, flats: Sequence[Scored], chosen: int | None) -> None:
        super().__init__()
        self._flats, self._chosen = flats, chosen

    def compose(self) -> ComposeResult:
        choice = OptionList(*map(self._option, self._flats), compact=True)
        choice.border_title = "Flat baseline"
        choice.border_subtitle = "same sequence, data, backbone and protocol"
        yield choice

    def on_mount(self) -> None:
        ids = [flat.run_id for flat in self._flats]
        place = ids.index(self._chosen) if self._chosen in ids else 0
        self.query_one(OptionList).highlighted = place

    def _option(self, flat: Scored) -> Option:
        text = Text("› " if flat.run_id == self._chosen else "  ")
        text.append(f"{flat.label or f'flat #{flat.number}':<13} ", style="bold")
        text.append(f"p {score(flat.p)} = {score(flat.p_o)} + {score(flat.p_s)} ")
        whose = flat.of or f"#{flat.number} of this study"
        cut = len(whose) > _MOST_OF_A_NAME
        text.append(f"{whose[: _MOST_OF_A_NAME - 1]}…" if cut else whose, style="dim")
        return Option(text)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._flats[event.option_index].run_id)

    def action_go(self, lines: int) -> None:
        """Go up or down with the keys of vi."""
        choice = self.query_one(OptionList)
        (choice.action_cursor_down if lines > 0 else choice.action_cursor_up)()

    def action_back(self) -> None:
        """Never mind."""
        self.dismiss(None)
