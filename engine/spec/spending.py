"""A budget, and what of it is gone."""

from msgspec import Struct


class Spending(Struct, frozen=True, kw_only=True):
    """What the trials of a study may take and have taken, in epochs over all of them."""

    spent: float
    budget: float

    @property
    def over(self) -> bool:
        """Whether no further trial may begin."""
        return self.spent >= self.budget
