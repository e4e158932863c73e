"""How busy this machine is, now and in the last minutes."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from rich.text import Text
from textual.app import RenderResult
from textual.widget import Widget

from bertcl_tui.charts.glyphs import column
from bertcl_tui.style.looks import Looks, looks_of
from bertcl_tui.style.wording import size
from bertcl_tui.workers.panel import meter
from engine.work.machine import GpuLoad, MachineLoad

_HISTORY: Final = 120
"""Readings that are shown at most."""
_FULL: Final = 100.0
_NAME: Final = 8
_LABEL: Final = 21


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

    def show(self, load: MachineLoad) -> None:
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


def _gpu_lines(gpu: GpuLoad, columns: int, looks: Looks) -> list[Text]:
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
