"""Dialogs over a screen: a small form, a question with yes and no, and what to leave running."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import DescendantFocus
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Button, Input, Label, Static

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.options.readers import Field
from bertcl_tui.style.wording import count
from bertcl_tui.widgets.column import cut_in_middle
from bertcl_tui.widgets.frame import tell
from bertcl_tui.widgets.inputs import FieldRow
from bertcl_tui.widgets.keys import key_for
from engine.errors import UsageError
from engine.store.states import Desired

Texts = Mapping[str, str]


_AWAITED: Final = (
    "A table is being filled: {} wait for searches, and are asked for only while the app is open. "
    "Next time, {} in the arena asks for what is missing."
)
_MOST_NAMED: Final = 6
_NAME_CELLS: Final = 46
"""Columns of characters that a dialog has on a terminal of 60, beside a scroll bar."""


def listed(names: Sequence[str]) -> str:
    """Write names, a line each; of many the first ones, of a long one its beginning and its end."""
    lines = [cut_in_middle(Text(name), _NAME_CELLS).plain for name in names[:_MOST_NAMED]]
    more = len(names) - len(lines)
    return "\n".join([*lines, f"and {more} more"] if more else lines)


class FormScreen(ModalScreen[Texts | None]):
    """Asks for a few texts; the answer has every field's text or default, None for never mind.

    Args:
        title: what is about to be done.
        fields: what is asked for.
        go: the word on the button.
        remark: says what will come of the texts; may raise UsageError for what cannot be.
        suggesters: how a field's text could go on.
        begun: what stands in fields at first, where that is not the default.
    """

    PLACE: ClassVar[Place] = "dialog"
    CSS_PATH: ClassVar = ["form.tcss", "../widgets/field_row.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("dialog"),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]
    AUTO_FOCUS = "Input"

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        *,
        go: str,
        remark: Callable[[Texts], str],
        suggesters: Mapping[str, Suggester] | None = None,
        begun: Texts | None = None,
    ) -> None:
        super().__init__()
        self._title, self._fields, self._go = title, fields, go
        self._begun = begun or {}
        self._remark_on = remark
        self._suggesters = suggesters or {}

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = self._title
            for field in self._fields:
                text = self._begun.get(field.name, field.default)
                yield FieldRow(field, text, suggester=self._suggesters.get(field.name))
            yield Static(id="hint", markup=False)
            yield Static(id="remark", markup=False)
            with Horizontal(id="buttons"):
                yield Button(self._go, variant="primary", id="go", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        self._show_remark()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_hint)

    @on(DescendantFocus)
    def _show_hint(self) -> None:
        """Say of the field that has focus what there is no room for beside it."""
        row = next((row for row in self.query(FieldRow) if row.has_focus_within), None)
        hint, below = (
            self.query_one("#hint", Static),
            str(self.query_one("#remark", Static).content),
        )
        if row is None or not row.is_note_cut or row.note in below:
            tell(hint, "")
            return
        hint.set_class(row.complaint is not None, "-trouble")
        tell(hint, row.note)

    @on(FieldRow.Changed)
    def _changed(self, event: FieldRow.Changed) -> None:
        event.stop()
        self._show_remark()
        self._show_hint()

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _submitted(self, event: Input.Submitted | Button.Pressed) -> None:
        event.stop()
        if self._trouble() is None:
            self.dismiss(self._texts())
            return
        for row in self.query(FieldRow):
            if row.waits:
                row.insist()
        self._show_remark()

    @on(Button.Pressed, "#cancel")
    def action_back(self) -> None:
        """Never mind."""
        self.dismiss(None)

    def _texts(self) -> dict[str, str]:
        rows = self.query(FieldRow)
        return {row.field.name: row.text.strip() or row.default for row in rows}

    def _trouble(self) -> str | None:
        for row in self.query(FieldRow):
            if row.trouble:
                return row.trouble
        try:
            self._remark_on(self._texts())
        except UsageError as error:
            return str(error)
        return None

    def _show_remark(self) -> None:
        trouble = self._trouble()
        remark = self.query_one("#remark", Static)
        if trouble and any(row.waits for row in self.query(FieldRow)):
            remark.update("")
            return
        remark.set_class(trouble is not None, "-trouble")
        remark.update(f"✗ {trouble}" if trouble else self._remark_on(self._texts()))


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
                yield Button(f"{key_for(self.app, 'back')}  cancel", id="no", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no", Button).focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool, /) -> None:  # noqa: FBT001 - Textual gives it by place
        self.dismiss(answer)

    def action_back(self) -> None:
        self.dismiss(result=False)


class LeaveScreen(ModalScreen[Desired | None]):
    """Asks what becomes of what is at work; None is to stay.

    Args:
        studies: names of those that go on.
        runs: how many runs go on that no study asked for.
        awaited: rows of a table that wait for searches.
    """

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

    def __init__(self, studies: Sequence[str], runs: int = 0, awaited: Sequence[str] = ()) -> None:
        super().__init__()
        self._studies, self._runs, self._awaited = studies, runs, awaited

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Label(f"{self._at_work()} at work", id="question")
            yield Label(listed(self._studies), id="detail", markup=False)
            if self._awaited:
                yield Label(self._said_of_awaited(), id="awaited", markup=False)
            yield Button("l    leave, and let workers go on", id="running", compact=True)
            yield Button("p    pause all at a checkpoint and leave", id="paused", compact=True)
            yield Button("s    stop all; what was measured is kept", id="stopped", compact=True)
            yield Button(f"{key_for(self.app, 'back'):4} stay", id="stay", compact=True)

    def _said_of_awaited(self) -> str:
        return _AWAITED.format(", ".join(self._awaited), key_for(self.app, "new_table"))

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
