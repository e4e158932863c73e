"""Which trials are compared."""

from collections.abc import Collection
from typing import Final

from bertcl_tui.study.look import Look

MOST_COMPARED: Final = 8
"""More do not fit beside each other, and have no colour of their own."""


def trials_to_compare(look: Look, marked: Collection[int]) -> tuple[int, ...]:
    """Return the marked trials, best first; one marked, with the cursor's; else with the baseline.

    Fewer than two: there is nothing to compare with.
    """
    best_first = [trial.number for trial in look.scored]
    places = {number: place for place, number in enumerate(best_first)}
    chosen = sorted(marked, key=lambda number: (places.get(number, len(places)), number))
    if len(chosen) < 2 and look.cursor is not None:  # noqa: PLR2004 - one is like itself
        chosen += [look.cursor.number]
    if len(set(chosen)) < 2 and look.flat is not None:  # noqa: PLR2004 - as above
        chosen += [look.flat.number]
    return tuple(dict.fromkeys(chosen))[:MOST_COMPARED]
