"""The fields of a form, what they are typed or picked in, and the same as a command."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click, DescendantBlur, DescendantFocus
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, OptionList, Static

from bertcl_tui.charts.words import fill, width_of
from bertcl_tui.options.readers import Field
from bertcl_tui.widgets.choice import Choice
from bertcl_tui.widgets.frame import tell
from bertcl_tui.widgets.suggesters import PathInput

_GAP: Final = 1
"""Between an entry and what is said of it."""


class CommandLine(Static):
    """Shows a command; a click asks for a copy of it."""

    class CopyRequested(Message):
        """The person wants the command on the clipboard."""

    def __init__(self) -> None:
        super().__init__(markup=False, classes="panel")
        self.border_title = "The same from the command line"
        self.command = ""

    def show(self, command: str) -> None:
        """Show this command."""
        self.command = command
        tell(self, command)

    def on_click(self, event: Click) -> None:
        event.stop()
        self.post_message(self.CopyRequested())


class Pick(Struct, frozen=True, kw_only=True):
    """Something that can be taken."""

    name: str
    description: str
    mark: str = ""
    """A character; empty: it is not taken."""
    cost: str = ""
    """What it takes, in a word."""
    more: str = ""
    """What else there is to say of it."""


class Picker(OptionList):
    """Shows a line for each: its mark and name, what it takes, and what it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "In or out", show=False),
    ]

    @dataclass
    class Toggled(Message):
        """The person wants this taken, or left out."""

        name: str

    def __init__(self) -> None:
        super().__init__(compact=True, classes="panel")
        self._picks: tuple[Pick, ...] = ()

    @property
    def note(self) -> str:
        """All that is to be said of what is under the cursor."""
        if self.highlighted is None:
            return ""
        pick = self._picks[self.highlighted]
        return " ".join(filter(None, (f"{pick.name}: {pick.description}", pick.more)))

    def show(self, picks: Sequence[Pick]) -> None:
        """Show these."""
        if tuple(picks) == self._picks:
            return
        self._picks = tuple(picks)
        highlighted = self.highlighted
        self.set_options(_lines(self._picks))
        self.highlighted = highlighted if len(self._picks) > (highlighted or 0) else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Toggled(self._picks[event.option_index].name))


def _lines(picks: Sequence[Pick]) -> Iterator[Content]:
    """Yield a line for each, the parts of all below one another."""
    name_width = max((width_of(pick.name) for pick in picks), default=0)
    cost_width = max((len(pick.cost) for pick in picks), default=0)
    for pick in picks:
        cost = f"{pick.cost.rjust(cost_width)}  " if cost_width else ""
        yield Content.assemble(
            (f"{pick.mark or '·'} {fill(pick.name, name_width)}  ", "bold" if pick.mark else ""),
            (f"{cost}{pick.description}", "dim"),
        )


def _entry_of(field: Field, text: str, default: str, suggester: Suggester | None) -> Input | Choice:
    if field.choices:
        return Choice(tuple(field.choices), text or default)
    if field.files is not None:
        return PathInput(text, field, default)
    return Input(text, placeholder=default, suggester=suggester, compact=True)


class FieldRow(Horizontal):
    """Tells of every change; says what is wrong as it is typed.

    What stands around the entry is drawn here: a form opens sooner with two widgets a row.

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
        self._entry = _entry_of(field, text, self._default, suggester)
        self._objection: str | None = None
        self._typed = False
        self._caution: str | None = None

    def compose(self) -> ComposeResult:
        yield self._entry
        if self.field.long:
            yield Static(classes="note")  # takes its share of the room

    def render(self) -> Content:
        entry = self._entry.virtual_region
        label, *_ = Content(f"{self._mark} {self.field.label}").wrap(max(entry.x, 1))
        if self.has_class("-active"):
            is_plain = not (self.complaint or self.caution or self.idle)
            label = label.stylize("bold $foreground" if is_plain else "bold")
        beside = entry.right + _GAP
        if beside >= self.size.width:
            return label
        return label.pad_right(beside - label.cell_length) + self.note

    def on_mount(self) -> None:
        self._show_note()
        if self.text:
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
        return None if self.idle else self.field.trouble(self.text) or self._objection

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
    def idle(self) -> bool:
        """Whether the field is for nothing beside the others, so that nothing is typed there."""
        return self.disabled

    @idle.setter
    def idle(self, idle: bool) -> None:
        if idle != self.disabled:
            self.disabled = idle
            self._show_note()

    @property
    def note(self) -> str:
        """What is said of the field: what is wrong or idle about it, or else what it does."""
        caution = self.caution and f"! {self.caution}"
        return self.complaint or caution or self.field.choices.get(self.text, self.field.help)

    @property
    def is_note_cut(self) -> bool:
        """Whether beside the entry there is no room for all that is said of the field."""
        beside = self.size.width - self._entry.virtual_region.right - _GAP
        return width_of(self.note) > beside

    @property
    def entry(self) -> Input | Choice:
        """What it is typed or chosen in."""
        return self._entry

    def focus_entry(self) -> None:
        """Let the person type here."""
        self._entry.focus()

    @on(DescendantFocus)
    def _entered(self) -> None:
        self.add_class("-active")
        self._show_whether_active()

    @on(DescendantBlur)
    def _left(self) -> None:
        self.remove_class("-active")
        self._show_whether_active()

    def _show_whether_active(self) -> None:
        self.refresh()
        self._show_beginning()

    @on(Input.Changed)
    @on(Choice.Changed)
    def _changed(self, event: Input.Changed | Choice.Changed) -> None:
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
        self.refresh()
