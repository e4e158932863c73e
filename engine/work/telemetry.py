"""What a worker's process and its device are doing."""

from typing import Any

import psutil
import pynvml

from engine.store.workers import Telemetry


class Meter:
    """Measures this process; the first CPU share it gives is 0."""

    def __init__(self, device: str) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._gpu = _gpu_handle(device)

    def read(self) -> Telemetry:
        """Return CPU share (100 = one core), memory in bytes, and the GPU's where there is one."""
        with self._process.oneshot():
            cpu, memory = self._process.cpu_percent(), self._process.memory_info().rss
        if self._gpu is None:
            return Telemetry(cpu_percent=cpu, memory_bytes=memory)
        return Telemetry(
            cpu_percent=cpu,
            memory_bytes=memory,
            gpu_percent=float(pynvml.nvmlDeviceGetUtilizationRates(self._gpu).gpu),
            gpu_memory_bytes=int(pynvml.nvmlDeviceGetMemoryInfo(self._gpu).used),
        )


def _gpu_handle(device: str) -> Any:  # noqa: ANN401 - NVML's own handle
    if not device.startswith("cuda"):
        return None
    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetHandleByIndex(int(device.partition(":")[2] or 0))
    except pynvml.NVMLError:
        return None
