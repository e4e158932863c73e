"""New study: every option of a search, with its default and what it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.events import DescendantFocus
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Input, Static
from textual.worker import get_current_worker

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.messages import OpenStudy, Trouble, WorkersWanted
from bertcl_tui.options import OPTIONS, option, preset_defaults, search_command
from bertcl_tui.options.first import first_texts
from bertcl_tui.options.sequences import toggled
from bertcl_tui.options.study import default_text
from bertcl_tui.read import Reader
from bertcl_tui.starting import Findings, look_up, start_search
from bertcl_tui.widgets.command_line import CommandLine
from bertcl_tui.widgets.field_row import FieldRow
from bertcl_tui.widgets.key_bar import KeyBar
from bertcl_tui.widgets.sequence_suggester import SequenceSuggester
from bertcl_tui.widgets.task_picker import TaskPicker
from bertcl_tui.widgets.top_bar import TopBar
from engine.errors import EngineError
from engine.store.connection import DEFAULT_STORE
from engine.tasks.catalog import names_of

_LOOKED_UP = {"sequence", "data", "model", "name"}


class NewStudyScreen(Screen[None]):
    """A form for one search.

    Args:
        reader: looks into the store.
        texts: what the form says at first, by option; by default what works at once, where there
            is such a thing.
    """

    PLACE: ClassVar[Place] = "new-study"
    CSS_PATH: ClassVar = [
        "new_study.tcss",
        "../widgets/top_bar.tcss",
        "../widgets/key_bar.tcss",
        "../widgets/field_row.tcss",
        "../widgets/task_picker.tcss",
        "../widgets/command_line.tcss",
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("new-study"),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (150, "-vast")]  # noqa: RUF012 - as Textual has it
    VERTICAL_BREAKPOINTS = [(0, "-low"), (46, "-high")]  # noqa: RUF012 - as above
    AUTO_FOCUS = "#sequence Input"

    @dataclass
    class Found(Message):
        """What was looked up. Not folding: a late one would take the right one's place."""

        texts: dict[str, str]
        findings: Findings

    @dataclass
    class Started(Message):
        """The study is in the store."""

        study_id: int

    @dataclass
    class Refused(Message):
        """The study is not in the store; the text is one line for the person."""

        text: str

    def __init__(self, reader: Reader, texts: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._store = reader.store
        defaults = preset_defaults(option("preset").default)
        chosen = {item.name: defaults[item.name] if item.choices else "" for item in OPTIONS}
        self._texts = chosen | (dict(texts or {}) or first_texts())
        self._findings = Findings(tasks=(), troubles={}, free_name="")
        self._suggester = SequenceSuggester()

    def compose(self) -> ComposeResult:
        defaults = self._defaults()
        yield TopBar("Studies", "New study")
        with Container(id="body"):
            with VerticalScroll(id="form", classes="panel", can_focus=False) as form:
                form.border_title = "Options"
                for item in OPTIONS:
                    yield FieldRow(
                        item,
                        self._texts[item.name],
                        default=defaults[item.name],
                        suggester=self._suggester if item.name == "sequence" else None,
                    )
            yield TaskPicker()
        yield Static(id="hint", markup=False)
        yield CommandLine()
        with Horizontal(id="bottom"):
            yield Button("Start search", variant="primary", id="start", compact=True)
            yield Static(id="readiness", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self._show()
        self._look_up(dict(self._texts))

    @property
    def command(self) -> str:
        """The command line that asks for the same search."""
        store = None if self._store == DEFAULT_STORE else self._store
        return search_command(self._texts, store=store)

    @on(FieldRow.Changed)
    def _changed(self, event: FieldRow.Changed) -> None:
        event.stop()
        if self._texts[event.name] == event.text:
            return
        self._texts[event.name] = event.text
        if event.name in _LOOKED_UP:
            self._look_up(dict(self._texts))
        self._show()

    @work(thread=True, exclusive=True, group="look-up")
    def _look_up(self, texts: dict[str, str]) -> None:
        findings = look_up(self._store, texts)
        if not get_current_worker().is_cancelled:
            self.post_message(self.Found(texts, findings))

    @on(Found)
    def _found(self, event: Found) -> None:
        if any(event.texts[name] != self._texts[name] for name in _LOOKED_UP):
            return
        self._findings = event.findings
        for name in _LOOKED_UP:
            self._row(name).object_to(self._findings.troubles.get(name))
        self._suggester.tasks = names_of(self._findings.tasks)
        self._show()

    @on(TaskPicker.Toggled)
    def _task_toggled(self, event: TaskPicker.Toggled) -> None:
        event.stop()
        row = self._row("sequence")
        row.text = toggled(row.text, event.task)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.app.action_focus_next()

    @on(DescendantFocus)
    def _focused(self) -> None:
        self._show_hint()

    @on(Button.Pressed, "#start")
    def action_start_study(self) -> None:
        """Write the study, or go to what must be mended first."""
        start, wrong = self.query_one("#start", Button), self._wrong_rows()
        if wrong:
            wrong[0].focus_entry()
            return
        if start.disabled:
            return
        start.disabled = True
        self.query_one("#readiness", Static).update("Checking data, model and device…")
        self._start(dict(self._texts))

    @work(thread=True, exclusive=True, group="start")
    def _start(self, texts: dict[str, str]) -> None:
        try:
            study_id = start_search(self._store, texts)
        except EngineError as error:
            self.post_message(self.Refused(str(error)))
            return
        # To the app: the person may have left this screen by now.
        self.app.post_message(WorkersWanted())
        self.post_message(self.Started(study_id))

    @on(Started)
    def _started(self, event: Started) -> None:
        self.app.post_message(OpenStudy(event.study_id))
        self.dismiss()

    @on(Refused)
    def _refused(self, event: Refused) -> None:
        self.query_one("#start", Button).disabled = False
        self._show_readiness()
        self.app.post_message(Trouble(event.text))

    @on(CommandLine.CopyWanted)
    def action_copy_command(self) -> None:
        """Put the command line on the clipboard."""
        self.app.copy_to_clipboard(self.command)
        self.notify("Command copied.", markup=False)

    def action_back(self) -> None:
        """Leave without starting anything."""
        self.dismiss()

    def _show_defaults(self) -> None:
        for name, default in self._defaults().items():
            self._row(name).default = default

    def _defaults(self) -> dict[str, str]:
        defaults = preset_defaults(self._texts["preset"])
        defaults["model"] = default_text(self._texts, "model")
        defaults["name"] = self._findings.free_name or defaults["name"]
        return defaults

    def _show(self) -> None:
        self._show_defaults()
        picker = self.query_one(TaskPicker)
        picker.border_title = f"Tasks of {self._texts['data'] or option('data').default}"
        sequence = self._texts["sequence"].split(":")
        picker.show(self._findings.tasks, [name.strip() for name in sequence])
        self.query_one(CommandLine).show(self.command)
        self._show_hint()
        self._show_readiness()

    def _show_readiness(self) -> None:
        wrong = self._wrong_rows()
        labels = ", ".join(row.field.label.lower() for row in wrong)
        said = f"✗ to be mended first: {labels}" if wrong else "Runs on when this app is closed."
        self.query_one("#readiness", Static).update(said)

    def _wrong_rows(self) -> list[FieldRow]:
        return [row for row in self.query(FieldRow) if row.trouble]

    def _show_hint(self) -> None:
        row = self._row_in_focus()
        hint = self.query_one("#hint", Static)
        hint.update(row.note if row else "")
        hint.set_class(row is not None and row.trouble is not None, "-trouble")

    def _row_in_focus(self) -> FieldRow | None:
        return next((row for row in self.query(FieldRow) if row.has_focus_within), None)

    def _row(self, name: str) -> FieldRow:
        return self.query_one(f"#{name.replace('_', '-')}", FieldRow)
