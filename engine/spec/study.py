"""A study: a search for learning rates on one sequence."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from engine.spec.protocol import Protocol
from engine.spec.run import RunSpec, sequence_name
from engine.spec.search import SearchSettings

SearchedMethod = Literal["profile", "flat", "llrd"]


class StudySpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a study searches, and how."""

    name: str
    sequence: tuple[str, ...]
    data: str
    model: str
    method: SearchedMethod = "profile"
    """Whose learning rates are searched: one per choice, one for all, or one with a decay."""
    protocol: Protocol = Protocol()
    search: SearchSettings = SearchSettings()
    seed: int = 0
    device: str = "auto"

    def trial(
        self,
        number: int,
        learning_rates: tuple[float, ...],
        options: Mapping[str, float] | None = None,
    ) -> RunSpec:
        """Return the run of trial ``number``; each trial has a seed of its own.

        Args:
            number: from 0.
            learning_rates: one per choice.
            options: from which the method makes these rates; none: it carries them.
        """
        return RunSpec(
            sequence=self.sequence,
            data=self.data,
            model=self.model,
            method=self.method,
            options=dict(options or {}),
            learning_rates=None if options else learning_rates,
            protocol=self.protocol,
            seed=self.seed + number,
            device=self.device,
        )

    def title(self) -> str:
        """Return the sequence as people write it."""
        return sequence_name(self.sequence)
