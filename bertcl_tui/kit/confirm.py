"""A question before something that cannot be undone."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen, Screen
from textual.widgets import Button, Label

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.kit.messages import ControlStudies
from bertcl_tui.store.rows import StudyRow


class ConfirmScreen(ModalScreen[bool]):
    """Asks; True is yes.

    Args:
        question: one sentence.
        detail: what happens then.
        yes: the word on the button.
    """

    PLACE: ClassVar[Place] = "dialog"
    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("dialog"),
        Binding("y", "answer(True)", show=False),
        Binding("n", "answer(False)", show=False),
        Binding("left,h", "app.focus_previous", show=False),
        Binding("right,l", "app.focus_next", show=False),
    ]

    def __init__(self, question: str, detail: str, yes: str) -> None:
        super().__init__()
        self._question, self._detail, self._yes = question, detail, yes

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Label(self._question, id="question", markup=False)
            yield Label(self._detail, id="detail", markup=False)
            with Horizontal(id="buttons"):
                yield Button(f"y  {self._yes}", id="yes", compact=True)
                yield Button("esc  cancel", id="no", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no", Button).focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool, /) -> None:  # noqa: FBT001 - Textual gives it by place
        self.dismiss(answer)

    def action_back(self) -> None:
        self.dismiss(result=False)


def confirm_stop(screen: Screen[None], study: StudyRow) -> None:
    """Ask whether a study is to be stopped, and stop it if so."""
    if study.state in {"complete", "stopped"}:
        screen.notify(f"{study.name} is {study.state} already")
        return
    question = ConfirmScreen(
        f"Stop {study.name} for good?",
        "What was measured is kept. Pause it instead to let it go on later.",
        "Stop",
    )

    def answered(yes: bool | None) -> None:  # noqa: FBT001 - the dialog gives it by place
        if yes:
            screen.post_message(ControlStudies([study.id], "stopped"))

    screen.app.push_screen(question, answered)
