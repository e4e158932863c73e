"""What a worker process is told when it is started."""

from typing import Final

from msgspec import Struct

IDLE_SECONDS: Final = 120.0
"""How long a worker stays warm with nothing to do."""


class WorkerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Passed as JSON on the worker's command line."""

    store: str
    device: str = "auto"
    threads: int = 1
    until_idle: bool = False
    idle_seconds: float = IDLE_SECONDS
    """How long it stays warm with nothing to do."""
    checkpoint_seconds: float = 30.0
    """Least time between two checkpoints of a run; 0 writes one after every step."""
