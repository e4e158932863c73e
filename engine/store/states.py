"""The states a run can be in, and what a person may want of it."""

from typing import Final, Literal

RunState = Literal[
    "queued", "running", "paused", "complete", "pruned", "collapsed", "stopped", "failed"
]
Desired = Literal["running", "paused", "stopped"]

ENDED: Final = ("complete", "pruned", "collapsed", "stopped", "failed")
UNFINISHED: Final = ("queued", "running", "paused")

LOST_AFTER: Final = 15.0
"""Seconds without a heartbeat after which a lease no longer holds."""
STALLED_AFTER: Final = 120.0
"""Seconds without a step after which a living run is called stalled."""
