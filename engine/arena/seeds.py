"""Which seeds the arena uses."""

from typing import Final

FIRST_SEED: Final = 1000
"""Searches count their seeds from low numbers: no run of the arena repeats a trial's luck."""


def arena_seeds(count: int, first: int = FIRST_SEED) -> tuple[int, ...]:
    """Return the seeds of a cell's runs, the same in every cell, so that rows pair up."""
    return tuple(range(first, first + count))
