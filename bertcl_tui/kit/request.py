"""A form for what takes long: every option with its default, and the same as a command."""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Generic, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.events import DescendantFocus, Resize
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Static
from textual.worker import get_current_worker

from bertcl_tui.kit.messages import Trouble
from bertcl_tui.kit.pending import CancelledError, Pending
from bertcl_tui.options import Field
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.starting import Findings
from bertcl_tui.widgets.frame import TopBar, tell
from bertcl_tui.widgets.inputs import CommandLine, FieldRow, Pick, Picker
from bertcl_tui.widgets.keys import KeyBar
from bertcl_tui.widgets.suggesters import SequenceSuggester
from engine.errors import EngineError, mask_password
from engine.store.connection import DEFAULT_STORE
from engine.tasks.catalog import names_of

Result = TypeVar("Result")
_SLIM: Final = 72
"""Columns below which nothing fits beside the fields."""
_STYLES: Final = (
    "kit/request.tcss",
    "widgets/top_bar.tcss",
    "widgets/key_bar.tcss",
    "widgets/field_row.tcss",
    "widgets/picker.tcss",
    "widgets/command_line.tcss",
)
"""Whole paths: Textual looks for others beside the screen that inherits them."""


class _Fields(VerticalScroll, inherit_bindings=False):
    """Leaves the arrow keys to the form: they go from field to field, and the view follows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
    ]


class RequestScreen(Screen[Result], Generic[Result]):
    """Looks up what is typed, says what is wrong with it, and starts what is right in a thread.

    Args:
        reader: looks into the store.
        texts: what the form says at first, by field.
    """

    CSS_PATH: ClassVar = [Path(__file__).parents[1] / name for name in _STYLES]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (150, "-vast")]  # noqa: RUF012 - as Textual has it
    VERTICAL_BREAKPOINTS = [(0, "-low"), (46, "-high")]  # noqa: RUF012 - as above

    PATH: ClassVar[tuple[str, ...]]
    """Where one is, for the line on top."""
    GO: ClassVar[str]
    """The words on the button."""
    FIELDS: ClassVar[Sequence[Field]]
    LOOKED_UP: ClassVar[frozenset[str]]
    """Fields of which more is to be known than their text."""
    SEQUENCES: ClassVar[frozenset[str]]
    """Fields in which sequences are typed."""

    @dataclass
    class Found(Message):
        """What was looked up. Not folding: a late one would take the right one's place."""

        texts: dict[str, str]
        findings: Findings

    @dataclass
    class Refused(Message):
        """Nothing was started; the text is one line for the person."""

        text: str

    def __init__(self, reader: Reader, texts: Mapping[str, str]) -> None:
        super().__init__()
        self.store = reader.store
        self.findings = Findings(tasks=(), troubles={})
        """What was looked up last."""
        self.texts = {item.name: texts.get(item.name, "") for item in self.FIELDS}
        """What stands in the fields; empty where a default does."""
        defaults = self.defaults()
        for item in self.FIELDS:
            if item.choices and not self.texts[item.name]:
                self.texts[item.name] = defaults[item.name]
        self._suggester = SequenceSuggester()
        self._rows: dict[str, FieldRow] = {}
        self._pending: Pending | None = None
        """What is being started."""
        self._left: Widget | None = None
        """Where the person typed before going to the list."""

    # what differs from form to form

    @abstractmethod
    def defaults(self) -> Mapping[str, str]:
        """Return the text that stands for each field's default, as things are."""

    @abstractmethod
    def command_on(self, store: str | None) -> str:
        """Return the command line that asks for the same; None: on the default store."""

    @abstractmethod
    def look_up(self, texts: Mapping[str, str]) -> Findings:
        """Look up what was typed. Called in a thread; may block."""

    @abstractmethod
    def start(self, texts: Mapping[str, str], pending: Pending) -> Message:
        """Ask for what was typed, and say so. Called in a thread; may block.

        Args:
            texts: what was typed.
            pending: is asked before anything is written.

        Raises:
            EngineError: it cannot be had.
            CancelledError: it was called off.
        """

    @abstractmethod
    def picks(self) -> tuple[str, Sequence[Pick]]:
        """Return what can be picked from the list, after its title."""

    @abstractmethod
    def toggle(self, name: str) -> None:
        """Take what was picked from the list, or leave it out."""

    @abstractmethod
    def promise(self) -> str:
        """Say what will come of it."""

    def idle(self) -> Collection[str]:
        """Return the fields that are for nothing beside the others; what is typed there waits."""
        return ()

    @property
    def asked(self) -> dict[str, str]:
        """What was typed, where it is for something."""
        idle = self.idle()
        return {name: "" if name in idle else text for name, text in self.texts.items()}

    def cautions(self) -> Mapping[str, str]:
        """Return a line for each field that does little or nothing beside the others."""
        return {}

    def beside(self) -> Iterable[Widget]:
        """Return what else stands beside the list."""
        return ()

    # the form

    def compose(self) -> ComposeResult:
        defaults = self.defaults()
        for item in self.FIELDS:
            self._rows[item.name] = FieldRow(
                item,
                self.texts[item.name],
                default=defaults[item.name],
                suggester=self._suggester if item.name in self.SEQUENCES else None,
            )
        yield TopBar(*self.PATH)
        with Container(id="body"):
            with _Fields(id="form", classes="panel", can_focus=False) as form:
                form.border_title = "Options"
                yield from self._rows.values()
            with Container(id="side"):
                yield Picker()
                yield from self.beside()
        yield Static(id="hint", markup=False)
        yield CommandLine()
        with Horizontal(id="bottom"):
            yield Button(self.GO, variant="primary", id="start", compact=True)
            yield Static(id="readiness", markup=False)
        yield KeyBar()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width < _SLIM, "-slim")

    def on_mount(self) -> None:
        self._show()
        self._look_up(self.asked)

    @property
    def command(self) -> str:
        """The command line that asks for the same."""
        return self.command_on(None if self.store == DEFAULT_STORE else mask_password(self.store))

    @on(FieldRow.Changed)
    def _changed(self, event: FieldRow.Changed) -> None:
        event.stop()
        if self.texts[event.name] == event.text:
            return
        self.texts[event.name] = event.text
        if event.name in self.LOOKED_UP:
            self._look_up(self.asked)
        self._show()

    @work(thread=True, exclusive=True, group="look-up")
    def _look_up(self, texts: dict[str, str]) -> None:
        findings = self.look_up(texts)
        if not get_current_worker().is_cancelled:
            self.post_message(self.Found(texts, findings))

    @on(Found)
    def _found(self, event: Found) -> None:
        asked = self.asked
        if any(event.texts[name] != asked[name] for name in self.LOOKED_UP):
            return
        self.findings = event.findings
        for name in self.LOOKED_UP:
            self.row(name).object_to(self.findings.troubles.get(name))
        self._suggester.tasks = names_of(self.findings.tasks)
        self._show()

    @on(Picker.Toggled)
    def _toggled(self, event: Picker.Toggled) -> None:
        event.stop()
        self.toggle(event.name)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.app.action_focus_next()

    def action_pick(self) -> None:
        """Go to the list, or back to where one typed before."""
        picker = self.query_one(Picker)
        if picker.has_focus:
            (self._left or self.row(next(iter(self._rows))).entry).focus()
        else:
            self._left = self.focused
            picker.focus()

    @on(DescendantFocus)
    def _focused(self) -> None:
        self.set_class(self.query_one(Picker).has_focus, "-picking")
        self._show_hint()

    @on(OptionList.OptionHighlighted)
    def _show_hint(self) -> None:
        """Say in full what is wrong, first of all where one types; else what it does."""
        picker, hint = self.query_one(Picker), self.query_one("#hint", Static)
        here = [row for row in self._rows.values() if row.has_focus_within]
        wrong = next((row for row in (*here, *self._rows.values()) if row.complaint), None)
        hint.set_class(wrong is not None and not picker.has_focus, "-trouble")
        if picker.has_focus:
            tell(hint, picker.note)
        elif wrong is not None:
            tell(hint, wrong.note if wrong in here else f"{wrong.field.label}: {wrong.note}")
        else:
            tell(hint, here[0].note if here else "")

    # what becomes of it

    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        """Start it, or go to what must be mended first."""
        start, wrong = self.query_one("#start", Button), self._wrong_rows()
        if wrong:
            wrong[0].insist()
            self._show()
            return
        if start.disabled:
            return
        start.disabled = True
        tell(self.query_one("#readiness", Static), "Checking data, model and device…")
        self._pending = Pending()
        self._start(self.asked, self._pending)

    @work(thread=True, exclusive=True, group="start")
    def _start(self, texts: dict[str, str], pending: Pending) -> None:
        try:
            self.post_message(self.start(texts, pending))
        except CancelledError:
            return
        except EngineError as error:
            if not pending.is_cancelled:
                self.post_message(self.Refused(str(error)))

    @on(Refused)
    def _refused(self, event: Refused) -> None:
        self._be_ready()
        self.app.post_message(Trouble(event.text))

    @on(CommandLine.CopyRequested)
    def action_copy_command(self) -> None:
        """Put the command line on the clipboard."""
        self.app.copy_to_clipboard(self.command)
        self.notify("Command copied.", markup=False)

    def action_back(self) -> None:
        """Leave the list, call off what is being checked, or leave without starting anything."""
        if self.query_one(Picker).has_focus:
            self.action_pick()
        elif self._pending is None:
            self.dismiss(self.left())
        elif self._pending.cancel():
            self._be_ready()
            self.notify("Cancelled: nothing was started.", markup=False)
        else:
            self.notify("Too late to cancel: it is being started.", markup=False)

    def end(self, result: Result | None) -> None:
        """Leave the form with this answer, and whatever lies over it by now."""
        while (over := self.app.screen) is not self:
            over.dismiss()
        self.dismiss(result)

    def on_unmount(self) -> None:
        if self._pending is not None:
            self._pending.cancel()

    def left(self) -> Result | None:
        """Return the answer of a form that was not sent."""
        return None

    def _be_ready(self) -> None:
        self._pending = None
        self.query_one("#start", Button).disabled = False
        self._show_readiness()

    # showing

    def row(self, name: str) -> FieldRow:
        """Return the row of a field."""
        return self._rows[name]

    def _show(self) -> None:
        for name, default in self.defaults().items():
            self.row(name).default = default
        cautions, idle = self.cautions(), self.idle()
        for name, row in self._rows.items():
            row.caution = cautions.get(name)
            row.idle = name in idle
        picker = self.query_one(Picker)
        picker.border_title, picks = self.picks()
        picker.show(picks)
        self.query_one(CommandLine).show(self.command)
        self._show_hint()
        self._show_readiness()

    def _show_readiness(self) -> None:
        if self._pending is not None:
            return
        wrong = self._wrong_rows()
        labels = ", ".join(row.field.label.lower() for row in wrong)
        mended = any(row.complaint for row in wrong)
        said = f"{'✗ to be mended' if mended else 'needed'} first: {labels}"
        said = said if wrong else self.promise()
        tell(self.query_one("#readiness", Static), said)

    def _wrong_rows(self) -> list[FieldRow]:
        return [row for row in self._rows.values() if row.trouble]
