"""What is asked of a launcher: which workers, how many at most, and what each of them has."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.errors import UsageError, shown
from engine.store.connection import Store
from engine.store.demand import work_wanted, workers_at_it
from engine.work.supervisor import WorkerSettings

DEVICES: Final = ("auto", "cpu", "cuda")
"""Which GPU of a machine it is, the cluster says."""
Say = Callable[[str], None]
"""Tells people something, in a line."""


class Asked(Struct, frozen=True, kw_only=True):
    """Workers that a cluster shall run."""

    settings: WorkerSettings
    """Of each, with the device as it was asked for."""
    most: int | None = None
    """How many at once; None: as many as there is work for."""
    gpus: float | None = None
    """Of each; None: one where that can be, unless they shall learn on a CPU."""
    cpus: int = 1
    """Of each, and its threads."""
    address: str | None = None
    """Of a running Ray cluster; None: the one that is found, or a new one."""
    partition: str | None = None
    """Of Slurm; None: its default."""
    time: float | None = None
    """Seconds after which Slurm ends a worker; None: as Slurm's launcher has it."""

    def __post_init__(self) -> None:
        """See that each worker can have what it shall have.

        Raises:
            UsageError: it cannot.
        """
        device, gpus = self.settings.device, self.gpus
        if device not in DEVICES:
            raise UsageError(
                f"a launcher takes no device '{shown(device)}', as the cluster chooses which GPU a "
                f"worker has; use {', '.join(DEVICES)}"
            )
        if gpus is not None and not 0 <= gpus <= 1:
            raise UsageError(
                f"{gpus:g} GPUs per worker cannot be, as a worker learns on one; use 1, 0, or a "
                "share like 0.25"
            )
        if device == "cpu" and gpus:
            raise UsageError(f"--device cpu and {gpus:g} GPUs per worker exclude each other")
        if device == "cuda" and gpus == 0:
            raise UsageError("--device cuda needs a GPU; leave --gpus-per-worker 0 out")

    def settled(self, *, gpus_there: bool) -> "Asked":
        """Return the same with a number of GPUs, and the device that follows from it."""
        gpus = self.gpus
        if gpus is None:
            wants = self.settings.device == "cuda" or (
                self.settings.device == "auto" and gpus_there
            )
            gpus = 1.0 if wants else 0.0
        device = "cuda" if gpus else "cpu"
        settings = replace(self.settings, device=device, threads=self.cpus)
        return replace(self, gpus=gpus, settings=settings)

    @property
    def devices(self) -> Sequence[str]:
        """The names of devices that each worker can use."""
        return ("auto", "cuda", "cuda:0", "cpu") if self.gpus else ("auto", "cpu")

    @property
    def each(self) -> str:
        """What each worker has, for people."""
        cpus = "1 core" if self.cpus == 1 else f"{self.cpus} cores"
        if not self.gpus:
            return cpus
        return f"{cpus} and {'1 GPU' if self.gpus == 1 else f'{self.gpus:g} of a GPU'}"


def workers_missing(store: Store, asked: Asked, mine: Sequence[int], placed: int) -> int:
    """Return how many more workers there is something to do for, within what was asked.

    Below 0 there are too many, which end by themselves.

    Args:
        store: what is to be done.
        asked: which workers.
        mine: ids of the workers that were placed, as far as they are known; those of others count
            as being at the work already.
        placed: how many were placed and have not ended.
    """
    runs = work_wanted(store, asked.devices)
    wanted = max(0, -(-runs // asked.settings.stack) - workers_at_it(store, besides=mine))
    return (wanted if asked.most is None else min(wanted, asked.most)) - placed
