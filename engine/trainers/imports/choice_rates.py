"""From the rate of every parameter, however a trainer came to it, to one per choice."""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Final

from msgspec import Struct

from engine.errors import UsageError, shown
from engine.profiles import Grouping, make_grouping
from engine.profiles.parameters import find_places
from engine.profiles.profile import short_rate

_SAME: Final = 1e-9
"""Relative difference between rates that were written with another number of digits."""


class ChoiceRates(Struct, frozen=True, kw_only=True):
    """Rates of a profile that were read from elsewhere."""

    grouping: Grouping
    learning_rates: tuple[float, ...]
    notes: tuple[str, ...] = ()
    """What is other than in the file, a line each."""


def rates_of_choices(
    names: Sequence[str],
    rate_of: Callable[[str], float | None],
    preset: str,
    *,
    heads: float | None = None,
    head_names: Collection[str] = (),
) -> ChoiceRates:
    """Return one rate per choice: the geometric mean of its layers', where these differ.

    Args:
        names: of all parameters, in the order of registration.
        rate_of: the rate of a parameter; None: nothing says it, and the others decide.
        preset: how the layers are grouped.
        heads: their rate, where the model has none yet.
        head_names: names of the model's own head modules, besides ``classifier`` and the like.

    Raises:
        UsageError: the parts of one layer have several rates, or nothing says that of one.
    """
    places = find_places(names, head_names)
    grouping = make_grouping(preset, places.n_layers)
    found: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for name, depth in places.depths.items():
        if (rate := rate_of(name)) is not None:
            found[depth][name] = rate
    depths = {depth: _only_rate(depth, rates, grouping) for depth, rates in found.items()}
    notes: list[str] = []
    if grouping.n_layers + 1 not in depths:
        depths[grouping.n_layers + 1], note = _without_heads(depths, heads, grouping)
        notes += note
    _refuse_missing(depths, grouping)
    return _grouped(depths, grouping, notes)


def _only_rate(depth: int, rates: dict[str, float], grouping: Grouping) -> float:
    (one, rate), *others = rates.items()
    for other, another in others:
        if not math.isclose(rate, another, rel_tol=_SAME):
            raise UsageError(
                f"{_called(depth, grouping)} has several rates, such as {short_rate(rate)} for "
                f"'{shown(one)}' and {short_rate(another)} for '{shown(other)}'; a profile has one"
            )
    return rate


def _without_heads(
    depths: dict[int, float], heads: float | None, grouping: Grouping
) -> tuple[float, list[str]]:
    """Return the rate of heads that the model has not, and what is to be said of it."""
    if heads is not None:
        return heads, []
    last = depths.get(grouping.n_layers)
    if last is None:
        raise UsageError(f"nothing says the rate of {_called(grouping.n_layers, grouping)}; add it")
    return last, ["nothing says the rate of the heads: they have that of the last layer"]


def _refuse_missing(depths: dict[int, float], grouping: Grouping) -> None:
    for depth in range(grouping.n_layers + 2):
        if depth not in depths:
            raise UsageError(f"nothing says the rate of {_called(depth, grouping)}; add it")


def _grouped(depths: dict[int, float], grouping: Grouping, notes: list[str]) -> ChoiceRates:
    encoder: list[float] = []
    for label, layers in zip(grouping.labels()[1:], grouping.layers, strict=False):
        rates = [depths[layer] for layer in layers]
        alike = all(math.isclose(rate, rates[0], rel_tol=_SAME) for rate in rates)
        encoder.append(
            rates[0] if alike else math.exp(math.fsum(map(math.log, rates)) / len(rates))
        )
        if not alike:
            notes.append(f"{label} had rates of their own: their geometric mean is taken")
    return ChoiceRates(
        grouping=grouping,
        learning_rates=(depths[0], *encoder, depths[grouping.n_layers + 1]),
        notes=tuple(notes),
    )


def _called(depth: int, grouping: Grouping) -> str:
    if depth == 0:
        return "the embeddings"
    return "the heads" if depth > grouping.n_layers else f"layer {depth}"
