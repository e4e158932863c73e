"""Tasks as a learner wants them: encoded, split, in memory."""

from dataclasses import dataclass

from engine.tasks.encoded import Encoded


@dataclass(frozen=True)
class PreparedTask:
    """One task of a sequence, encoded for one backbone."""

    name: str
    classes: int
    epochs: int
    train: Encoded
    search: Encoded
    """The rows that score trials; the validation rows themselves in the ``paper`` protocol."""
    validation: Encoded
    retention: Encoded
    """The rows that are followed while a stage is learnt."""
