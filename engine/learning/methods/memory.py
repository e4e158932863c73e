"""Rows of earlier tasks that methods keep, and batches of them."""

import logging
from collections.abc import Iterable, Sequence
from math import ceil

import numpy as np
import torch
from torch import Tensor

from engine.learning.methods.base import Tensors
from engine.learning.plan import Part, PreparedTask, Share

_log = logging.getLogger(__name__)

Place = tuple[int, int]
"""A task, and a training row of it."""

_MET = "met"
_STREAM = 7
"""Sets its numbers apart from those of the order: what is kept is not what is learnt first."""


def kept_rows(
    tasks: Sequence[PreparedTask], earlier: int, seed: int, *, share: float, rows: int
) -> tuple[Share, ...]:
    """Return the rows of the first tasks that are in memory.

    A task's are drawn once, by the seed and its place alone, so that a row once kept is kept on
    until there is no more room for it.

    Args:
        tasks: of the sequence.
        earlier: how many of them were learnt.
        seed: of the run.
        share: of each task's training rows that is kept, where ``rows`` is 0.
        rows: how many are kept in all, as many of each task, the first ones one more.
    """
    kept = []
    for index, task in enumerate(tasks[:earlier]):
        size = ceil(share * len(task.train))
        if rows:
            size = rows // earlier + (index < rows % earlier)
        draw = np.random.default_rng((seed, index, 0, _STREAM))
        order = draw.permutation(len(task.train))
        if size:
            kept.append(Share(index, np.sort(order[:size])))
    return tuple(kept)


def say_size(memory: Sequence[Share], tasks: Sequence[PreparedTask]) -> None:
    """Tell the log how large a memory is."""
    kept = ", ".join(
        f"{len(share.rows)} of {len(tasks[share.task].train)} of {tasks[share.task].name}"
        for share in memory
    )
    _log.info("the buffer's rows in the last stage: %s", kept or "none")


def drawn(memory: Sequence[Share], size: int, key: Iterable[int]) -> tuple[Part, ...]:
    """Return so many rows of a memory, at random, by task; each row at most once."""
    numbered = [(share.task, row) for share in memory for row in share.rows]
    count = min(size, len(numbered))
    chosen = np.random.default_rng(tuple(key)).choice(len(numbered), count, replace=False)
    return parts([numbered[index] for index in np.sort(chosen)])


def parts(
    numbered: Sequence[tuple[int, int]], purpose: str = "", scale: float = 1.0
) -> tuple[Part, ...]:
    """Return these (task, row) by task, so that each counts alike, and all together ``scale``."""
    by_task: dict[int, list[int]] = {}
    for task, row in numbered:
        by_task.setdefault(task, []).append(row)
    return tuple(
        Part(task, np.array(rows, np.int64), scale * len(rows) / len(numbered), purpose)
        for task, rows in sorted(by_task.items())
    )


class Reservoir:
    """A sample of all rows ever offered, each with equal chance (Vitter 1985, algorithm R).

    It holds ``capacity`` rows with a tensor each; one that is in it is not put in a second time.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._met = 0
        self._held: dict[int, tuple[Place, Tensor]] = {}
        self._slots: dict[Place, int] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __getitem__(self, place: Place) -> Tensor:
        return self._held[self._slots[place]][1]

    @property
    def tasks(self) -> set[int]:
        """Return the tasks that it has rows of."""
        return {task for task, _ in self._slots}

    def offer(self, place: Place, value: Tensor, draw: np.random.Generator) -> None:
        """Take a row in, or leave it; when it is full, one that is in it goes."""
        self._met += 1
        slot = len(self._held)
        if slot == self._capacity:
            slot = int(draw.integers(self._met))
        if slot < self._capacity and place not in self._slots:
            self._put(slot, place, value)

    def sample(self, size: int, draw: np.random.Generator) -> list[Place]:
        """Draw so many rows, each at most once; all where it has fewer."""
        count = min(size, len(self))
        return [self._held[slot][0] for slot in draw.choice(len(self), count, replace=False)]

    def state(self) -> dict[str, Tensor]:
        """Return what ``load`` takes over."""
        if not self._met:
            return {}
        held = {f"{slot}.{task}.{row}": kept for slot, ((task, row), kept) in self._held.items()}
        return {_MET: torch.tensor(self._met), **held}

    def load(self, state: Tensors) -> None:
        """Be what ``state`` was of."""
        self._held, self._slots = {}, {}
        self._met = int(state[_MET]) if state else 0
        for name, value in state.items():
            if name != _MET:
                slot, task, row = map(int, name.split("."))
                self._put(slot, (task, row), value)

    def _put(self, slot: int, place: Place, value: Tensor) -> None:
        if slot in self._held:
            del self._slots[self._held[slot][0]]
        self._held[slot] = (place, value.clone())
        self._slots[place] = slot
