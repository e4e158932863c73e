"""Shares of a whole beside each other, as bars."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.colours import trial_ink
from bertcl_tui.charts.glyphs import bar
from bertcl_tui.charts.style import SERIES_GLYPHS, Palette, Sheet, Size, message, too_small
from bertcl_tui.charts.words import cut, width_of

_SMALLEST: Final = (18, 1)
_LABELS: Final = 0.4  # of the columns, at most, for names
_GAP: Final = 1
_NUMBER: Final = len("1.0")


class Share(Struct, frozen=True):
    """A choice or a trial, and its share, 0..1, of the whole."""

    label: str
    share: float
    slot: int | None = None
    """Colour and glyph of a trial that has them."""


def draw_shares(
    shares: Sequence[Share],
    size: Size,
    palette: Palette,
    *,
    empty: str = "needs a few complete trials",
    note: str = "",
) -> Text:
    """Draw one bar per share, the greatest first; the longest bar is as long as there is room.

    Where there are too few rows, the last says how many shares are hidden; where there are too
    many, it has the note.
    """
    if size[0] < _SMALLEST[0] or size[1] < _SMALLEST[1]:
        return too_small(size, _SMALLEST, palette)
    if not shares:
        return message(empty, size, palette.muted)
    ranked = sorted(shares, key=lambda share: -share.share)
    shown = ranked if len(ranked) <= size[1] else ranked[: max(1, size[1] - 1)]
    sheet = Sheet(size)
    glyphs = 1 + _GAP if any(share.slot is not None for share in shares) else 0
    label = glyphs + min(
        max(width_of(share.label) for share in shown), int(size[0] * _LABELS) - glyphs
    )
    width = size[0] - label - _NUMBER - 2 * _GAP
    greatest = ranked[0].share or 1.0
    for row, share in enumerate(shown):
        ink = palette.text
        if share.slot is not None:
            ink = trial_ink(share.slot, palette)
            sheet.write(0, row, SERIES_GLYPHS[share.slot], ink)
        sheet.write(glyphs, row, cut(share.label, label - glyphs), ink)
        sheet.write(label + _GAP, row, bar(share.share / greatest, width), palette.bar)
        sheet.write(size[0] - _NUMBER, row, _percentage(share.share), palette.text)
    if len(shown) < len(ranked):
        sheet.write(0, len(shown), f"… {len(ranked) - len(shown)} more", palette.muted)
    elif len(shown) < size[1] and len(note) <= size[0]:
        sheet.write(0, size[1] - 1, note, palette.muted)
    return sheet.to_text()


def _percentage(share: float) -> str:
    """Write a share as .41, or as 1.0."""
    two = f"{share:.2f}"
    return two[1:] if two.startswith("0") else two[:_NUMBER]
