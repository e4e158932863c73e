"""Rates worth trying before the sampler is asked: start points matter more than the sampler."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest

from msgspec import Struct

from engine.profiles.authors import published_profile
from engine.profiles.grouping import Grouping, llrd_rates
from engine.profiles.profile import transfer_rates
from engine.search.spaces import ProfileSpace, Space, is_small
from engine.spec import StudySpec
from engine.spec.search import BEST_OF, CLIPPED

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
