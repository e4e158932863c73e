"""What the arena asks of the app.

Nothing here does anything, and little is loaded: the app imports it before its first frame.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from bertcl_tui.arena.launching import Launched, TableRequest


@dataclass
class FillTable(Message):
    """A table is to be filled; some of its rows may wait for searches.

    Args:
        request: what the person asked for.
        launched: what could be queued at once, and which rows wait.
    """

    request: "TableRequest"
    launched: "Launched"
