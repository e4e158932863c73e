"""A column of a table."""

from typing import Literal

from msgspec import Struct


class Column(Struct, frozen=True, kw_only=True):
    """What stands above it, how wide it is, and by what it sorts."""

    key: str
    label: str
    width: int
    align: Literal["left", "right"] = "left"
    stretch: bool = False
    """Takes what room is left; ``width`` is its least."""
    since: int = 0
    """Shown from this width of the table on, until columns are chosen."""
    usual: bool = True
    """Shown until columns are chosen."""
    fixed: bool = False
    """Always shown, on the left."""
    title: str = ""
    """What it is, where columns are chosen."""
    sorts: str = ""
    """The field that it sorts by; empty: none."""
    rising: bool = False
    """Whether it sorts from the least on at first."""
