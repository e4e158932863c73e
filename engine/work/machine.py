"""What this machine can learn on. ``python -m engine.work.machine`` says it as JSON."""

import subprocess
import sys
from typing import Any

import msgspec
from msgspec import Struct

from engine.errors import EngineError
from engine.work.devices import core_count


class Machine(Struct, frozen=True, kw_only=True):
    """Cores and GPUs, and which of them a worker takes by itself."""

    cores: int
    gpus: tuple[str, ...]
    device: str
    """Device and arithmetic behind ``auto``."""


def ask_machine() -> Machine:
    """Look in a process of its own: it takes torch to say it, and this one may have to stay light.

    Raises:
        EngineError: torch cannot be loaded.
    """
    command = [sys.executable, "-m", "engine.work.machine"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise EngineError(f"torch cannot be used: {last}")
    return msgspec.json.decode(done.stdout, type=Machine)


def look() -> Machine:
    """Look at this machine; loads torch."""
    import torch

    from engine.learning.device import pick_device

    return Machine(
        cores=core_count(),
        gpus=tuple(map(_described, range(torch.cuda.device_count()))),
        device=str(pick_device()),
    )


def _described(index: int) -> str:
    import torch

    properties: Any = torch.cuda.get_device_properties(index)
    return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(look()).decode())
