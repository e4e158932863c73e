"""What waits, in lines."""

from typing import ClassVar

from rich.text import Text

from bertcl_tui.style.looks import Looks
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.row_table import RowTable
from bertcl_tui.workers.waiting import Waiting


class WaitingTable(RowTable[Waiting]):
    """Shows studies and the arena; enter opens them."""

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(key="name", label="what", width=16, stretch=True),
        Column(key="waits", label="runs", width=20),
        Column(key="why", label="why", width=24, stretch=True, since=66),
    )

    GAP = 1

    class Opened(RowTable.Opened):
        """The one under the cursor was opened."""

    def key(self, item: Waiting) -> int:
        return item.study_id or 0

    def cells(self, item: Waiting, looks: Looks) -> dict[str, Text]:
        return {
            "name": Text(item.name),
            "waits": Text(item.waits),
            "why": Text(item.why, style=looks.muted),
        }
