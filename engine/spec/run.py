"""Runs and studies: what is learnt and searched, with which seeds, and where rates came from."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final, Literal, get_args

from msgspec import Struct

from engine.errors import UsageError, shown
from engine.spec.protocol import Protocol
from engine.spec.search import Rate, SearchSettings

SeedPurpose = Literal["sampler", "trial", "confirmation", "arena", "racing"]
_PURPOSES: Final[tuple[SeedPurpose, ...]] = get_args(SeedPurpose)
_FIRST_DERIVED: Final = 2**30
_DRAWN: Final = 2**28
_CLASSES: Final = 4
_FIRST_OF_RACES: Final = 2**29
"""Below all others: a further class beside theirs would have made other seeds of all of them."""


def derived_seed(purpose: SeedPurpose, seed: int, index: int) -> int:
    """Return the seed of what is done for the ``index``-th time for a purpose.

    Every seed that no person wrote comes from here: of the sampler at each trial, of the trials,
    of their races, of the runs that confirm them, and of the arena. Seeds for two purposes are
    never the same, whatever they come from: what selected a winner never scores it. All are from
    2**29 to 2**31, above those that people write and those of stores that were made before.

    Args:
        purpose: what is done.
        seed: what a person gave, or 0; any whole number.
        index: from 0.
    """
    name = f"{seed} {index}".encode()
    digest = blake2b(name, digest_size=8, person=purpose.encode()).digest()
    drawn = int.from_bytes(digest) % _DRAWN
    if purpose == "racing":
        return _FIRST_OF_RACES + drawn
    return _FIRST_DERIVED + _CLASSES * drawn + _PURPOSES.index(purpose)


class RunSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides a run's result, but for the machine's own arithmetic."""

    sequence: tuple[str, ...]
    data: str
    """``hub``, ``sample``, or the absolute path of a folder or task file (TOML)."""
    model: str
    """A hub name, ``sample``, or the absolute path of a local folder."""
    method: str = "flat"
    options: dict[str, float | int | str] = {}
    """The method's own, such as ``{"lr": 2e-5}`` for ``flat``."""
    learning_rates: tuple[float, ...] | None = None
    """One per choice, for methods that carry a profile."""
    first_lr: Rate | None = None
    """Of all choices in stage 1: the method's rates are for the later stages. None: for all."""
    protocol: Protocol = Protocol()
    seed: int = 0
    first_seed: int | None = None
    """Of stage 1, where runs that go on in their own ways begin alike; None: ``seed``."""
    device: str = "auto"


def run_name(run_id: int, study_id: int | None, number: int | None, label: str | None) -> str:
    """Return what people call a run: ``#3``, ``again #3, seed 2 of 3``, or ``run 12``."""
    if number is not None:
        return f"#{number}"
    return f"run {run_id}" if study_id is None or label is None else label


def parse_sequence(text: str) -> tuple[str, ...]:
    """Read ``taskA:taskB[:taskC…]``; whether the tasks exist is for the catalog to say.

    Raises:
        UsageError: fewer than two tasks, an empty name, or a task that comes twice.
    """
    names = tuple(name.strip() for name in text.split(":"))
    if not all(names):
        raise UsageError(
            f"sequence '{shown(text)}' has an empty task name; write it like TASK:TASK"
        )
    if len(names) < 2:  # noqa: PLR2004 - a sequence is at least a pair
        raise UsageError(
            f"sequence '{shown(text)}' has one task, and forgetting needs two; "
            f"write it like {shown(text)}:TASK"
        )
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"sequence '{shown(text)}' has task '{shown(name)}' twice; each task is learnt once"
            )
    return names


def sequence_name(tasks: Sequence[str]) -> str:
    """Write the sequence of these tasks."""
    return ":".join(tasks)


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
    first_task: bool = False
    """Trials were judged by the first task alone: nothing else of the sequence was looked at."""
    note: str = ""
    """What else is to be known of them, in a few words."""

    @property
    def epochs(self) -> float:
        """What the tuning cost; 0 where nothing was searched here."""
        return sum(tuning.epochs for tuning in self.tuned)


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
        """Return the run of trial ``number``, with the seed that the study gives it.

        Where the later stages alone are searched, stage 1 has one seed and one rate in all trials.

        Args:
            number: from 0.
            learning_rates: one per choice.
            options: from which the method makes these rates; none: it carries them.
        """
        shared = self.search.trial_seeds == "shared"
        return RunSpec(
            sequence=self.sequence,
            data=self.data,
            model=self.model,
            method=self.method,
            options=dict(options or {}),
            learning_rates=None if options else learning_rates,
            first_lr=self.first_lr,
            protocol=self.protocol,
            seed=derived_seed("trial", self.seed, 0 if shared else number),
            first_seed=None if self.first_lr is None else derived_seed("trial", self.seed, 0),
            device=self.device,
        )

    @property
    def first_lr(self) -> float | None:
        """The flat rate of stage 1 where the later stages alone are searched; None: all are."""
        return self.search.first_lr if self.search.searched_stages == "later" else None

    def title(self) -> str:
        """Return the sequence as people write it."""
        return sequence_name(self.sequence)


def refuse_shared_beginning(study: StudySpec) -> None:
    """Refuse a search of the later stages that needs more of stage 1 than is kept of it.

    Raises:
        UsageError: its trials could not go on from the end of one stage 1.
    """
    if study.first_lr is None:
        return
    if study.protocol.optimizer_state == "carried":
        raise UsageError(
            f"preset {study.protocol.preset} carries Adam's state from stage 1 on, and no search "
            "of the later stages keeps it; use another preset, or --searched-stages all"
        )
    if study.search.pruning_sees == "first-stage":
        raise UsageError(
            "trials that go on from one stage 1 cannot be pruned on it; "
            "use another preset, or --searched-stages all"
        )
