"""A sample of all that was ever offered, each with equal chance (Vitter 1985, algorithm R)."""

import numpy as np
import torch
from torch import Tensor

from engine.learning.methods.base import Tensors

Place = tuple[int, int]
"""A task, and a training row of it."""

_MET = "met"


class Reservoir:
    """Holds ``capacity`` rows with a tensor each; one that is in it is not put in a second time."""

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
