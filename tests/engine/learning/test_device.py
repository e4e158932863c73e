import ctypes
import resource
from multiprocessing import get_context
from multiprocessing.connection import Connection

import psutil
import pytest
import torch

from engine.errors import UsageError
from engine.learning.device import _MMAP_THRESHOLD, free_memory, keep_memory, pick_device
from engine.learning.model import matrix_rate

CUDA_DEVICES = torch.cuda.device_count()


def test_processor_in_either_arithmetic() -> None:
    exact = pick_device("cpu", "fp32")
    assert (exact.target.type, exact.dtype, str(exact)) == ("cpu", torch.float32, "cpu fp32")
    assert str(pick_device("cpu", "bf16")) == "cpu bf16"


def test_the_rate_of_products_is_measured_once_and_draws_no_random_numbers() -> None:
    device = torch.device("cpu")
    rate = matrix_rate(device, torch.get_num_threads())
    assert matrix_rate(device, torch.get_num_threads()) == rate > 1e8
    state = torch.get_rng_state()
    matrix_rate(device, 0)
    assert torch.equal(torch.get_rng_state(), state)


def _faults_of_large_pieces(kept: bool, answer: Connection) -> None:
    """Use a large piece of memory again and again, and say how often a page had to be cleared."""
    library = ctypes.CDLL(None)
    library.mallopt(_MMAP_THRESHOLD, 2**25)  # the most it is by itself, whatever was done before
    if kept:
        keep_memory()
    library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        piece = library.malloc(34 * 2**20)
        ctypes.memset(piece, 1, 34 * 2**20)
        library.free(piece)
    answer.send(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="the heap cannot be told")
def test_what_a_step_frees_is_kept_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def faults(*, kept: bool) -> int:
        mine, its = get_context("fork").Pipe()
        process = get_context("fork").Process(target=_faults_of_large_pieces, args=(kept, its))
        process.start()
        process.join()
        found: int = mine.recv()
        return found

    assert faults(kept=True) < faults(kept=False) / 5
    monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
    assert faults(kept=True) > faults(kept=False) / 5


def test_products_are_rounded_only_where_asked() -> None:
    ones = torch.ones(2, 2)
    with pick_device("cpu", "bf16").autocast():
        assert (ones @ ones).dtype is torch.bfloat16
    with pick_device("cpu", "fp32").autocast():
        assert (ones @ ones).dtype is torch.float32


@pytest.mark.skipif(CUDA_DEVICES > 0, reason="this machine has a GPU")
def test_without_a_gpu() -> None:
    assert pick_device("auto").target.type in {"cpu", "mps"}
    with pytest.raises(UsageError, match="device 'cuda' is not there on this machine"):
        pick_device("cuda")


@pytest.mark.parametrize("name", [f"cuda:{CUDA_DEVICES}", "meta"])
def test_a_device_that_is_not_there(name: str) -> None:
    with pytest.raises(UsageError, match=f"device '{name}' is not there .* use --device auto"):
        pick_device(name)


@pytest.mark.parametrize("name", ["gpu", "", "cuda:one"])
def test_no_such_device(name: str) -> None:
    with pytest.raises(UsageError, match=f"no device named '{name}'; use auto, cpu, cuda"):
        pick_device(name)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="not glibc")
def test_the_heap_keeps_no_holes() -> None:
    size, process = 60_000, psutil.Process()
    pieces = [bytearray(size) for _ in range(4000)]
    kept = pieces[::100]
    held = process.memory_info().rss
    del pieces
    free_memory()
    assert process.memory_info().rss < held - 3000 * size
    assert len(kept) == 40
