"""Where a search looks: numbers with bounds, and the learning rates they stand for."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


class Dimension(Struct, frozen=True):
    """One number that is searched, bounds included."""

    name: str
    low: float
    high: float
    log: bool = True
    """Drawn log-uniformly, not uniformly."""


class Space(ABC):
    """What a study searches. A point is a tuple of numbers, one per dimension."""

    @property
    @abstractmethod
    def dimensions(self) -> tuple[Dimension, ...]:
        """The numbers that are searched."""

    @abstractmethod
    def rates(self, point: Sequence[float]) -> tuple[float, ...]:
        """Return the peak learning rate of every choice at a point."""

    @abstractmethod
    def locate(self, rates: Sequence[float]) -> tuple[float, ...] | None:
        """Return the point of these rates, inside the bounds or not; None: they have none."""

    def options(self, point: Sequence[float]) -> dict[str, float]:  # noqa: ARG002 - for others
        """Return the options of the study's method at a point; empty: it carries the rates."""
        return {}

    def names(self) -> tuple[str, ...]:
        """Name the numbers as Optuna knows them."""
        return tuple(dimension.name for dimension in self.dimensions)

    def distributions(self) -> dict[str, "BaseDistribution"]:
        """Return the space in Optuna's words."""
        from optuna.distributions import FloatDistribution

        return {
            dimension.name: FloatDistribution(dimension.low, dimension.high, log=dimension.log)
            for dimension in self.dimensions
        }

    def clip(self, point: Sequence[float]) -> tuple[float, ...]:
        """Return the point, each number moved to the nearest bound where it lies outside."""
        return tuple(
            min(max(number, dimension.low), dimension.high)
            for number, dimension in zip(point, self.dimensions, strict=True)
        )

    def parameters(self, point: Sequence[float]) -> dict[str, float]:
        """Name the numbers of a point as Optuna does."""
        return dict(zip(self.names(), point, strict=True))

    def point(self, parameters: Mapping[str, float]) -> tuple[float, ...] | None:
        """Return the point of these parameters; None: not every dimension has one."""
        if not parameters.keys() >= set(self.names()):
            return None
        return tuple(float(parameters[name]) for name in self.names())
