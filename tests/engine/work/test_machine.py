"""The machine's meters, on the machine the tests run on."""

import psutil
import pynvml
import pytest
import torch

from engine.work import machine
from engine.work.machine import MachineMeter, gpu_count, torch_knows_cuda, usable_gpus

IDS = ("GPU-10aa", "GPU-10bb", "GPU-20cc", "GPU-30dd")


@pytest.fixture
def four_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let NVIDIA's library speak of four GPUs, each of which it knows by its number."""
    monkeypatch.setattr(machine, "torch_knows_cuda", lambda: True)
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: len(IDS))
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda index: index)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", lambda name: name)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetUUID", lambda handle: IDS[handle])


@pytest.mark.usefixtures("four_gpus")
@pytest.mark.parametrize(
    ("visible", "usable"),
    [
        (None, [0, 1, 2, 3]),
        ("", []),
        ("2", [2]),
        ("3,1", [3, 1]),
        ("1, 0", [1, 0]),
        ("1,-1,0", [1]),
        ("0,9,1", [0]),
        ("1,1", []),
        ("GPU-20,GPU-30dd", [2, 3]),
        ("GPU-10", []),
        ("MIG-5e", ["MIG-5e"]),
        ("none", []),
    ],
)
def test_gpus_count_as_far_as_cuda_lets_them_be_seen(
    visible: str | None, usable: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert usable_gpus() == usable


@pytest.mark.usefixtures("four_gpus")
def test_no_gpu_counts_that_torch_was_not_built_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "torch_knows_cuda", lambda: False)
    assert usable_gpus() == []


def test_what_torch_was_built_for_is_seen_from_outside() -> None:
    assert torch_knows_cuda() == (torch.version.cuda is not None)
    assert gpu_count() == torch.cuda.device_count()


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
