"""Where a search looks, and begins: numbers with bounds, the rates they stand for, start points.

Start points matter more than the sampler.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from msgspec import Struct

from engine.errors import UsageError
from engine.profiles.authors import published_profile
from engine.profiles.grouping import Grouping
from engine.profiles.profile import is_rate, llrd_rates, transfer_rates
from engine.spec import StudySpec
from engine.spec.run import SearchedMethod
from engine.spec.search import BEST_OF, CLIPPED, Bounds, SearchSettings

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


_FLAT_RATES = (5e-6, 1e-5, 2e-5, 5e-5, 1e-4)
_FIRST_DECAYS = (0.9, 0.8)
_BASE_RATE = 5e-5
_SMALL_BASE_RATE = 1e-4
_AUTHORS_RATE = 1e-5
"""Trial 0 of the authors' published code: the middle of their space."""


class WarmStart(Struct, frozen=True):
    """A profile with the name under which people know it."""

    label: str
    learning_rates: tuple[float, ...]


def warm_starts(
    spec: StudySpec,
    space: Space,
    grouping: Grouping,
    hidden_size: int,
    earlier: Mapping[str, Sequence[float]] | None = None,
) -> tuple[WarmStart, ...]:
    """Return the study's first trials, in the order in which they are tried.

    Flat profiles alternate with the others, the likely best of both first, so that a short search
    too has its baseline and something to hold against it. What has no place in the space is left
    out: a study begins with what its own method can reach, whichever method found it.

    Args:
        spec: the study.
        space: what the rates are clipped to; the label says so where that changed something.
        grouping: of the study's backbone.
        hidden_size: of the study's backbone.
        earlier: by name of the study, the best rates of earlier ones on this backbone and grouping.
    """
    if not spec.search.warm_starts:
        authors = [_flat(_AUTHORS_RATE, grouping)]
        return tuple(_placed(authors if spec.protocol.preset == "original-code" else [], space))
    base = _SMALL_BASE_RATE if is_small(hidden_size) else _BASE_RATE
    nearest_first = sorted(_FLAT_RATES, key=lambda rate: abs(math.log(rate / base)))
    flat = [_flat(rate, grouping) for rate in nearest_first]
    shaped = [
        *(WarmStart(f"{BEST_OF}{name}", tuple(rates)) for name, rates in (earlier or {}).items()),
        # It was searched for all stages.
        *([] if spec.first_lr is not None else [_published(grouping)]),
        *(_llrd(base, decay, grouping) for decay in _FIRST_DECAYS),
        *_head_only(space),
    ]
    alternating = chain.from_iterable(zip_longest(_placed(flat, space), _placed(shaped, space)))
    return _distinct(start for start in alternating if start is not None)


def _flat(rate: float, grouping: Grouping) -> WarmStart:
    return WarmStart(f"flat {_short(rate)}", (rate,) * grouping.n_choices)


def _llrd(base: float, decay: float, grouping: Grouping) -> WarmStart:
    return WarmStart(f"llrd {decay:g}", llrd_rates(base, decay, grouping))


def _published(grouping: Grouping) -> WarmStart:
    profile = published_profile()
    rates = transfer_rates(profile.learning_rates, profile.grouping, grouping)
    return WarmStart("published", rates)


def _head_only(space: Space) -> Iterator[WarmStart]:
    if isinstance(space, ProfileSpace):
        *body, head = space.bounds
        yield WarmStart("head only", (*(low for low, _ in body), head[1]))


def _placed(starts: Iterable[WarmStart], space: Space) -> Iterator[WarmStart]:
    """Yield those that have a place in the space, moved to its bounds where they lie outside."""
    for start in starts:
        point = space.locate(start.learning_rates)
        if point is not None:
            clipped = space.clip(point)
            label = start.label if clipped == point else f"{start.label}{CLIPPED}"
            yield WarmStart(label, space.rates(clipped))


def _distinct(starts: Iterable[WarmStart]) -> tuple[WarmStart, ...]:
    distinct: dict[tuple[str, ...], WarmStart] = {}
    for start in starts:
        # Rates that differ in the seventh digit are one profile that took two ways here.
        distinct.setdefault(tuple(f"{rate:.6g}" for rate in start.learning_rates), start)
    return tuple(distinct.values())


def _short(rate: float) -> str:
    mantissa, exponent = f"{rate:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"
