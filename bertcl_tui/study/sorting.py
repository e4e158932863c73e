"""By what trials can be sorted, as a person says it."""

from typing import Final

from bertcl_tui.store.filters import trial_fields
from bertcl_tui.store.rows import ORDERED_FIELDS, Order
from engine.errors import UsageError

_RISING: Final = frozenset({"number", "state", "label", "reason"})
"""What begins with the least."""
_MOMENTS: Final = {"created": "created_at", "started": "started_at", "ended": "finished_at"}


def order_by(word: str, choices: int, *, reverse: bool = False) -> Order:
    """Return the order that a person means by a word.

    Raises:
        UsageError: trials cannot be sorted by it.
    """
    numbers = trial_fields(choices).numbers
    fields = {**numbers, **{field: field for field in (*numbers.values(), *ORDERED_FIELDS)}}
    field = (fields | _MOMENTS).get(word)
    if field is None:
        known = ", ".join([*numbers, *_MOMENTS, "state", "label", "reason"])
        raise UsageError(f"trials cannot be sorted by '{word}'; choose one of {known}")
    return Order(field, descending=(field not in _RISING) != reverse)
