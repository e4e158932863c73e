"""A study: a search for a profile on one sequence."""

from msgspec import Struct

from engine.spec.protocol import Protocol
from engine.spec.run import RunSpec
from engine.spec.search import SearchSettings
from engine.spec.sequence import sequence_name


class StudySpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a study searches, and how."""

    name: str
    sequence: tuple[str, ...]
    data: str
    model: str
    protocol: Protocol = Protocol()
    search: SearchSettings = SearchSettings()
    seed: int = 0
    device: str = "auto"

    def trial(self, number: int, learning_rates: tuple[float, ...]) -> RunSpec:
        """Return the run of trial ``number``; each trial has a seed of its own."""
        return RunSpec(
            sequence=self.sequence,
            data=self.data,
            model=self.model,
            method="profile",
            learning_rates=learning_rates,
            protocol=self.protocol,
            seed=self.seed + number,
            device=self.device,
        )

    def title(self) -> str:
        """Return the sequence as people write it."""
        return sequence_name(self.sequence)
