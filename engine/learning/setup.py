"""What a learner needs and does not change."""

from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from engine.learning.device import Device
from engine.learning.events import Split
from engine.learning.plan import Pool, StagePlan
from engine.profiles.grouping import Grouping
from engine.spec import Protocol
from engine.tasks.encoded import Encoded


@dataclass(frozen=True)
class PreparedTask:
    """One task of a sequence, encoded for one backbone."""

    name: str
    classes: int
    epochs: int
    fingerprint: str
    """Of the rows that were split."""
    train: Encoded
    search: Encoded
    """The rows that score trials; ``validation`` itself in the ``paper`` protocol."""
    validation: Encoded
    retention: Encoded
    """The rows that are followed while a stage is learnt."""

    def rows(self, split: Split) -> Encoded:
        """Return the rows of a split that is measured."""
        splits = {"retention": self.retention, "search": self.search, "validation": self.validation}
        return splits[split]

    def parts(self) -> tuple[Encoded, ...]:
        """Return all splits."""
        return self.train, self.search, self.validation, self.retention


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
