"""Lines in reverse, as a terminal's own colours have the cursor."""

from rich.segment import Segment
from textual.strip import Strip


def colourless(strip: Strip) -> Strip:
    """Return a strip without its colours, of which each would be another background in reverse."""
    return Strip(
        [Segment(text, style and style.without_color, control) for text, style, control in strip],
        strip.cell_length,
    )
