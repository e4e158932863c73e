"""Which colour and glyph a trial has in every chart and table: those of its number, for good.

A slot is an index of the series colours of a palette and of the glyphs that go with them.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from bertcl_tui.charts.style import SERIES_GLYPHS, Palette

_SLOTS: Final = len(SERIES_GLYPHS)


def slots_of_trials(
    numbers: Collection[int], beside: Mapping[int, int] | None = None
) -> dict[int, int]:
    """Return the slots of trials by number, no two alike; where all are taken, some have none.

    A trial has the slot of its number. Only where one with a lower number has that already does it
    go to another, on a way that its number says; so what is marked later moves no one else's.

    Args:
        numbers: of the trials, in any order.
        beside: slots of other trials, which these keep.
    """
    slots = dict(beside or {})
    ordered = sorted(set(numbers) - slots.keys())
    for number in ordered:
        if number % _SLOTS not in slots.values():
            slots[number] = number % _SLOTS
    for number in [number for number in ordered if number not in slots][: _SLOTS - len(slots)]:
        slots[number] = next(slot for slot in _way(number) if slot not in slots.values())
    return slots


def slots_in_sight(
    marked: Mapping[int, int], running: Collection[int], looked_at: int | None
) -> dict[int, int]:
    """Return the slots of all trials in sight; the one that is looked at always has one.

    Where there are none left for it, a running trial goes without, and where eight are marked the
    one that has its number's.

    Args:
        marked: the slots of those.
        running: numbers of others.
        looked_at: number of the trial under the cursor.
    """
    slots = slots_of_trials(running, marked)
    if looked_at is None:
        return slots
    found = slots_of_trials([looked_at], slots)
    if looked_at in found:
        return found
    found, own = slots_of_trials([looked_at], marked), looked_at % _SLOTS
    if looked_at not in found:
        found = {number: slot for number, slot in marked.items() if slot != own} | {looked_at: own}
    return slots_of_trials(running, found)


def trial_ink(slot: int, palette: Palette) -> str:
    """Return the style of a slot."""
    return palette.series[slot % len(palette.series)]


def _way(number: int) -> Iterator[int]:
    """Yield all slots from the number's own on; the steps are odd, so that none is missed."""
    stride = 2 * (number // _SLOTS) + 1
    return ((number + turn * stride) % _SLOTS for turn in range(_SLOTS))
