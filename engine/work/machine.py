"""What this machine has, and what it is doing. Light: no torch."""

import math
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import psutil
import pynvml
from msgspec import Struct

from engine.tasks.cache import cache_key, load_bytes, save_bytes

_CONTROL_GROUPS: Final = Path("/sys/fs/cgroup")
_OWN_GROUP: Final = Path("/proc/self/cgroup")
_IS_LINUX: Final = hasattr(os, "sched_getaffinity")
_USUAL_WORKERS: Final = 2
_AS_FAST: Final = 0.95
"""Of the best rate: less is within what a short measurement can tell."""

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
    """Return how many cores this process may use, no more than its container may keep busy."""
    there = len(os.sched_getaffinity(0)) if _IS_LINUX else os.cpu_count() or 1
    return max(1, int(min(there, cpu_quota(_CONTROL_GROUPS, _OWN_GROUP))))


def cpu_quota(groups: Path, own: Path) -> float:
    """Return how many cores a control group and those above it may keep busy; infinity: any.

    Args:
        groups: where the system shows its control groups, of either version.
        own: the file that says in which of them a process is.
    """
    quotas = [math.inf]
    for line in _text(own).splitlines():
        _, kinds, path = line.split(":", 2)
        if kinds and "cpu" not in kinds.split(","):
            continue
        root = groups / "cpu" if kinds else groups
        group = root / path.lstrip("/")
        while group.is_relative_to(root):
            whole = _text(group / "cpu.max").split()
            whole = whole or [_text(group / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
            with suppress(ValueError, ZeroDivisionError):  # there is none, or it is "max"
                quota = int(whole[0]) / int(whole[1])
                quotas.append(quota if quota > 0 else math.inf)
            group = group.parent
    return min(quotas)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def available_memory() -> int:
    """Return how many bytes of main memory new processes may take."""
    return psutil.virtual_memory().available


class Sharing(Struct, frozen=True):
    """How a machine without GPUs is shared out among workers."""

    workers: int
    why: str

    @property
    def threads(self) -> int:
        """How many each of them has."""
        return max(1, core_count() // self.workers)

    def __str__(self) -> str:
        workers = "1 worker" if self.workers == 1 else f"{self.workers} workers"
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{workers} with {threads} each: {self.why}"


def choose_sharing(rates: Mapping[int, float], room: int | None = None) -> Sharing:
    """Return how the machine is shared where nobody says it.

    Of what is about as fast, the fewest workers: the fewer trials are under way at once, the more
    is known when the next is proposed. Unmeasured, two: two trials with half the cores each are
    done sooner than one after the other with all, as small batches do not keep many cores busy.

    Args:
        rates: steps a second of so many workers together; empty: not measured.
        room: for how many there is memory; None: not known.
    """
    most = core_count() if room is None else max(1, min(room, core_count()))
    short = f"; there is memory for {most}" if most < core_count() else ""
    fitting = {workers: rate for workers, rate in rates.items() if workers <= most}
    if not fitting:
        return Sharing(min(_USUAL_WORKERS, most), f"not measured{short}")
    good = _AS_FAST * max(fitting.values())
    told = ", ".join(f"{rate:.3g} by {workers}" for workers, rate in sorted(rates.items()))
    chosen = min(workers for workers, rate in fitting.items() if rate >= good)
    return Sharing(chosen, f"steps a second are {told}{short}")


def known_rates() -> dict[int, float] | None:
    """Return what was measured on this machine with this torch; None: nothing yet."""
    found = load_bytes("machine", _rates_file())
    try:
        return None if found is None else msgspec.json.decode(found, type=dict[int, float])
    except msgspec.DecodeError:
        return None


def keep_rates(rates: Mapping[int, float]) -> None:
    """Remember what was measured."""
    save_bytes("machine", _rates_file(), msgspec.json.encode(rates))


def _rates_file() -> str:
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = ""
    return f"{cache_key('sharing', platform.node(), core_count(), torch)}.json"


def can_be_measured() -> bool:
    """Whether there is a choice worth measuring: two cores are for two workers."""
    return _IS_LINUX and core_count() > _USUAL_WORKERS and gpu_count() == 0


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
