"""How busy the workers are, a few lines for each, and how busy this machine is."""

import socket
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text
from textual.app import ComposeResult, RenderResult
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from bertcl_tui.charts.glyphs import column
from bertcl_tui.store.study_rows import WorkerRow
from bertcl_tui.style.looks import STATE_LOOKS, Looks, looks_of, worker_word
from bertcl_tui.style.wording import count, duration, size, steps_rate
from engine.store.states import IDLE_SECONDS

if TYPE_CHECKING:
    from engine.work.machine import GpuLoad, MachineLoad

_EIGHTHS: Final = "▏▎▍▌▋▊▉█"
_FULL: Final = 100.0
_METER_COLUMNS: Final = 8
_EMPTY: Final = f"""\
No worker.
One starts with a study
and ends after {duration(IDLE_SECONDS)} idle;
W shows and starts them."""
_HISTORY: Final = 120
"""Readings of the machine that are shown at most."""
_NAME: Final = 8
_LABEL: Final = 21
_WAITING: Final = "{} without a worker:\nspace on it starts one."


class WorkersPanel(VerticalScroll, can_focus=False):
    """Shows each worker with its meters."""

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._workers: tuple[WorkerRow, ...] | None = None
        self._waiting = 0

    def compose(self) -> ComposeResult:
        yield Static()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._draw())

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
        parts = [_card(worker, looks) for worker in self._workers or ()]
        if self._waiting:
            studies = count(self._waiting, "study", "studies")
            parts.append(Text(_WAITING.format(studies), style=looks.warning))
        parts = parts or [Text(_EMPTY, style=looks.muted)]
        line_break = Text("\n", no_wrap=True, overflow="ellipsis")
        self.query_one(Static).update(line_break.join(parts))


def _card(worker: WorkerRow, looks: Looks) -> Text:
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
    _meter(text, "cpu", cpu and cpu / _FULL / worker.threads, _percent(cpu), looks)
    _meter(text, "mem", _memory_share(worker), size(worker.memory_bytes), looks)
    if worker.gpu_percent is not None:
        gpu = f"{_percent(worker.gpu_percent)} {size(worker.gpu_memory_bytes)}"
        _meter(text, "gpu", worker.gpu_percent / _FULL, gpu, looks)
    return text


def _doing(worker: WorkerRow) -> list[str]:
    if not worker.names or worker.state not in {"running", "stalled"}:
        return [worker_word(worker)]
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


def _meter(text: Text, name: str, share: float | None, words: str, looks: Looks) -> None:
    text.append(f"  {name} ", style=looks.muted)
    text.append_text(meter(share, _METER_COLUMNS, looks))
    text.append(f" {words}\n")


class MachinePanel(Widget):
    """Shows CPU, each core, memory and each GPU."""

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self.border_title = "Machine"
        self._loads: deque[MachineLoad] = deque(maxlen=_HISTORY)

    @property
    def measured(self) -> bool:
        """Whether anything is shown yet."""
        return bool(self._loads)

    def show(self, load: "MachineLoad") -> None:
        """Show this, and remember it."""
        self._loads.append(load)
        self.refresh()

    def render(self) -> RenderResult:
        if not self.measured:
            return Text("measuring…")
        looks, load = looks_of(self.app), self._loads[-1]
        columns = max(4, min(16, self.size.width - _NAME - _LABEL))
        lines = [
            _line("cpu", load.cpu_percent / _FULL, f"{load.cpu_percent:.0f} %", columns, looks),
            self._blocks("", [item.cpu_percent for item in self._loads], looks.good, looks),
            self._blocks("cores", load.cores, looks.text, looks),
            _line(
                "memory",
                load.memory_used / load.memory_total,
                f"{size(load.memory_used)} of {size(load.memory_total)}",
                columns,
                looks,
            ),
        ]
        for gpu in load.gpus:
            lines += _gpu_lines(gpu, columns, looks)
        return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)

    def _blocks(self, name: str, percents: Sequence[float], ink: str, looks: Looks) -> Text:
        """Draw a block for each, as high as it is busy; of too many the last."""
        room = max(1, self.size.width - _NAME)
        text = Text(name.ljust(_NAME), style=looks.muted)
        return text.append("".join(column(item / _FULL) for item in percents[-room:]), style=ink)


def _gpu_lines(gpu: "GpuLoad", columns: int, looks: Looks) -> list[Text]:
    heat = "" if gpu.celsius is None else f" {gpu.celsius} °C"
    used = "–" if gpu.percent is None else f"{gpu.percent:.0f} %"
    lines = [_line("gpu", (gpu.percent or 0.0) / _FULL, f"{used}{heat}", columns, looks)]
    if gpu.memory_used is not None and gpu.memory_total:
        words = f"{size(gpu.memory_used)} of {size(gpu.memory_total)}"
        lines.append(_line("gpu mem", gpu.memory_used / gpu.memory_total, words, columns, looks))
    return [*lines, Text(f"{'':{_NAME}}{gpu.name}", style=looks.muted)]


def _line(name: str, share: float, words: str, columns: int, looks: Looks) -> Text:
    text = Text(name.ljust(_NAME), style=looks.muted)
    return text.append_text(meter(share, columns, looks)).append(f" {words}", style=looks.text)


def meter(share: float | None, columns: int, looks: Looks) -> Text:
    """Draw a share of 1; None is not known, and empty."""
    filled = round(min(max(share or 0.0, 0.0), 1.0) * columns * len(_EIGHTHS))
    whole, rest = divmod(filled, len(_EIGHTHS))
    bar = "█" * whole + (_EIGHTHS[rest - 1] if rest else "")
    text = Text(bar, style=looks.good)
    text.append("·" * (columns - len(bar)), style=looks.palette.faint)
    return text
