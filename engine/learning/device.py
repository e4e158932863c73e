"""Which device learns, and in which arithmetic."""

import ctypes
import gc
import os
import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, Literal

import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import UsageError, shown

_TOKENS_AT_ONCE: Final = 4096
_TOKENS_AT_ONCE_ON_GPU: Final = 65_536
_LOSSES_AT_ONCE: Final = 16
_BYTES_OF_A_TOKEN: Final = 2**18
"""What a token may need of a GPU's memory: several times what it does in a large backbone."""
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Parameters of ``mallopt``."""
_MOST_KEPT: Final = 2**31 - 1
_KEPT_AHEAD: Final = 64 * 2**20
_LARGEST_KEPT: Final = 64 * 2**20
"""What a step needs of a piece; larger ones are rare, of all sizes, and would leave holes."""
_LOST: Final = re.compile(r"(CUDA|HIP) error: (?!\w+_STATUS_)")
"""How torch begins what the driver says; a library's status (``CUBLAS_STATUS_…``) may pass."""


@dataclass(frozen=True)
class Device:
    """A device and the type its matrix products are done in."""

    target: torch.device
    dtype: torch.dtype

    @property
    def tokens_at_once(self) -> int:
        """How many tokens are predicted at once, where nothing is learnt from them."""
        if self.target.type != "cuda":
            return _TOKENS_AT_ONCE
        memory = torch.cuda.get_device_properties(self.target).total_memory
        return min(_TOKENS_AT_ONCE_ON_GPU, memory // _BYTES_OF_A_TOKEN)

    @property
    def losses_at_once(self) -> int:
        """How many steps' losses are read at once: to read one, a GPU must come to its end."""
        return 1 if self.target.type == "cpu" else _LOSSES_AT_ONCE

    def autocast(self) -> AbstractContextManager[object]:
        """Products in ``dtype``, everything else in fp32."""
        if self.dtype is torch.float32:
            return nullcontext()
        return torch.autocast(self.target.type, self.dtype)

    def __str__(self) -> str:
        return f"{self.target} {'bf16' if self.dtype is torch.bfloat16 else 'fp32'}"


def pick_device(name: str = "auto", precision: Literal["auto", "fp32", "bf16"] = "auto") -> Device:
    """Return the device of that name; ``auto`` is CUDA, then MPS, then CPU, whichever is there.

    Raises:
        UsageError: no such device here.
    """
    device = _find(name)
    native = _multiplies_bf16(device)
    use_bf16 = precision == "bf16" or (precision == "auto" and native)
    return Device(device, torch.bfloat16 if use_bf16 else torch.float32)


def to_device(batch: dict[str, NDArray[Any]], device: Device) -> dict[str, Tensor]:
    """Move a padded batch to the device; a GPU fetches it while it works on what came before."""
    found = {name: torch.from_numpy(values) for name, values in batch.items()}
    if device.target.type != "cuda":
        return {name: values.to(device.target) for name, values in found.items()}
    return {
        name: values.pin_memory().to(device.target, non_blocking=True)
        for name, values in found.items()
    }


def usable_devices() -> tuple[str, ...]:
    """Return every name of a device that ``pick_device`` takes here."""
    gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    mps = ["mps", "mps:0"] if torch.backends.mps.is_available() else []
    return ("auto", "cpu", *(["cuda"] if gpus else []), *gpus, *mps)


def free_memory(device: str | None = None) -> None:
    """Give back to the system what is kept of memory for later use; models in use keep theirs.

    Rows of many lengths leave holes in the heap, which grow with every run that a worker learns.

    Args:
        device: whose own memory too, with what holds nothing but itself, which takes a while to
            find; None: the heap's alone, where its library can.
    """
    if device is not None:
        gc.collect()
        if device.startswith("cuda"):
            torch.cuda.empty_cache()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def keep_memory() -> None:
    """Have the heap of this process keep what a step frees for the next one, where it can.

    Else it gives every large piece back to the system, which clears each page anew: where rows are
    long, a tenth of a step. Still larger ones, which are rare, it goes on giving back.
    ``free_memory`` gives it back between two runs. A person's own settings (``MALLOC_…``) stay.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or any(name.startswith("MALLOC_") for name in os.environ):
        return
    if mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT):  # else an old library has a bound of its own
        mallopt(_TRIM_THRESHOLD, _MOST_KEPT)
        mallopt(_TOP_PAD, _KEPT_AHEAD)


def has_lost_device(error: BaseException) -> bool:
    """Whether a GPU failed so that whatever this process asks of it from now on fails too."""
    return isinstance(error, RuntimeError) and _LOST.match(str(error)) is not None


def _find(name: str) -> torch.device:
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(
            f"no device named '{shown(name)}'; use auto, cpu, cuda, cuda:1 or mps"
        ) from None
    there = {
        "cpu": True,
        "cuda": (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }.get(device.type, False)
    if not there:
        raise UsageError(f"device '{shown(name)}' is not there on this machine; use --device auto")
    return device


def _multiplies_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        # AVX-512 alone has bf16 products too, at half the rate of its fp32.
        return bool(torch.cpu._is_amx_tile_supported())  # noqa: SLF001 - no public question
    return False
