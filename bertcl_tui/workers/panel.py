"""How busy the workers are, a few lines for each."""

import socket
from typing import Final

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from bertcl_tui.charts.glyphs import column
from bertcl_tui.store.study_rows import WorkerRow
from bertcl_tui.style.looks import STATE_LOOKS, Looks, looks_of
from bertcl_tui.style.standing import at_what, worker_word
from bertcl_tui.style.wording import count, duration, size, steps_rate
from bertcl_tui.widgets.frame import Sized
from bertcl_tui.widgets.keys import keyed
from bertcl_tui.workers.loads import SPANS, Course, Loads
from engine.store.states import IDLE_SECONDS

_EIGHTHS: Final = "▏▎▍▌▋▊▉█"
_FULL: Final = 100.0
_METER_COLUMNS: Final = 8
_EMPTY: Final = f"""\
No worker.
One starts with a study
and ends after {duration(IDLE_SECONDS)} idle;
$open_workers shows and starts them."""
_TOLD: Final = 29
"""Columns of a meter with its words."""
_LEAST_SPARKLINE, _MOST_SPARKLINE = 6, 24
_WAITING: Final = "{} without a worker:\n$pause_or_resume on it starts one."


class WorkersPanel(VerticalScroll, Sized, can_focus=False):
    """Shows each worker with its meters."""

    def __init__(self, loads: Loads, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._loads = loads
        self._workers: tuple[WorkerRow, ...] | None = None
        self._waiting = 0

    def compose(self) -> ComposeResult:
        yield Static()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._draw())

    def on_resize(self) -> None:
        self._draw()

    def show(self, workers: tuple[WorkerRow, ...], *, waiting: int) -> None:
        """Show these, and that so many studies wait for one where none lives."""
        if any(worker.state != "lost" for worker in workers):
            waiting = 0
        if (workers, waiting) != (self._workers, self._waiting):
            self._workers, self._waiting = workers, waiting
            self.border_title = f"Workers ─ {len(workers)}" if workers else "Workers"
            self._draw()

    def _draw(self) -> None:
        looks = looks_of(self.app)
        room = min(_MOST_SPARKLINE, self.scrollable_content_region.width - _TOLD)
        parts = [
            _card(worker, self._loads.of_worker(worker), room, looks)
            for worker in self._workers or ()
        ]
        if self._waiting:
            studies = count(self._waiting, "study", "studies")
            waiting = keyed(self.app, _WAITING.format(studies))
            parts.append(Text(waiting, style=looks.warning))
        parts = parts or [Text(keyed(self.app, _EMPTY), style=looks.muted)]
        line_break = Text("\n", no_wrap=True, overflow="ellipsis")
        self.query_one(Static).update(line_break.join(parts))


def _card(worker: WorkerRow, courses: list[Course], room: int, looks: Looks) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    look = STATE_LOOKS["queued" if worker.state == "idle" else worker.state]
    text.append(f"{look.glyph} ", style=getattr(looks, look.ink))
    text.append(worker.device, style="bold")
    text.append(f" · pid {worker.pid}\n", style=looks.muted)
    for line in _doing(worker):
        text.append(f"  {line}\n")
    if worker.state == "lost":
        return text
    cpu = worker.cpu_percent
    meters = [
        ("cpu", cpu and cpu / _FULL / worker.threads, _percent(cpu)),
        ("mem", _memory_share(worker), size(worker.memory_bytes)),
    ]
    if worker.gpu_percent is not None:
        gpu = f"{_percent(worker.gpu_percent)} {size(worker.gpu_memory_bytes)}"
        meters.append(("gpu", worker.gpu_percent / _FULL, gpu))
    for (name, share, words), course in zip(meters, courses, strict=False):
        text.append(f"  {name} ", style=looks.muted)
        text.append_text(meter(share, _METER_COLUMNS, looks))
        text.append(f" {words}".ljust(_TOLD - _METER_COLUMNS - len(name) - 3))
        if room >= _LEAST_SPARKLINE:
            shares = course.shares(room, SPANS[0], worker.heartbeat_at)
            text.append("".join(map(column, shares)), style=looks.muted)
        text.rstrip()
        text.append("\n")
    return text


def _doing(worker: WorkerRow) -> list[str]:
    if not worker.names or worker.state not in {"running", "stalled"}:
        return [worker_word(worker), at_what(worker)]
    what = worker.study or " on ".join(filter(None, (worker.label, worker.sequence)))
    name = worker.names[0] if len(worker.names) == 1 else count(len(worker.names), "trial")
    ending = worker_word(worker) if worker.desired != "running" else ""
    left = f"{duration(worker.eta)} left" if worker.eta is not None else ""
    parts = (f"{name} {worker.share or 0.0:.0%}", ending, steps_rate(worker.rate), left)
    facts = " · ".join(filter(None, parts))
    return [what, facts] if what else [facts]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} %"


def _memory_share(worker: WorkerRow) -> float | None:
    """Return the share of this machine's memory; another machine's is not known."""
    if worker.memory_bytes is None or worker.host != socket.gethostname():
        return None
    import psutil

    return worker.memory_bytes / float(psutil.virtual_memory().total)


def meter(share: float | None, columns: int, looks: Looks) -> Text:
    """Draw a share of 1; None is not known, and empty."""
    filled = round(min(max(share or 0.0, 0.0), 1.0) * columns * len(_EIGHTHS))
    whole, rest = divmod(filled, len(_EIGHTHS))
    bar = "█" * whole + (_EIGHTHS[rest - 1] if rest else "")
    text = Text(bar, style=looks.good)
    text.append("·" * (columns - len(bar)), style=looks.palette.faint)
    return text
