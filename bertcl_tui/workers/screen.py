"""Workers and log: who works, how the machine does, what waits and what was said."""

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.widgets import Static

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.kit.live import Folding, LiveScreen
from bertcl_tui.kit.messages import (
    AddWorker,
    ControlWorker,
    OpenArena,
    OpenFile,
    OpenRun,
    OpenStudy,
)
from bertcl_tui.options import Field, option, readers
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import LogFilter, WorkerRow
from bertcl_tui.style.wording import count, pace_of, spent_text
from bertcl_tui.widgets.frame import TopBar, entitle
from bertcl_tui.widgets.keys import KeyBar, with_keys
from bertcl_tui.workers.log_view import LogLook, LogView, look_at_log
from bertcl_tui.workers.panel import MachinePanel
from bertcl_tui.workers.table import Waiting, WaitingTable, WorkersTable, waiting_list, worker_line
from engine.store.states import Desired
from engine.work.machine import MachineLoad, MachineMeter, core_count, gpu_count

_THREADS: Final = readers.whole("threads", least=1, most=1024, example=2)
_STACK: Final = readers.whole("trials", least=1, most=1024, example=8)

_METER_SECONDS: Final = 1.0
_NOBODY: Final = (
    "Nobody works. Press [b]$start_worker[/b] to start a worker; "
    "one starts by itself with every search."
)
_NOTHING: Final = "Nothing waits."


def worker_form(living: int) -> FormScreen:
    """Ask for device, threads, and how many trials are learnt at once.

    Args:
        living: workers that there are already; the cores are shared with them.
    """
    cores, gpus = core_count(), gpu_count()

    def remark(texts: Texts) -> str:
        device, threads, _ = read_worker(texts)
        have = count(cores, "core") + (f" and {count(gpus, 'GPU')}" if gpus else "")
        wide = threads > cores
        warned = f"; {threads} threads are more than that, and slow each other down" if wide else ""
        where = "on what there is" if device == "auto" else f"on {device}"
        return f"Learns {where} with {count(threads, 'thread')}; this machine has {have}{warned}."

    fields = [
        Field(
            "device",
            "Device",
            "auto takes the GPU with the fewest workers, else the processor.",
            option("device").read,
            default="auto",
        ),
        Field(
            "threads",
            "Threads",
            "Cores that it keeps busy while it learns on the processor.",
            _THREADS,
            default=str(max(1, cores // (living + 1))),
        ),
        Field(
            "stack",
            "Trials",
            "Of a study, that it learns at once: several on a large GPU.",
            _STACK,
            default="1",
        ),
    ]
    return FormScreen("Start a worker", fields, go="Start", remark=remark)


def read_worker(texts: Texts) -> tuple[str, int, int]:
    """Return device, threads, and how many trials are learnt at once.

    Raises:
        UsageError: a text cannot be so.
    """
    device = str(option("device").read(texts["device"]))
    return device, _THREADS(texts["threads"]), _STACK(texts["stack"])


@dataclass
class WorkRead(Folding):
    """What the store said."""

    workers: tuple[WorkerRow, ...]
    waiting: tuple[Waiting, ...]
    log: LogLook
    now: float


@dataclass
class MachineRead(Folding):
    """What the meters said."""

    load: MachineLoad


class WorkersScreen(LiveScreen):
    """Shows the workers above, the log below; between them the machine and what waits."""

    PLACE: ClassVar[Place] = "work"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("work")]
    AUTO_FOCUS = "WorkersTable"

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._log = LogView(classes="panel")
        self._meter: MachineMeter | None = None
        self._workers: tuple[WorkerRow, ...] = ()
        self._only: int | None = None
        """Id of the worker whose lines alone are shown."""

    def compose(self) -> ComposeResult:
        yield TopBar("Workers")
        with Container(id="who", classes="panel"):
            yield WorkersTable()
            yield Static(with_keys(self.app, _NOBODY), classes="nothing")
        with Horizontal(id="between"):
            yield MachinePanel(classes="panel")
            with Container(id="waiting", classes="panel"):
                yield WaitingTable()
                yield Static(_NOTHING, classes="nothing")
        yield self._log
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_interval(_METER_SECONDS, self.read_machine)
        self.read_machine()

    # reading

    def read(self) -> WorkRead:
        workers = self._reader.workers()
        waiting = waiting_list(self._reader.studies(), self._reader.unfinished_runs(), workers)
        log = look_at_log(self._reader, self._log.question)
        return WorkRead(workers, waiting, log, self._reader.clock())

    @work(thread=True, exclusive=True, group="machine")
    def read_machine(self) -> None:
        """Look at the machine's meters, in a thread."""
        if self._meter is None:
            self._meter = MachineMeter()
            return
        self.post_message(MachineRead(self._meter.read()))

    @on(MachineRead)
    def _show_machine(self, message: MachineRead) -> None:
        self.query_one(MachinePanel).show(message.load)

    @on(WorkRead)
    def _show(self, message: WorkRead) -> None:
        self._workers = message.workers
        who, waiting = self.query_one("#who"), self.query_one("#waiting")
        spent = spent_text([spent for worker in message.workers for spent in worker.spent])
        entitle(who, f"Workers ─ {len(message.workers)}", spent)
        who.set_class(not message.workers, "-empty")
        lines = [worker_line(row, message.now) for row in message.workers]
        self.query_one(WorkersTable).show(lines)
        entitle(waiting, f"Waiting ─ {len(message.waiting)}")
        waiting.set_class(not message.waiting, "-empty")
        self.query_one(WaitingTable).show(message.waiting)
        self._log.show(message.log)
        self.query_one(TopBar).show(["Workers"], _facts(message.workers))

    # keys

    @on(WorkersTable.StartRequested)
    def _start_requested(self) -> None:
        living = sum(worker.state != "lost" for worker in self._workers)

        def answered(texts: Texts | None) -> None:
            if texts is not None:
                self.post_message(AddWorker(read_worker(texts)))

        self.app.push_screen(worker_form(living), answered)

    @on(WorkersTable.PauseOrResumeRequested)
    def _pause_or_resume(self) -> None:
        worker = self._current()
        if worker is None:
            return
        if worker.state == "lost":
            self.notify("this worker is gone; s takes it off the list, n starts another")
            return
        self._control(worker, "paused" if worker.desired == "running" else "running")

    @on(WorkersTable.StopRequested)
    def _stop(self) -> None:
        worker = self._current()
        if worker is not None:
            self._control(worker, "stopped")

    def _control(self, worker: WorkerRow, desired: Desired) -> None:
        self.post_message(ControlWorker(worker.id, desired))

    @on(WorkersTable.LogRequested)
    def _only_its_log(self) -> None:
        worker = self._current()
        self._only = None if worker is None or worker.id == self._only else worker.id
        if worker is None or self._only is None:
            self._log.limit("", LogFilter())
        else:
            self._log.limit(f"worker {worker.pid}", LogFilter(worker_id=worker.id))

    @on(WorkersTable.FileRequested)
    def _file_requested(self) -> None:
        worker = self._current()
        if worker is not None:
            self.post_message(OpenFile(worker.host, worker.log_file))

    @on(WorkersTable.Opened)
    def _worker_opened(self) -> None:
        worker = self._current()
        if worker is None:
            return
        if worker.run_id is not None:
            self.post_message(OpenRun(worker.run_id))
        else:
            self.notify("this worker is at no run")

    @on(WaitingTable.Opened)
    def _waiting_opened(self) -> None:
        current = self.query_one(WaitingTable).current
        if current is not None and current.study_id is not None:
            self.post_message(OpenStudy(current.study_id))
        elif current is not None:
            self.post_message(OpenArena())

    @on(LogView.Asked)
    def _log_requested(self) -> None:
        self.follow()

    def action_back(self) -> None:
        self.dismiss()

    def _current(self) -> WorkerRow | None:
        line = self.query_one(WorkersTable).current
        return None if line is None else line.row


def _facts(workers: tuple[WorkerRow, ...]) -> list[str]:
    if not workers:
        return ["no worker"]
    running = [worker for worker in workers if worker.state == "running"]
    return [f"{len(running)} of {count(len(workers), 'worker')} running", *pace_of(workers)]
