"""What a method is."""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

from engine.profiles.grouping import Grouping
from engine.spec import RunSpec


class Method(ABC):
    """A way to learn a sequence."""

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def from_spec(cls, spec: RunSpec) -> Self:
        """Read the method's own options.

        Raises:
            UsageError: an option is missing or wrong.
        """

    @abstractmethod
    def learning_rates(self, grouping: Grouping) -> tuple[float, ...]:
        """Return the peak rate of every choice.

        Raises:
            UsageError: the method's rates do not fit the grouping.
        """
