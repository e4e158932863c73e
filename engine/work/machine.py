"""What this machine has, and what it is doing. Light: no torch."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import psutil
import pynvml
from msgspec import Struct

Value = TypeVar("Value")


class Machine(Struct, frozen=True, kw_only=True):
    """Cores and GPUs, and which of them a worker takes by itself."""

    cores: int
    gpus: tuple[str, ...]
    device: str
    """Device and arithmetic behind ``auto``."""


def gpu_count() -> int:
    """Return how many NVIDIA GPUs this machine has."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return 0
    try:
        return int(pynvml.nvmlDeviceGetCount())
    finally:
        pynvml.nvmlShutdown()


def core_count() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class GpuLoad(Struct, frozen=True, kw_only=True):
    """A GPU; None: it does not tell."""

    name: str
    percent: float | None
    memory_used: int | None
    memory_total: int | None
    celsius: int | None


class MachineLoad(Struct, frozen=True, kw_only=True):
    """How busy a machine is. Shares are in percent, memory in bytes."""

    cores: tuple[float, ...]
    memory_used: int
    memory_total: int
    gpus: tuple[GpuLoad, ...]

    @property
    def cpu_percent(self) -> float:
        """The mean over all cores."""
        return sum(self.cores) / len(self.cores) if self.cores else 0.0


class MachineMeter:
    """Measures what happened since it was read last; reading takes a millisecond or so."""

    def __init__(self) -> None:
        psutil.cpu_percent(percpu=True)
        self._gpus = _gpu_handles()

    def read(self) -> MachineLoad:
        """Look at all meters."""
        memory = psutil.virtual_memory()
        return MachineLoad(
            cores=tuple(psutil.cpu_percent(percpu=True)),
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            gpus=tuple(map(_gpu_load, self._gpus)),
        )


def _gpu_handles() -> list[Any]:
    try:
        pynvml.nvmlInit()
        return [
            pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())
        ]
    except pynvml.NVMLError:
        return []


def _gpu_load(handle: Any) -> GpuLoad:  # noqa: ANN401 - NVML's own handle
    memory = _if_known(lambda: pynvml.nvmlDeviceGetMemoryInfo(handle))
    return GpuLoad(
        name=_if_known(lambda: str(pynvml.nvmlDeviceGetName(handle))) or "GPU",
        percent=_if_known(lambda: float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)),
        memory_used=None if memory is None else int(memory.used),
        memory_total=None if memory is None else int(memory.total),
        celsius=_if_known(
            lambda: int(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))
        ),
    )


def _if_known(ask: Callable[[], Value]) -> Value | None:
    """Return what the driver says; some GPUs, or parts of one, do not say everything."""
    try:
        return ask()
    except pynvml.NVMLError:
        return None
