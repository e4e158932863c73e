"""Who works, on what, and how hard: a few lines for each worker."""

import socket
from typing import Final

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from bertcl_tui.store.study_rows import WorkerRow
from bertcl_tui.style.looks import STATE_LOOKS, Looks, looks_of, worker_word
from bertcl_tui.style.wording import count, duration, size, steps_rate
from engine.store.states import IDLE_SECONDS

_EIGHTHS: Final = "▏▎▍▌▋▊▉█"
_FULL: Final = 100.0
_METER_COLUMNS: Final = 8
_EMPTY: Final = f"""\
No worker.
One starts with a study
and ends after {duration(IDLE_SECONDS)} idle;
W shows and starts them."""
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
    if worker.run_id is None or worker.state not in {"running", "stalled"}:
        return [worker_word(worker)]
    name = f"#{worker.number}" if worker.number is not None else f"run {worker.run_id}"
    what = worker.study or " on ".join(filter(None, (worker.label, worker.sequence)))
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


def meter(share: float | None, columns: int, looks: Looks) -> Text:
    """Draw a share of 1; None is not known, and empty."""
    filled = round(min(max(share or 0.0, 0.0), 1.0) * columns * len(_EIGHTHS))
    whole, rest = divmod(filled, len(_EIGHTHS))
    bar = "█" * whole + (_EIGHTHS[rest - 1] if rest else "")
    text = Text(bar, style=looks.good)
    text.append("·" * (columns - len(bar)), style=looks.palette.faint)
    return text
