"""The machine's meters, on the machine the tests run on."""

import psutil
import pytest

from engine.work.machine import MachineMeter, gpu_count


def test_every_core_the_memory_and_every_gpu_is_read() -> None:
    load = MachineMeter().read()
    assert len(load.cores) == psutil.cpu_count()
    assert all(0 <= percent <= 100 for percent in load.cores)
    assert min(load.cores) <= load.cpu_percent <= max(load.cores)
    assert 0 < load.memory_used < load.memory_total
    assert len(load.gpus) == gpu_count()


@pytest.mark.skipif(gpu_count() == 0, reason="needs a GPU")
def test_a_gpu_tells_its_name_and_memory() -> None:
    (gpu, *_) = MachineMeter().read().gpus
    assert gpu.name != "GPU"
    assert gpu.memory_used is not None
    assert gpu.memory_total is not None
    assert gpu.memory_used < gpu.memory_total
