"""Where a search looks: numbers with bounds, and the learning rates that they stand for."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from engine.errors import UsageError
from engine.profiles.grouping import Grouping, is_rate, llrd_rates
from engine.spec.run import SearchedMethod
from engine.spec.search import Bounds, SearchSettings

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


_BASE_SIZE = 512
"""Hidden size from which a backbone counts as base-size: it stands lower rates than a small one."""
_BODY_BOUNDS: Bounds = (1e-7, 1e-4)
_SMALL_BODY_BOUNDS: Bounds = (1e-7, 1e-3)
_DECAYS = (0.5, 1.0)
_SAME = 1e-9
"""Relative difference between rates that came to be by different arithmetic."""


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


@dataclass(frozen=True)
class ProfileSpace(Space):
    """One rate per choice, between the bounds of each; named as filters write them."""

    bounds: tuple[Bounds, ...]

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return tuple(
            Dimension(f"lr{choice}", low, high) for choice, (low, high) in enumerate(self.bounds)
        )

    def rates(self, point: Sequence[float]) -> tuple[float, ...]:
        return tuple(point)

    def locate(self, rates: Sequence[float]) -> tuple[float, ...] | None:
        return tuple(rates) if len(rates) == len(self.bounds) else None


@dataclass(frozen=True)
class FlatSpace(Space):
    """One rate for all choices."""

    bounds: Bounds
    n_choices: int

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return (Dimension("lr", *self.bounds),)

    def rates(self, point: Sequence[float]) -> tuple[float, ...]:
        (lr,) = point
        return (lr,) * self.n_choices

    def locate(self, rates: Sequence[float]) -> tuple[float, ...] | None:
        return (rates[0],) if _alike(rates, self.rates(rates[:1])) else None

    def options(self, point: Sequence[float]) -> dict[str, float]:
        return self.parameters(point)


@dataclass(frozen=True)
class LlrdSpace(Space):
    """The rate of heads and top layer, and the factor from each layer to the one below."""

    bounds: Bounds
    grouping: Grouping

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return Dimension("lr", *self.bounds), Dimension("decay", *_DECAYS, log=False)

    def rates(self, point: Sequence[float]) -> tuple[float, ...]:
        lr, decay = point
        return llrd_rates(lr, decay, self.grouping)

    def locate(self, rates: Sequence[float]) -> tuple[float, ...] | None:
        embeddings, head = rates[0], rates[-1]
        # Rounded, as the root of a power need not be the number that was raised to it.
        decay = round((embeddings / head) ** (1 / self.grouping.n_layers), 12)
        return (head, decay) if _alike(rates, self.rates((head, decay))) else None

    def options(self, point: Sequence[float]) -> dict[str, float]:
        return self.parameters(point)


def make_space(
    method: SearchedMethod, settings: SearchSettings, grouping: Grouping, hidden_size: int
) -> Space:
    """Return the space of a search on a backbone.

    Methods that tie the heads to the body keep to the body's bounds.

    Raises:
        UsageError: bounds that are no learning rates, or the wrong way round.
    """
    body = settings.body_bounds or default_body_bounds(hidden_size)
    _refuse_bad("body", body)
    match method:
        case "flat":
            return FlatSpace(body, grouping.n_choices)
        case "llrd":
            return LlrdSpace(body, grouping)
        case "profile":
            _refuse_bad("head", settings.head_bounds)
            return ProfileSpace((body,) * (grouping.n_choices - 1) + (settings.head_bounds,))


def default_body_bounds(hidden_size: int) -> Bounds:
    """Return the bounds of embeddings and encoder where the person named none."""
    return _SMALL_BODY_BOUNDS if is_small(hidden_size) else _BODY_BOUNDS


def is_small(hidden_size: int) -> bool:
    """Whether a backbone learns best at the higher rates of small ones."""
    return hidden_size < _BASE_SIZE


def _alike(rates: Sequence[float], others: Sequence[float]) -> bool:
    return len(rates) == len(others) and all(
        math.isclose(rate, other, rel_tol=_SAME) for rate, other in zip(rates, others, strict=True)
    )


def _refuse_bad(part: str, bounds: Bounds) -> None:
    low, high = bounds
    for rate in bounds:
        if not is_rate(rate):
            raise UsageError(
                f"{part} bound {rate:g} is no learning rate; it must be above 0 and at most 1"
            )
    if low > high:
        raise UsageError(
            f"{part} bounds {low:g}..{high:g} are the wrong way round; write the lower one first"
        )
