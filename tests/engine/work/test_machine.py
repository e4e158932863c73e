"""The machine's meters, on the machine the tests run on."""

import math
from pathlib import Path

import psutil
import pynvml
import pytest
import torch

from engine.work import machine
from engine.work.machine import (
    MachineMeter,
    choose_sharing,
    cpu_quota,
    gpu_count,
    keep_rates,
    known_rates,
    torch_knows_cuda,
    usable_gpus,
)

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


def test_a_container_has_the_cores_that_its_quota_and_those_above_it_pay_for(
    tmp_path: Path,
) -> None:
    own, groups = tmp_path / "own", tmp_path / "groups"
    assert cpu_quota(groups, own) == math.inf
    own.write_text("0::/pod/mine\n")
    mine = groups / "pod" / "mine"
    mine.mkdir(parents=True)
    (mine / "cpu.max").write_text("max 100000\n")
    assert cpu_quota(groups, own) == math.inf
    (groups / "pod" / "cpu.max").write_text("250000 100000\n")
    assert cpu_quota(groups, own) == 2.5
    (mine / "cpu.max").write_text("150000 100000\n")
    assert cpu_quota(groups, own) == 1.5


def test_the_quota_of_an_older_kernel_is_read_too(tmp_path: Path) -> None:
    own, group = tmp_path / "own", tmp_path / "groups" / "cpu" / "mine"
    own.write_text("5:memory:/mine\n4:cpu,cpuacct:/mine\n")
    group.mkdir(parents=True)
    (group / "cpu.cfs_period_us").write_text("100000\n")
    (group / "cpu.cfs_quota_us").write_text("-1\n")
    assert cpu_quota(tmp_path / "groups", own) == math.inf
    (group / "cpu.cfs_quota_us").write_text("400000\n")
    assert cpu_quota(tmp_path / "groups", own) == 4.0


@pytest.fixture
def sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "core_count", lambda: 16)


@pytest.mark.usefixtures("sixteen_cores")
@pytest.mark.parametrize(
    ("rates", "room", "workers", "threads"),
    [
        ({}, None, 2, 8),
        ({1: 10.0, 2: 18.0, 4: 26.0, 8: 30.0, 16: 31.0}, None, 8, 2),
        ({1: 10.0, 2: 18.0, 4: 26.0, 8: 30.0, 16: 40.0}, None, 16, 1),
        ({1: 10.0, 2: 18.0, 4: 26.0, 8: 30.0, 16: 40.0}, 5, 4, 4),
        ({1: 10.0, 2: 9.0}, None, 1, 16),
        ({4: 10.0, 8: 12.0}, 0, 1, 16),
    ],
)
def test_the_machine_is_shared_as_it_learns_fastest(
    rates: dict[int, float], room: int | None, workers: int, threads: int
) -> None:
    chosen = choose_sharing(rates, room)
    assert (chosen.workers, chosen.threads) == (workers, threads)


@pytest.mark.usefixtures("sixteen_cores")
def test_how_it_is_shared_is_said_in_a_line() -> None:
    assert str(choose_sharing({8: 30.0, 16: 40.5}, 8)) == (
        "8 workers with 2 threads each: steps a second are 30 by 8, 40.5 by 16; "
        "there is memory for 8"
    )


def test_it_is_measured_once_for_so_many_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path))
    assert known_rates() is None
    keep_rates({1: 2.5, 2: 4.0})
    assert known_rates() == {1: 2.5, 2: 4.0}
    (kept,) = (tmp_path / "machine").iterdir()
    monkeypatch.setattr(machine, "core_count", lambda: 64)
    assert known_rates() is None
    kept.write_bytes(b"{")
    monkeypatch.undo()
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path))
    assert known_rates() is None
