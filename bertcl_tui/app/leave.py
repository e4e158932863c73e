"""What to do with running work when the app is left."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Label

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.style.wording import count
from engine.store.states import Desired

_AWAITED: Final = (
    "A table is being filled: {} wait for searches,\n"
    "and are asked for only while the app is open.\n"
    "Next time, n in the arena asks for what is missing."
)


class LeaveScreen(ModalScreen[Desired | None]):
    """Asks what becomes of what is at work; None is to stay.

    Args:
        studies: names of those that go on.
        runs: how many runs go on that no study asked for.
        awaited: rows of a table that wait for searches.
    """

    PLACE: ClassVar[Place] = "dialog"
    CSS_PATH = "../kit/dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("dialog"),
        Binding("l,q", "answer('running')", show=False),
        Binding("p", "answer('paused')", show=False),
        Binding("s", "answer('stopped')", show=False),
        Binding("up,k", "app.focus_previous", show=False),
        Binding("down,j", "app.focus_next", show=False),
    ]

    def __init__(self, studies: Sequence[str], runs: int = 0, awaited: Sequence[str] = ()) -> None:
        super().__init__()
        self._studies, self._runs, self._awaited = studies, runs, awaited

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Label(f"{self._at_work()} at work", id="question")
            yield Label("\n".join(self._studies), id="detail", markup=False)
            if self._awaited:
                yield Label(_AWAITED.format(", ".join(self._awaited)), id="awaited", markup=False)
            yield Button("l    leave, and let workers go on", id="running", compact=True)
            yield Button("p    pause all at a checkpoint and leave", id="paused", compact=True)
            yield Button("s    stop all; what was measured is kept", id="stopped", compact=True)
            yield Button("esc  stay", id="stay", compact=True)

    def _at_work(self) -> str:
        studies = count(len(self._studies), "study", "studies") if self._studies else ""
        runs = count(self._runs, "run") if self._runs else ""
        return " and ".join(filter(None, (studies, runs)))

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
