"""Home: every study, how it does, and who works on it."""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Footer, Static

from bertcl_tui.actions import bindings_of
from bertcl_tui.messages import Folding, OpenNewStudy
from bertcl_tui.read import Reader
from bertcl_tui.rows import StudyRow
from bertcl_tui.screens.live import LiveScreen


@dataclass
class StudiesRead(Folding):
    """What the store said."""

    studies: tuple[StudyRow, ...]


class StudiesScreen(LiveScreen):
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("studies")]

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader

    def compose(self) -> ComposeResult:
        yield Static("Studies")
        yield Footer()

    def read(self) -> StudiesRead:
        return StudiesRead(self._reader.studies())

    def action_new_study(self) -> None:
        self.post_message(OpenNewStudy())
