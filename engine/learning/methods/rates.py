"""``flat``, ``profile``, ``llrd``, ``slca``: ways to learn that are rates and nothing else."""

from typing import ClassVar

from engine.errors import UsageError
from engine.learning.methods.base import Method
from engine.profiles.grouping import Grouping
from engine.profiles.profile import is_rate, llrd_rates


class Flat(Method):
    """Every choice learns at ``lr``."""

    name: ClassVar[str] = "flat"
    shares_first_stage: ClassVar[bool] = True
    can_be_stacked: ClassVar[bool] = True


class ProfileMethod(Method):
    """Every choice learns at its own rate."""

    name: ClassVar[str] = "profile"
    shares_first_stage: ClassVar[bool] = True
    can_be_stacked: ClassVar[bool] = True


class Llrd(Method):
    """Heads and top layer learn at ``lr``, every layer below at ``decay`` of the one above it."""

    name: ClassVar[str] = "llrd"
    shares_first_stage: ClassVar[bool] = True
    can_be_stacked: ClassVar[bool] = True

    def learning_rates(self, grouping: Grouping) -> tuple[float, ...]:
        return llrd_rates(self.number("lr"), self.number("decay"), grouping)


class Slca(Method):
    """The backbone learns at ``lr``, heads at ``ratio`` times that, as a way to set rates.

    The slow learner of "SLCA" (Zhang et al. 2023), 1e-4 for the representation and 1e-2 for the
    classifier. Its alignment of one classifier of all classes is not for heads of their own.
    """

    name: ClassVar[str] = "slca"
    shares_first_stage: ClassVar[bool] = True
    can_be_stacked: ClassVar[bool] = True

    def learning_rates(self, grouping: Grouping) -> tuple[float, ...]:
        slow, ratio = self.number("lr"), self.number("ratio")
        fast = slow * ratio
        if not is_rate(fast):
            raise UsageError(
                f"method slca would let heads learn at {fast:g}, which is no rate from 0 to 1; use "
                "a smaller --lr or --option ratio="
            )
        return (*(slow,) * (grouping.n_choices - 1), fast)
