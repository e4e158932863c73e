"""What may stand for a learning rate."""

from collections.abc import Sequence

from engine.profiles.grouping import Grouping


def fault_in_rates(rates: Sequence[float], grouping: Grouping) -> str | None:
    """Say what keeps these rates from being a profile of that grouping; None: nothing."""
    if len(rates) != grouping.n_choices:
        return f"{len(rates)} learning rates for {grouping.n_choices} choices; give one per choice"
    for label, rate in zip(grouping.labels(), rates, strict=True):
        if not is_rate(rate):
            return f"learning rate {rate} for {label}; it must be above 0 and at most 1"
    return None


def is_rate(number: float) -> bool:
    """Whether the number is a usable learning rate: in (0, 1], so neither NaN nor infinite."""
    return 0.0 < number <= 1.0
