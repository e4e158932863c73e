"""What this machine has, and what it is doing. Light: no torch."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pynvml
from msgspec import Struct

Value = TypeVar("Value")


class Machine(Struct, frozen=True, kw_only=True):
    """Cores and GPUs, and which of them a worker takes by itself."""

    cores: int
    gpus: tuple[str, ...]
    """Those that torch can use."""
    hidden: int = 0
    """GPUs that are there but that torch cannot use."""
    device: str
    """Device and arithmetic behind ``auto``."""


def gpu_count() -> int:
    """Return how many NVIDIA GPUs torch can use: not those that are hidden from this process."""
    return len(usable_gpus())


def nvidia_gpu_count() -> int:
    """Return how many NVIDIA GPUs this machine has, whether torch can use them or not."""
    return len(_gpu_handles())


def usable_gpus() -> list[Any]:
    """Return NVML's handles of the GPUs that torch can use, in its order: ``cuda:0`` comes first.

    As CUDA reads ``CUDA_VISIBLE_DEVICES``: numbers or ids, up to the first that is none; one that
    is named twice hides all.
    """
    handles = _gpu_handles() if torch_knows_cuda() else []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None or not handles:
        return handles
    found: dict[str, Any] = {}
    for name in map(str.strip, visible.split(",")):
        handle = _gpu_named(name, handles)
        if handle is None:
            break
        if name in found:
            return []
        found[name] = handle
    return list(found.values())


def _gpu_named(name: str, handles: Sequence[Any]) -> Any:  # noqa: ANN401 - NVML's own handle
    if name.isdecimal():
        return handles[int(name)] if int(name) < len(handles) else None
    if name.startswith("MIG-"):
        return _if_known(lambda: pynvml.nvmlDeviceGetHandleByUUID(name))
    ids = [str(_if_known(partial(pynvml.nvmlDeviceGetUUID, handle))) for handle in handles]
    fitting = [index for index, known in enumerate(ids) if name and known.startswith(name)]
    return handles[fitting[0]] if len(fitting) == 1 else None


def torch_knows_cuda() -> bool:
    """Whether the installed torch was built for CUDA; it is looked at, not loaded."""
    torch = find_spec("torch")
    if torch is None or torch.origin is None:
        return False
    return any(Path(torch.origin).with_name("lib").glob("*torch_cuda*"))


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
        self._gpus = usable_gpus()

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
