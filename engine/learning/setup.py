"""What a learner needs and does not change."""

from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from engine.learning.device import Device
from engine.learning.plan import StagePlan
from engine.learning.pool import Pool
from engine.learning.prepared import PreparedTask
from engine.profiles.grouping import Grouping
from engine.spec import Protocol


@dataclass(frozen=True)
class Setup:
    """Everything that decides what is learnt, but for the weights it begins with."""

    tasks: tuple[PreparedTask, ...]
    plans: tuple[StagePlan, ...]
    pools: tuple[Pool, ...]
    """The rows of each stage."""
    model: str
    """The backbone: ``sample``, a hub name, or a folder."""
    method: str
    """Its name and options, written one way."""
    grouping: Grouping
    learning_rates: tuple[float, ...]
    protocol: Protocol
    seed: int
    device: Device

    @property
    def fingerprint(self) -> str:
        """A hash of what must be the same when a checkpoint is gone on from; not the device."""
        parts = (
            [(task.name, task.classes, task.fingerprint) for task in self.tasks],
            [(plan.rows, plan.epochs) for plan in self.plans],
            self.model,
            self.method,
            self.grouping,
            self.learning_rates,
            self.protocol,
            self.seed,
        )
        return blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()
