"""The columns of studies."""

from typing import Final

from bertcl_tui.widgets.column import Column

_NEVER: Final = 10_000
"""Shown only where it is chosen."""
CLIMB_WIDTH: Final = 12
"""Columns of characters of the sparkline."""


def _number(key: str, label: str, width: int, title: str, since: int = 0) -> Column:
    return Column(
        key=key, label=label, width=width, align="right", title=title, since=since, sorts=key
    )


def _text(key: str, label: str, width: int, title: str, since: int = 0) -> Column:
    return Column(
        key=key, label=label, width=width, title=title, since=since, sorts=key, rising=True
    )


STUDY_COLUMNS: Final = (
    _text("state", "state", 10, "what becomes of it"),
    Column(
        key="name",
        label="study",
        width=16,
        cut="middle",
        title="name",
        sorts="name",
        rising=True,
        stretch=True,
    ),
    _text("sequence", "sequence", 16, "tasks, one after another", _NEVER),
    _text("model", "backbone", 18, "backbone", 136),
    _text("preset", "preset", 13, "protocol", _NEVER),
    _number("trials", "trials", 7, "trials done"),
    _number("pruned", "pruned", 7, "trials pruned", 100),
    _number("collapsed", "collapsed", 10, "trials collapsed", 110),
    _number("failed", "failed", 7, "trials failed", _NEVER),
    _number("p", "best p", 7, "best p"),
    _number("p_o", "p_o", 5, "kept of D_o by the best"),
    _number("p_s", "p_s", 5, "learnt of D_s by the best"),
    Column(
        key="climb", label="best so far", width=CLIMB_WIDTH, since=115, title="best p till then"
    ),
    _number("rate", "rate", 9, "steps per second", 125),
    Column(
        key="eta",
        label="ETA",
        width=7,
        since=90,
        align="right",
        title="until it ends",
        sorts="eta",
        rising=True,
    ),
    Column(
        key="created",
        label="created",
        width=16,
        since=_NEVER,
        title="when it was set up",
        sorts="created_at",
    ),
)
