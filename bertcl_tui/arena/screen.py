"""Arena: methods by sequences, from what was run with several seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from msgspec.structs import replace
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import get_current_worker

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.arena.curves import OFFERED, CellCurves, CurvesPanel, look_at_curves
from bertcl_tui.arena.fields import texts_of_look
from bertcl_tui.arena.forest import ForestPanel
from bertcl_tui.arena.grid import ArenaGrid, CellPlace
from bertcl_tui.arena.launching import TableRequest, failed_runs, retry
from bertcl_tui.arena.look import Look, Question, look_at_arena
from bertcl_tui.arena.new_table import NewTableScreen
from bertcl_tui.arena.runs_table import CellPanel, LegendPanel, RunsTable
from bertcl_tui.arena.writing import SUFFIXES, format_of, write_tables
from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.kit.live import Folding, LiveScreen
from bertcl_tui.kit.messages import ControlRuns, OpenRun, StartWorkers, Trouble, WriteReport
from bertcl_tui.kit.pending import carry_out
from bertcl_tui.options import readers
from bertcl_tui.store.reader import Reader
from bertcl_tui.style.wording import count
from bertcl_tui.widgets.frame import TopBar, entitle
from bertcl_tui.widgets.keys import KeyBar, key_for, with_keys
from engine.arena.layouts import FREE
from engine.arena.recorded import setting_of
from engine.arena.tables import Table
from engine.errors import EngineError
from engine.files import check_target, expanded

_ENDINGS: Final = ", ".join(f"{suffix} is {form}" for suffix, form in SUFFIXES.items())
_READING: Final = "Reading runs…"
_OF_A_TABLE: Final = {
    *("next_measure", "next_layout", "next_setting", "turn_panel", "show_curves"),
    *("group_curves", "turn_spread", "export_table", "write_report"),
    *("retry_runs", "pause_or_resume", "pause_or_resume_table"),
}
"""What means nothing without one."""
_WELCOME: Final = """\
Nothing compared yet.

The arena compares methods on the same sequences with the same seeds:
mean and interval of what they keep and learn, who is better than plain
fine-tuning, and whether that is more than luck.

Press [b]$new_table[/b] to choose sequences and methods and have them run.
"""


@dataclass
class ArenaRead(Folding):
    """What the store said; None: nothing was ever run for the arena."""

    look: Look | None


@dataclass
class CurvesRead(Folding):
    """What was measured of a cell."""

    cell: CellCurves


class RetryEnded(Message):
    """What had failed was asked for once more, or cannot be."""


class ArenaScreen(LiveScreen):
    """Shows one table at a time; below it what is behind the cell under the cursor."""

    PLACE: ClassVar[Place] = "arena"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("arena")]
    AUTO_FOCUS = "ArenaGrid"

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._question = Question()
        self._look: Look | None = None
        self._retrying = False

    def compose(self) -> ComposeResult:
        yield TopBar("Arena")
        with Container(id="body"):
            yield ForestPanel(classes="panel")
            yield ArenaGrid(classes="panel")
            with Container(id="below"):
                yield CellPanel(classes="panel")
                yield LegendPanel(classes="panel")
                yield CurvesPanel()
        yield Static(_READING, id="welcome", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self.add_class("-empty", "-cell")

    # reading

    def read(self) -> ArenaRead:
        return ArenaRead(look_at_arena(self._reader, self._question, self._look))

    @on(ArenaRead)
    def _show(self, message: ArenaRead) -> None:
        look = self._look = message.look
        self.set_class(look is None, "-empty")
        self.query_one("#body").disabled = look is None  # what is hidden takes no focus
        self.query_one("#welcome", Static).update(with_keys(self.app, _WELCOME))
        self.refresh_bindings()
        if look is None:
            return
        grid = self.query_one(ArenaGrid)
        entitle_grid(grid, look)
        grid.show(look)
        self.query_one(ForestPanel).show_table(look.table)
        self.query_one(LegendPanel).show(look.table)
        self._show_cell()
        self.query_one(TopBar).show(["Arena"], _facts(look))
        if self.focused is None:
            grid.focus()

    @on(ArenaGrid.Moved)
    def _show_cell(self) -> None:
        if self._look is not None:
            place = self.query_one(ArenaGrid).place
            self.query_one(CellPanel).show(self._look, place)
            if self._shows_curves:
                self._read_curves(self._look, place)

    @work(thread=True, exclusive=True, group="curves")
    def _read_curves(self, look: Look, place: CellPlace) -> None:
        try:
            cell = look_at_curves(self._reader, look, place)
        except EngineError as error:
            self.post_message(Trouble(str(error)))
            return
        if not get_current_worker().is_cancelled:
            self.post_message(CurvesRead(cell))

    @on(CurvesRead)
    def _show_curves(self, message: CurvesRead) -> None:
        self.query_one(CurvesPanel).show_cell(message.cell)

    @on(ArenaGrid.Entered)
    def _cell_entered(self) -> None:
        if self.has_class("-narrow"):
            self.remove_class("-curves")
        self._open_below(self.query_one(RunsTable))

    def _open_below(self, widget: Widget) -> None:
        """Go to what explains the table; on a low screen it takes the place of the forest plot."""
        self.add_class("-below")
        self.query_one("#below").styles.display = "block"  # at once, so that it can be gone to
        widget.focus()

    @on(RunsTable.Opened)
    def _run_opened(self) -> None:
        table = self.query_one(RunsTable)
        if table.current is not None:
            among = [line.run_id for line in table.items]
            self.post_message(OpenRun(table.current.run_id, among))

    # what is shown

    def action_next_measure(self) -> None:
        self._ask(self._question.next_measure())

    def action_next_layout(self) -> None:
        self._ask(self._question.next_layout())

    def action_next_setting(self) -> None:
        if self._look is not None:
            self._ask(replace(self._question, of=self._look.next_setting))

    def _ask(self, question: Question) -> None:
        self._question = question
        self.follow()

    def action_turn_panel(self) -> None:
        """Go to the legend, or come back from it."""
        if self.query_one(LegendPanel).has_focus:
            self._leave_panel()
        else:
            self.remove_class("-cell", "-curves")
            self._open_below(self.query_one(LegendPanel))

    @property
    def _shows_curves(self) -> bool:
        return self.has_class("-curves")

    def action_show_curves(self) -> None:
        """Show in place of the legend how the cell under the cursor forgets, or the legend."""
        if self._shows_curves:
            self.remove_class("-curves")
            self._leave_panel()
        else:
            self.add_class("-curves")
            self._open_below(self.query_one(CurvesPanel))
            self._show_cell()
        self.refresh_bindings()

    def action_group_curves(self) -> None:
        panel = self.query_one(CurvesPanel)
        panel.regroup(panel.groups.next(OFFERED))

    def action_turn_spread(self) -> None:
        panel = self.query_one(CurvesPanel)
        panel.regroup(panel.groups.turned())

    def _leave_panel(self) -> None:
        self.add_class("-cell")
        self.remove_class("-below")
        self.query_one("#below").styles.clear_rule("display")
        self.query_one(ArenaGrid).focus()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Hide what means nothing to what is shown."""
        look = self._look
        if look is None:
            return action not in _OF_A_TABLE
        match action:
            case "group_curves" | "turn_spread":
                return self._shows_curves
            case "next_setting":
                return len(look.settings) > 1
            case "retry_runs":
                return not self._retrying and bool(failed_runs(look.recorded, look.layout))
            case "pause_or_resume" | "pause_or_resume_table":
                return bool(look.going)
            case _:
                return True

    # what becomes of it

    def action_pause_or_resume(self) -> None:
        if self._look is None:
            return
        going = [each for each in self._under_cursor() if each in self._look.going]
        if going:
            self._pause_or_resume(self._look, going)
        else:
            table = key_for(self.app, "pause_or_resume_table")
            self.notify(f"nothing here is under way; {table} is for the whole table", markup=False)

    def action_pause_or_resume_table(self) -> None:
        if self._look is not None:
            self._pause_or_resume(self._look, list(self._look.going))

    def _pause_or_resume(self, look: Look, run_ids: Sequence[int]) -> None:
        go_on = any(look.going[run_id].desired == "running" for run_id in run_ids)
        self.post_message(ControlRuns(run_ids, "paused" if go_on else "running"))

    def _under_cursor(self) -> list[int]:
        """Return the run under the cursor, or those of the cell under it."""
        table = self.query_one(RunsTable)
        if table.has_focus:
            return [] if table.current is None else [table.current.run_id]
        return [line.run_id for line in table.items]

    def action_new_table(self) -> None:
        """Ask for a table, first of all for what the one that is shown lacks."""
        texts = None if self._look is None else texts_of_look(self._look)

        def answered(request: TableRequest | None) -> None:
            if request is not None:
                self._ask(Question(layout=request.layout.name, of=setting_of(request.asked)))

        self.app.push_screen(NewTableScreen(self._reader, texts), answered)

    def action_retry_runs(self) -> None:
        if self._look is not None:
            self._retrying = True
            self.refresh_bindings()
            self.notify("Checking data, model and device…", markup=False)
            carry_out(self.app, partial(self._retry, self.app, self._look), group="check")

    def _retry(self, app: App[object], look: Look) -> str:
        try:
            asked = retry(self._reader.store, look.recorded, look.layout)
        finally:
            self.post_message(RetryEnded())
        app.post_message(StartWorkers())
        queued = f"{count(asked, 'run')} queued once more"
        return queued if asked else "nothing is left to be queued once more"

    @on(RetryEnded)
    def _retry_ended(self) -> None:
        self._retrying = False
        self.refresh_bindings()

    def action_export_table(self) -> None:
        """Ask where the table goes, then write it."""
        look = self._look
        if look is None:
            return

        def answered(texts: Texts | None) -> None:
            if texts is not None:
                write = partial(_write, look.table, _target(texts))
                carry_out(self.app, write, group="export")

        self.app.push_screen(_export_form(look, self._question), answered)

    def action_write_report(self) -> None:
        self.post_message(WriteReport())

    def action_back(self) -> None:
        """Leave the legend, the runs or the curves of a cell, then the screen."""
        if isinstance(self.focused, RunsTable | LegendPanel | CurvesPanel):
            self._leave_panel()
        else:
            self.dismiss()


def entitle_grid(grid: ArenaGrid, look: Look) -> None:
    """Say above the grid which table it is, and what its numbers are."""
    entitle(grid, f"{look.table.title} ─ {look.table.measure}", str(grid.border_subtitle or ""))


def _facts(look: Look) -> list[str]:
    running = sum(run.state == "running" for run in look.going.values())
    waiting = len(look.going) - running
    facts = [
        f"{running} running" if running else "",
        f"{waiting} waiting" if waiting else "",
        look.recorded.model,
        f"{look.recorded.protocol.preset} preset",
        f"setting {look.setting + 1} of {len(look.settings)}" if len(look.settings) > 1 else "",
    ]
    return [fact for fact in facts if fact]


def _export_form(look: Look, question: Question) -> FormScreen:
    """Ask where a table goes."""

    def remark(texts: Texts) -> str:
        target = _target(texts)
        check_target(target)
        does = "Replaces" if target.exists() else "Writes"
        return f"{does} {target} as {format_of(target)}. {_ENDINGS}, else text."

    name = "arena" if question.layout == FREE else question.layout
    file = f"{'-'.join(filter(None, (name, question.measure)))}.md"
    field = readers.file_field("How it ends says in which format it is written.", file)
    return FormScreen(f"Export {look.table.title}", [field], go="Export", remark=remark)


def _write(table: Table, path: Path) -> str:
    write_tables([table], format_of(path), path)
    return f"table written to {path}"


def _target(texts: Texts) -> Path:
    """Return where a table goes."""
    return expanded(texts["path"]).absolute()
