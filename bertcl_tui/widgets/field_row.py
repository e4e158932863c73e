"""One field of a form: its label, where it is typed or picked, and what is to be said of it."""

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import DescendantBlur, DescendantFocus
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Select, Static

from bertcl_tui.options.readers import Field
from bertcl_tui.widgets.inputs import Choice


class FieldRow(Horizontal):
    """Tells of every change; says what is wrong as it is typed.

    Args:
        field: what is asked for.
        text: what stands there at first.
        default: shown where nothing is typed.
        suggester: offers how what was typed could go on.
    """

    @dataclass
    class Changed(Message):
        """Other text stands in a field now."""

        name: str
        text: str

    def __init__(
        self,
        field: Field,
        text: str = "",
        *,
        default: str | None = None,
        suggester: Suggester | None = None,
    ) -> None:
        super().__init__(id=field.name.replace("_", "-"), classes="-long" if field.long else "")
        self.field = field
        self._default = field.default if default is None else default
        self._entry = (
            Choice(tuple(field.choices), text or self._default)
            if field.choices
            else Input(text, placeholder=self._default, suggester=suggester, compact=True)
        )
        self._objection: str | None = None
        self._typed = False
        self._caution: str | None = None

    def compose(self) -> ComposeResult:
        yield Static(self.field.label, classes="label", markup=False)
        yield self._entry
        yield Static(classes="note", markup=False)

    def on_mount(self) -> None:
        self._show_note()
        self._show_beginning()

    @property
    def text(self) -> str:
        """What stands in the field; empty where the default does."""
        return str(self._entry.value)

    @text.setter
    def text(self, text: str) -> None:
        self._entry.value = text

    @property
    def default(self) -> str:
        """What an empty field means."""
        return self._default

    @default.setter
    def default(self, default: str) -> None:
        if isinstance(self._entry, Input):
            self._entry.placeholder = default
        elif self.text == self._default:
            self._entry.value = default
        self._default = default

    @property
    def trouble(self) -> str | None:
        """One line on what is wrong with the text, None when nothing is."""
        return self.field.trouble(self.text) or self._objection

    @property
    def waits(self) -> bool:
        """Whether nothing was typed yet where something must be: no reason to complain so far."""
        return not (self._typed or self.text.strip() or self.default)

    def insist(self) -> None:
        """Complain of what was not typed too, and let the person type it."""
        self._typed = True
        self._show_note()
        self.focus_entry()

    @property
    def complaint(self) -> str | None:
        """One line on what was typed wrong, None when nothing was."""
        return None if self.waits else self.trouble

    def object_to(self, objection: str | None) -> None:
        """Say what is wrong for a reason that the field alone cannot know."""
        self._objection = objection
        self._show_note()

    @property
    def caution(self) -> str | None:
        """One line on why the field does little beside the others, None where it does."""
        return self._caution

    @caution.setter
    def caution(self, caution: str | None) -> None:
        if caution != self._caution:
            self._caution = caution
            self._show_note()

    @property
    def note(self) -> str:
        """What is said of the field: what is wrong or idle about it, or else what it does."""
        caution = self.caution and f"! {self.caution}"
        return self.complaint or caution or self.field.choices.get(self.text, self.field.help)

    def focus_entry(self) -> None:
        """Let the person type here."""
        self._entry.focus()

    @on(DescendantFocus)
    def _entered(self) -> None:
        self.add_class("-active")
        self._show_beginning()

    @on(DescendantBlur)
    def _left(self) -> None:
        self.remove_class("-active")
        self._show_beginning()

    @on(Input.Changed)
    @on(Select.Changed)
    def _changed(self, event: Input.Changed | Select.Changed) -> None:
        event.stop()
        self._objection = None
        self._typed = self._typed or bool(self.text)
        self._show_note()
        self.post_message(self.Changed(self.field.name, self.text))

    def _show_beginning(self) -> None:
        """Let a text that is too long be seen from its beginning on, until it is typed on."""
        self.call_after_refresh(self._entry.scroll_to, x=0, animate=False)

    @property
    def _mark(self) -> str:
        return "✗" if self.complaint else "!" if self.caution else " "

    def _show_note(self) -> None:
        troubled = self.complaint is not None
        self.set_class(troubled, "-trouble")
        self.set_class(not troubled and self.caution is not None, "-idle")
        self.query_one(".label", Static).update(f"{self._mark} {self.field.label}")
        self.query_one(".note", Static).update(self.note)
