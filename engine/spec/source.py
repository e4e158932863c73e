"""Where a run's learning rates came from: which searches, on what, for how much work."""

from msgspec import Struct


class Tuning(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A study that was used to choose rates."""

    study: str
    sequence: str
    epochs: float
    """Passes over a task's training rows that all its trials took together."""


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a run's rates came about; empty where a person named them."""

    tuned: tuple[Tuning, ...] = ()
    """The studies of this store that the rates come from."""
    searched_on: tuple[str, ...] = ()
    """The sequences whose trials shaped the rates; anything else is unseen."""
    published: bool = False
    """The rates are the paper's authors' own, carried over to this backbone's depth."""
    note: str = ""
    """What else is to be known of them, in a few words."""

    @property
    def epochs(self) -> float:
        """What the tuning cost; 0 where nothing was searched here."""
        return sum(tuning.epochs for tuning in self.tuned)
