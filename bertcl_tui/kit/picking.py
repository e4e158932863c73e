"""A list of which one line is picked."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Generic, NamedTuple, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from bertcl_tui.actions import Place, bindings_of

Answer = TypeVar("Answer")


class Wording(NamedTuple):
    """What stands around a list."""

    title: str
    subtitle: str


class PickingScreen(ModalScreen[Answer | None], Generic[Answer]):
    """Asks for one of several; the answer is what its line stands for, None for never mind.

    Args:
        wording: around the list.
        answers: what each line stands for.
        lines: what is shown, as many.
        chosen: the answer that holds now; the first line is under the cursor where it is none.
    """

    PLACE: ClassVar[Place] = "dialog"
    CSS_PATH = Path(__file__).with_name("lists.tcss")  # not beside the screen that is made of it
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("dialog"),
        Binding("j", "go(1)", show=False),
        Binding("k", "go(-1)", show=False),
    ]

    def __init__(
        self,
        wording: Wording,
        answers: Sequence[Answer],
        lines: Sequence[Text],
        chosen: Answer | None,
    ) -> None:
        super().__init__()
        self._wording, self._answers, self._lines = wording, answers, lines
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        choice = OptionList(*map(Option, self._lines), compact=True)
        choice.border_title, choice.border_subtitle = self._wording
        yield choice

    def on_mount(self) -> None:
        place = self._answers.index(self._chosen) if self._chosen in self._answers else 0
        self.query_one(OptionList).highlighted = place

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._answers[event.option_index])

    def action_go(self, lines: int) -> None:
        """Go up or down with the keys of vi."""
        choice = self.query_one(OptionList)
        (choice.action_cursor_down if lines > 0 else choice.action_cursor_up)()

    def action_back(self) -> None:
        """Never mind."""
        self.dismiss(None)
