"""Workers and log: who works, how the machine does, what waits and what was said."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.widgets import Static

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.glyphs import column
from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.kit.live import Folding, LiveScreen
from bertcl_tui.kit.messages import (
    AddWorker,
    ControlRuns,
    ControlStudies,
    ControlWorker,
    OpenArena,
    OpenFile,
    OpenRun,
    OpenStudy,
)
from bertcl_tui.options import Field, option, readers
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import LogFilter, WorkerRow
from bertcl_tui.style.standing import why_idle
from bertcl_tui.style.wording import count, duration, pace_of, spent_text
from bertcl_tui.widgets.frame import TopBar, entitle
from bertcl_tui.widgets.keys import KeyBar, key_for, with_keys
from bertcl_tui.workers.load_panel import LoadPanel
from bertcl_tui.workers.loads import SPANS, Loads, LoadsChanged
from bertcl_tui.workers.log_view import LogLook, LogView, look_at_log
from bertcl_tui.workers.table import (
    Waiting,
    WaitingTable,
    WorkerLine,
    WorkersTable,
    waiting_list,
    worker_line,
)
from engine.store.states import Desired
from engine.work.machine import core_count, gpu_count
from engine.work.warm import WARM

_THREADS: Final = readers.whole("threads", least=1, most=1024, example=2)
_STACK: Final = readers.whole("trials", least=1, most=1024, example=8)

_FULL: Final = 100.0
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
    lines: tuple[WorkerLine, ...]
    waiting: tuple[Waiting, ...]
    log: LogLook


class WorkersScreen(LiveScreen):
    """Shows the workers above, the log below; between them how busy they are, and what waits."""

    PLACE: ClassVar[Place] = "work"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("work")]
    AUTO_FOCUS = "WorkersTable"

    def __init__(self, reader: Reader, loads: Loads) -> None:
        super().__init__()
        self._reader = reader
        self._loads = loads
        self._log = LogView(classes="panel")
        self._span = SPANS[0]
        self._workers: tuple[WorkerRow, ...] = ()
        self._only: int | None = None
        """Id of the worker whose lines alone are shown."""

    def compose(self) -> ComposeResult:
        yield TopBar("Workers")
        with Container(id="who", classes="panel"):
            yield WorkersTable()
            yield Static(with_keys(self.app, _NOBODY), classes="nothing")
        with Horizontal(id="loads"):
            yield LoadPanel("No worker.", id="of-worker")
            yield LoadPanel("measuring…", id="of-machine")
        with Container(id="waiting", classes="panel"):
            yield WaitingTable()
            yield Static(_NOTHING, classes="nothing")
        yield self._log
        yield KeyBar()

    # reading

    def read(self) -> WorkRead:
        workers = self._reader.workers()
        studies, runs = self._reader.studies(), self._reader.unfinished_runs()
        now = self._reader.clock()
        return WorkRead(
            workers=workers,
            lines=tuple(worker_line(row, now, why_idle(row, studies, runs)) for row in workers),
            waiting=waiting_list(studies, runs, workers, partial(key_for, self.app)),
            log=look_at_log(self._reader, self._log.question),
        )

    @on(WorkRead)
    def _show(self, message: WorkRead) -> None:
        self._workers = message.workers
        who, waiting = self.query_one("#who"), self.query_one("#waiting")
        spent = spent_text([spent for worker in message.workers for spent in worker.spent])
        entitle(who, f"Workers ─ {len(message.workers)}", spent)
        who.set_class(not message.workers, "-empty")
        self.query_one(WorkersTable).show(message.lines)
        entitle(waiting, f"Waiting ─ {len(message.waiting)}")
        waiting.set_class(not message.waiting, "-empty")
        self.query_one(WaitingTable).show(message.waiting)
        self._log.show(message.log)
        self._show_loads()

    @on(LoadsChanged)
    @on(WorkersTable.Moved)
    def _show_loads(self) -> None:
        self.query_one(TopBar).show(["Workers"], _facts(self._workers))
        line, loads, span = self.query_one(WorkersTable).current, self._loads, self._span
        panel = self.query_one("#of-worker", LoadPanel)
        if line is None:
            panel.show("Worker", (), now=0.0, span=span)
        else:
            worker = line.row
            panel.show(
                f"Worker {worker.pid} ─ {worker.device} ─ {worker.host}",
                loads.of_worker(worker),
                now=worker.heartbeat_at,
                span=span,
                until=line.heartbeat,
            )
        self.query_one("#of-machine", LoadPanel).show(
            "This machine",
            loads.of_machine(),
            now=loads.load_at,
            span=span,
            facts=_machine_facts(loads),
        )

    # keys

    def action_next_span(self) -> None:
        """Let the graphs be about the next longer time, after the longest the shortest."""
        self._span = SPANS[(SPANS.index(self._span) + 1) % len(SPANS)]
        self._show_loads()
        self.notify(f"The graphs are about the last {duration(self._span)}.")

    @on(WorkersTable.StartRequested)
    def _start_requested(self) -> None:
        living = sum(worker.state != "lost" for worker in self._workers)

        def answered(texts: Texts | None) -> None:
            if texts is not None:
                self.post_message(AddWorker(read_worker(texts)))

        self.app.push_screen(worker_form(living), answered)

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Offer to pause what is under the cursor of a table."""
        if action == "pause_or_resume":
            return isinstance(self.focused, WorkersTable | WaitingTable)
        return True

    def action_pause_or_resume(self) -> None:
        if isinstance(self.focused, WaitingTable):
            self._pause_or_resume_waiting(self.focused.current)
            return
        worker = self._current()
        if worker is None:
            return
        if worker.state == "lost":
            stop, start = key_for(self.app, "stop_worker"), key_for(self.app, "start_worker")
            self.notify(
                f"this worker is gone; {stop} takes it off the list, {start} starts another"
            )
            return
        self._control(worker, "paused" if worker.desired == "running" else "running")

    def _pause_or_resume_waiting(self, waiting: Waiting | None) -> None:
        if waiting is None:
            return
        desired: Desired = "paused" if waiting.goes_on else "running"
        if waiting.study_id is not None:
            self.post_message(ControlStudies([waiting.study_id], desired))
        else:
            self.post_message(ControlRuns(waiting.run_ids, desired))

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
        if not self.query_one(LogView).end_search():
            self.dismiss()

    def _current(self) -> WorkerRow | None:
        line = self.query_one(WorkersTable).current
        return None if line is None else line.row


def _facts(workers: tuple[WorkerRow, ...]) -> list[str]:
    if not workers:
        return ["no worker", *_warmth()]
    running = [worker for worker in workers if worker.state == "running"]
    at_work = f"{len(running)} of {count(len(workers), 'worker')} running"
    return [at_work, *_warmth(), *pace_of(workers)]


def _warmth() -> list[str]:
    """Say whether a worker would begin at once, and if not yet, when."""
    if WARM.warmth == "warming":
        left = WARM.seconds_left
        return [f"warm: ready in {left:.0f} s" if left else f"warming for {WARM.seconds:.0f} s"]
    return ["warm: starts at once"] if WARM.warmth == "warm" else []


def _machine_facts(loads: Loads) -> list[tuple[str, str]]:
    """Say what the machine's meters have no graph for: each core, and which GPUs there are."""
    if loads.load is None:
        return []
    cores = "".join(column(share / _FULL) for share in loads.load.cores)
    gpus = [
        ("gpu", gpu.name if gpu.celsius is None else f"{gpu.name} · {gpu.celsius} °C")
        for gpu in loads.load.gpus
    ]
    return [("cores", cores), *gpus]
