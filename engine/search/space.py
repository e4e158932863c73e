"""Where learning rates are looked for."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from engine.errors import UsageError
from engine.profiles.rates import is_rate
from engine.spec.search import Bounds, SearchSettings

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_BASE_SIZE = 512
"""Hidden size from which a backbone counts as base-size: it stands lower rates than a small one."""
_BODY_BOUNDS: Bounds = (1e-7, 1e-4)
_SMALL_BODY_BOUNDS: Bounds = (1e-7, 1e-3)


class Space(Struct, frozen=True):
    """Lowest and highest learning rate of every choice; between them, rates are log-uniform."""

    bounds: tuple[Bounds, ...]

    def names(self) -> tuple[str, ...]:
        """Name the choices for Optuna and for filters: ``lr0``, ``lr1`` and so on."""
        return tuple(f"lr{choice}" for choice in range(len(self.bounds)))

    def distributions(self) -> dict[str, "BaseDistribution"]:
        """Return the space in Optuna's words."""
        from optuna.distributions import FloatDistribution

        return {
            name: FloatDistribution(low, high, log=True)
            for name, (low, high) in zip(self.names(), self.bounds, strict=True)
        }

    def clip(self, rates: Sequence[float]) -> tuple[float, ...]:
        """Return the rates, each moved to the nearest bound where it lies outside."""
        return tuple(
            min(max(rate, low), high) for rate, (low, high) in zip(rates, self.bounds, strict=True)
        )

    def parameters(self, rates: Sequence[float]) -> dict[str, float]:
        """Name the rates as Optuna does."""
        return dict(zip(self.names(), rates, strict=True))

    def rates(self, parameters: Mapping[str, float]) -> tuple[float, ...] | None:
        """Return the rates of these parameters by choice; None: not every choice has one."""
        if not parameters.keys() >= set(self.names()):
            return None
        return tuple(float(parameters[name]) for name in self.names())


def make_space(settings: SearchSettings, n_choices: int, hidden_size: int) -> Space:
    """Return the space of a search on a backbone; the last choice is the heads.

    Raises:
        UsageError: bounds that are no learning rates, or the wrong way round.
    """
    body = settings.body_bounds or default_body_bounds(hidden_size)
    _refuse_bad("body", body)
    _refuse_bad("head", settings.head_bounds)
    return Space((body,) * (n_choices - 1) + (settings.head_bounds,))


def default_body_bounds(hidden_size: int) -> Bounds:
    """Return the bounds of embeddings and encoder where the person named none."""
    return _SMALL_BODY_BOUNDS if is_small(hidden_size) else _BODY_BOUNDS


def is_small(hidden_size: int) -> bool:
    """Whether a backbone learns best at the higher rates of small ones."""
    return hidden_size < _BASE_SIZE


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
