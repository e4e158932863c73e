"""Learning rates as they stand in a row."""

import msgspec


def read_rates(text: str | None) -> tuple[float, ...]:
    """Return one rate per choice; none where the run was given none."""
    return msgspec.json.decode(text, type=tuple[float, ...]) if text else ()
