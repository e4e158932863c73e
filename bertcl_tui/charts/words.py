"""Words and numbers in columns of a terminal, of which an ideograph or an emoji takes two."""

from typing import Final

from rich.cells import cell_len as width_of
from rich.cells import set_cell_size

__all__ = ["cut", "decimal", "fill", "fill_before", "width_of"]

_CUT: Final = "…"


def cut(text: str, columns: int) -> str:
    """Return a text that takes at most so many columns, with a mark where something is missing."""
    if width_of(text) <= columns:
        return text
    return f"{set_cell_size(text, columns - 1)}{_CUT}" if columns > 0 else ""


def fill(text: str, columns: int) -> str:
    """Return a text with blanks behind it, so that it takes at least so many columns."""
    return text + " " * (columns - width_of(text))


def fill_before(text: str, columns: int) -> str:
    """Return a text with blanks before it, so that it takes at least so many columns."""
    return " " * (columns - width_of(text)) + text


def decimal(value: float, *, plus: bool = False) -> str:
    """Write a number with three decimals, and a sign below 0 that is as wide as a digit.

    What rounds to 0 is not below it; ``plus``: what is not has a sign too.
    """
    written = f"{value:+z.3f}" if plus else f"{value:z.3f}"
    return written.replace("-", "−")
