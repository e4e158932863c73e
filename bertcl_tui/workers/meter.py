"""A bar that is as full as something is."""

from typing import Final

from rich.text import Text

from bertcl_tui.style.looks import Looks

_EIGHTHS: Final = "▏▎▍▌▋▊▉█"


def meter(share: float | None, columns: int, looks: Looks) -> Text:
    """Draw a share of 1; None is not known, and empty."""
    filled = round(min(max(share or 0.0, 0.0), 1.0) * columns * len(_EIGHTHS))
    whole, rest = divmod(filled, len(_EIGHTHS))
    bar = "█" * whole + (_EIGHTHS[rest - 1] if rest else "")
    text = Text(bar, style=looks.good)
    text.append("·" * (columns - len(bar)), style=looks.palette.faint)
    return text
