"""What to do with running work when the app is left."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Label

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.wording import count
from engine.store.states import Desired


class LeaveScreen(ModalScreen[Desired | None]):
    """Asks what is wanted of the studies that run; None is to stay."""

    PLACE: ClassVar[Place] = "dialog"
    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("dialog"),
        Binding("l,q", "answer('running')", show=False),
        Binding("p", "answer('paused')", show=False),
        Binding("s", "answer('stopped')", show=False),
        Binding("up,k", "app.focus_previous", show=False),
        Binding("down,j", "app.focus_next", show=False),
    ]

    def __init__(self, studies: Sequence[str]) -> None:
        super().__init__()
        self._studies = studies

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Label(f"{count(len(self._studies), 'study', 'studies')} at work", id="question")
            yield Label("\n".join(self._studies), id="detail", markup=False)
            yield Button("l    leave them running", id="running", compact=True)
            yield Button("p    pause all and leave", id="paused", compact=True)
            yield Button("s    stop all for good", id="stopped", compact=True)
            yield Button("esc  stay", id="stay", compact=True)

    def on_mount(self) -> None:
        self.query_one("#running", Button).focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        answers: dict[str | None, Desired] = {
            "running": "running",
            "paused": "paused",
            "stopped": "stopped",
        }
        self.dismiss(answers.get(event.button.id))

    def action_answer(self, answer: Desired) -> None:
        self.dismiss(answer)

    def action_back(self) -> None:
        self.dismiss(None)
