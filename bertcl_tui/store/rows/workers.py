"""A worker in a list."""

from typing import Literal

from msgspec import Struct

from engine.store.states import Desired

WorkerState = Literal["running", "idle", "paused", "stalled", "lost"]


class WorkerRow(Struct, frozen=True, kw_only=True):
    """A worker that has not said that it ended."""

    id: int
    host: str
    pid: int
    device: str
    threads: int
    state: WorkerState
    desired: Desired
    study_id: int | None
    study: str | None
    """None: it works on no trial of a study."""
    sequence: str | None
    run_id: int | None
    number: int | None
    label: str | None
    step: int | None
    steps: int | None
    rate: float | None
    tokens_rate: float | None
    cpu_percent: float | None
    memory_bytes: int | None
    gpu_percent: float | None
    gpu_memory_bytes: int | None
    log_file: str | None
    started_at: float
    heartbeat_at: float

    @property
    def share(self) -> float | None:
        """How much of its run is done."""
        return self.step / self.steps if self.step is not None and self.steps else None

    @property
    def eta(self) -> float | None:
        """Seconds until its run ends, measuring not counted."""
        if self.step is None or not self.steps or not self.rate:
            return None
        return (self.steps - self.step) / self.rate
