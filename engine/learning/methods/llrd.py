"""``llrd``: layer-wise learning rate decay."""

from typing import ClassVar

from engine.learning.methods.base import Method
from engine.profiles.grouping import Grouping
from engine.profiles.profile import llrd_rates


class Llrd(Method):
    """Heads and top layer learn at ``lr``, every layer below at ``decay`` of the one above it."""

    name: ClassVar[str] = "llrd"
    begins_like_others: ClassVar[bool] = True
    can_be_stacked: ClassVar[bool] = True

    def learning_rates(self, grouping: Grouping) -> tuple[float, ...]:
        return llrd_rates(self.number("lr"), self.number("decay"), grouping)
