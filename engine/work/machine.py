"""What this machine can learn on. Light: the command line uses it."""

import subprocess
import sys

import msgspec
from msgspec import Struct

from engine.errors import EngineError


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
    command = [sys.executable, "-m", "engine.work.look"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise EngineError(f"torch cannot be used: {last}")
    return msgspec.json.decode(done.stdout, type=Machine)
