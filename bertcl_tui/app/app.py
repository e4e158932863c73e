"""The terminal app: which screens there are and how one comes to another."""

import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from textual import on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.events import Event, Key
from textual.filter import LineFilter
from textual.screen import Screen

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.actions.action import Keymap
from bertcl_tui.app.controls import Controls
from bertcl_tui.app.elapsed import Elapsed
from bertcl_tui.app.leaving import leave
from bertcl_tui.app.marking import UnsavedMarks, combine
from bertcl_tui.app.palette import ActionsProvider, JumpsProvider, places
from bertcl_tui.app.pictures import save_picture
from bertcl_tui.app.typing import TypedKeys
from bertcl_tui.app.warming import Warming
from bertcl_tui.app.watch import LoadWatch, StoreWatch
from bertcl_tui.arena.messages import FillTable
from bertcl_tui.kit import messages
from bertcl_tui.kit.listing import ColumnsChosen, OrderChosen
from bertcl_tui.kit.live import LiveScreen, StoreChanged
from bertcl_tui.settings import Settings
from bertcl_tui.settings.configuration import Configuration
from bertcl_tui.store.reader import Reader
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.style.themes import Colourless
from bertcl_tui.watch.announcer import Announcer
from bertcl_tui.widgets.filter_bar import FilterBar
from bertcl_tui.workers.loads import LoadRead, Loads, LoadsChanged, WorkersRead
from engine.errors import EngineError, shown
from engine.store.states import UNDO_SECONDS

_STYLES: Final = (
    "app/app.tcss",
    "studies/screen.tcss",
    "widgets/filter_bar.tcss",
    "widgets/key_bar.tcss",
    "widgets/row_table.tcss",
    "widgets/top_bar.tcss",
)
"""What every screen shares, and home's own: a first screen's styles are not looked for."""


class BertclApp(App[None]):
    """Shows the studies of one store.

    Args:
        store: URL, or path of a SQLite file, which need not exist yet.
        clock: says which moment it is that states are of.
        settings: what the person likes.
        settings_path: where changes of it are written; None: nowhere.
        warm: whether there may be a warm process, as the settings have it.

    Raises:
        UsageError: keys are given that cannot be.
    """

    TITLE = "bertcl"
    CSS_PATH: ClassVar = [Path(__file__).parents[1] / name for name in _STYLES]
    PLACE: ClassVar[Place] = "app"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("app")]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {
        ActionsProvider,
        JumpsProvider,
    }
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]  # noqa: RUF012 - as above

    def __init__(
        self,
        store: str = "studies.db",
        *,
        clock: Callable[[], float] | None = None,
        settings: Settings | None = None,
        settings_path: Path | None = None,
        warm: bool = False,
    ) -> None:
        super().__init__()
        self.configuration = Configuration(self, settings, settings_path)
        self.reader = Reader(store, clock)
        self.controls = Controls(self, self.reader)
        self.announcer = Announcer(self, self.configuration, self._write_beside)
        self.store_watch = StoreWatch(
            self, self.reader, self.announcer.announce, self.announcer.budgets
        )
        self.load_watch = LoadWatch(self)
        self.loads = Loads()
        self.elapsed = Elapsed(self)
        self.warming = Warming(self, lambda: warm and self.settings.warm)
        self.configuration.changed.append(self.warming.follow)
        self._unsaved_marks = UnsavedMarks()
        """Numbers of trials that were marked here, by study id, until the store has them."""
        self._typed = TypedKeys(self, super().on_event)
        self._unsent_study: Mapping[str, str] | None = None
        """What was typed for a new study that was not started."""

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key) and not event.is_forwarded:
            await self._typed.take(event)
        else:
            await super().on_event(event)

    @property
    def _background_screens(self) -> list[Screen[object]]:
        """None where the screen in front covers all; Textual would draw it anew for those below."""
        return [] if self.screen.styles.background.a == 1 else super()._background_screens

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what is done to every line before the terminal gets it."""
        filters = super().get_line_filters()
        if not self.no_color:
            return filters
        return [*filters, Colourless(self.theme_variables["surface"])]

    @property
    def settings(self) -> Settings:
        """What the person likes, as it is now."""
        return self.configuration.settings

    @property
    def own_keys(self) -> Keymap:
        """Keys that are not as they come, by the name of an action."""
        return self.configuration.own_keys

    def get_default_screen(self) -> Screen[None]:
        left = self.configuration.table(StudiesScreen.TABLE)
        return StudiesScreen(self.reader, left, loads=self.loads)

    def on_mount(self) -> None:
        self.configuration.apply()
        self.call_after_refresh(self.store_watch.start)
        self.call_after_refresh(self.load_watch.start)
        self.call_after_refresh(self.elapsed.start)
        self.call_after_refresh(self.warming.start)
        self.set_interval(UNDO_SECONDS, self.controls.purge)

    def on_unmount(self) -> None:
        self.announcer.close()
        self.warming.end()
        self.reader.close()

    # the store

    @on(StoreChanged)
    def _store_changed(self) -> None:
        for screen in reversed(self.screen_stack):
            if isinstance(screen, LiveScreen):
                screen.follow()
                return

    @on(LoadRead)
    def _load_read(self, message: LoadRead) -> None:
        self.loads.add_machine(message.at, message.load)
        self._show_loads()

    @on(WorkersRead)
    def _workers_read(self, message: WorkersRead) -> None:
        self.loads.add_workers(message.workers)
        self._show_loads()

    def _show_loads(self) -> None:
        for screen in self.screen_stack[-1:]:
            screen.post_message(LoadsChanged())

    @on(messages.Trouble)
    def _trouble(self, message: messages.Trouble) -> None:
        self.notify(message.text, severity="error", markup=False)

    def _write_beside(self, sequence: str) -> None:
        """Write to the terminal what is not for its cells."""
        if self._driver is not None:
            self._driver.write(sequence)

    # what is asked of studies, runs and workers

    @on(messages.ControlStudies)
    def _control_studies(self, message: messages.ControlStudies) -> None:
        self.controls.studies(message.study_ids, message.desired)

    @on(messages.ControlRuns)
    def _control_runs(self, message: messages.ControlRuns) -> None:
        self.controls.runs(message.run_ids, message.desired)

    @on(messages.ControlWorker)
    def _control_worker(self, message: messages.ControlWorker) -> None:
        self.controls.worker(message.worker_id, message.desired)

    @on(messages.StartWorkers)
    def _start_workers(self) -> None:
        self.controls.start_workers()

    @on(messages.AddWorker)
    def _add_worker(self, message: messages.AddWorker) -> None:
        self.controls.add_worker(*message.asked)

    @on(messages.RetryRuns)
    def _retry_runs(self, message: messages.RetryRuns) -> None:
        self.controls.retry(message.run_ids)

    @on(messages.DeleteStudies)
    def _delete_studies(self, message: messages.DeleteStudies) -> None:
        def deleted() -> None:
            self.set_timer(UNDO_SECONDS + 1, self.controls.purge)

        self.controls.delete(message.study_ids, deleted)

    @on(messages.UndoDelete)
    def _undo_delete(self) -> None:
        self.controls.undo_delete()

    @on(messages.ArchiveStudies)
    def _archive_studies(self, message: messages.ArchiveStudies) -> None:
        self.controls.archive(message.study_ids, archived=message.archived)

    @on(messages.RenameStudy)
    def _rename_study(self, message: messages.RenameStudy) -> None:
        self.controls.rename(message)

    @on(FillTable)
    def _fill_table(self, message: FillTable) -> None:
        self.controls.fill_table(message)

    # screens

    @on(messages.OpenStudy)
    def _open_study(self, message: messages.OpenStudy) -> None:
        from bertcl_tui.study.screen import StudyScreen

        while isinstance(self.screen, StudyScreen):  # one leads to Studies, never to another
            if self.screen.study_id == message.study_id:
                return
            self.pop_screen()
        unsaved = self._unsaved_marks.of(message.study_id)
        left = self.configuration.table(StudyScreen.TABLE)
        self.push_screen(StudyScreen(message.study_id, self.reader, unsaved, left))

    @on(messages.OpenRun)
    def _open_run(self, message: messages.OpenRun) -> None:
        from bertcl_tui.trial.screen import TrialScreen

        self.push_screen(TrialScreen(message.run_id, message.among, self.reader))

    @on(messages.OpenCompare)
    def _open_compare(self, message: messages.OpenCompare) -> None:
        from bertcl_tui.compare.screen import CompareScreen

        self.push_screen(CompareScreen(message.study_id, message.numbers, self.reader))

    @on(messages.OpenNewStudy)
    def _open_new_study(self, message: messages.OpenNewStudy) -> None:
        from bertcl_tui.new_study.screen import NewStudyScreen

        if message.like is not None:
            self._find_texts(message.like)
            return
        if message.texts:
            self.push_screen(NewStudyScreen(self.reader, message.texts))
            return

        def keep(left: Mapping[str, str] | None) -> None:
            self._unsent_study = left

        self.push_screen(NewStudyScreen(self.reader, self._unsent_study), keep)

    @work(thread=True, exclusive=True, group="like")
    def _find_texts(self, study_id: int) -> None:
        from bertcl_tui.store.starting import texts_like

        try:
            self.post_message(messages.OpenNewStudy(texts_like(self.reader, study_id)))
        except EngineError as error:
            self.post_message(messages.Trouble(str(error)))

    @on(messages.OpenShifts)
    def _open_shifts(self, message: messages.OpenShifts) -> None:
        from bertcl_tui.shifts.screen import ShiftsScreen

        self.push_screen(ShiftsScreen(self.reader, message.study_id))

    @on(messages.OpenCombine)
    def _open_combine(self, message: messages.OpenCombine) -> None:
        ids = () if message.study_id is None else (message.study_id, *message.more)
        combine(self, self.reader, ids, self._unsaved_marks)

    @on(messages.OpenFile)
    def _open_file(self, message: messages.OpenFile) -> None:
        from bertcl_tui.workers.log_table import FileTailScreen

        if message.path is None:
            self.notify("this worker writes to the terminal it was started in")
        elif message.host != socket.gethostname():
            self.notify(f"its file is on {message.host}: {shown(message.path)}", markup=False)
        else:
            self.push_screen(FileTailScreen(Path(message.path)))

    @on(messages.OpenArena)
    def _open_arena(self) -> None:
        from bertcl_tui.arena.screen import ArenaScreen

        self.push_screen(ArenaScreen(self.reader))

    @on(messages.WriteReport)
    def _write_report(self, message: messages.WriteReport) -> None:
        self.controls.report(message)

    @on(messages.Marked)
    def _marked(self, message: messages.Marked) -> None:
        self._unsaved_marks.add(message.study_id, message.changes)
        self.controls.mark(message.study_id, self._unsaved_marks)

    @on(messages.WriteNote)
    def _write_note(self, message: messages.WriteNote) -> None:
        self.controls.note(message)

    @on(ColumnsChosen)
    def _columns_chosen(self, message: ColumnsChosen) -> None:
        self.configuration.keep_columns(message.table, message.columns)

    @on(OrderChosen)
    def _order_chosen(self, message: OrderChosen) -> None:
        self.configuration.keep_order(message.table, message.order)

    @on(FilterBar.SaveRequested)
    def _save_filter(self, message: FilterBar.SaveRequested) -> None:
        from bertcl_tui.kit.saved_filters import save_filter

        save_filter(message.bar)

    @on(FilterBar.RecallRequested)
    def _recall_filter(self, message: FilterBar.RecallRequested) -> None:
        from bertcl_tui.kit.saved_filters import recall_filter

        recall_filter(message.bar)

    @on(messages.FiltersSaved)
    def _filters_saved(self, message: messages.FiltersSaved) -> None:
        kept = {**self.settings.filters, message.table: dict(message.filters)}
        self.configuration.change(filters={table: each for table, each in kept.items() if each})

    # actions

    def get_key_display(self, binding: Binding) -> str:
        return "enter" if binding.key == "enter" else super().get_key_display(binding)

    def action_open_settings(self) -> None:
        from bertcl_tui.settings.screen import SettingsScreen

        if not isinstance(self.screen, SettingsScreen):
            self.push_screen(SettingsScreen(self.configuration))

    def action_open_watch(self) -> None:
        from bertcl_tui.watch.screen import WatchScreen

        if not isinstance(self.screen, WatchScreen):
            self.push_screen(WatchScreen(self.configuration, self.announcer))

    def action_show_help(self) -> None:
        from bertcl_tui.help.screen import HelpScreen

        self.push_screen(HelpScreen(tuple(place for place, _ in places(self.screen))))

    def action_open_workers(self) -> None:
        from bertcl_tui.workers.screen import WorkersScreen

        self.push_screen(WorkersScreen(self.reader, self.loads))

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Hide what leads to where one is."""
        opened = {getattr(screen, "PLACE", None) for screen in self.screen_stack}
        return action != "open_workers" or "work" not in opened

    def action_save_screenshot(self) -> None:
        save_picture(self)

    async def action_quit(self) -> None:
        """Leave, or first ask what is to become of running work."""
        leave(self, self.reader, self.controls)
