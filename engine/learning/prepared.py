"""Tasks as a learner wants them: encoded, split, in memory."""

from dataclasses import dataclass

from engine.learning.events import Split
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
