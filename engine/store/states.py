"""The states of a run, and the ways from one to the next. Light: the screen reads it.

::

                 claim            finish
    ──▶ queued ─────────▶ running ──────▶ complete, pruned, collapsed, stopped, failed
          ▲      release │    ▲ │ its worker is lost        │
          │              ▼    │ ▼                           │ (but for complete)
          │           paused ─┴─ orphaned                   │
          └─────────────────────────────────────────────────┘ retry

An orphaned run is one that the store has as running and whose worker is lost. What people want of
a run (``Desired``) stands beside its state: its worker reads it at least every two seconds, and
releases or finishes the run. Where no worker holds it, whoever looks next does what is desired:
``stop`` and ``pause`` in the table. The SQL of every transition is in ``engine.store.run_states``.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

RunState = Literal[
    "queued", "running", "paused", "complete", "pruned", "collapsed", "stopped", "failed"
]
"""As the store has it."""
Desired = Literal["running", "paused", "stopped"]
"""What a person wants of a run, a study or a worker."""

ENDED: Final = ("complete", "pruned", "collapsed", "stopped", "failed")
UNFINISHED: Final = ("queued", "running", "paused")
OVER: Final = ("complete", "pruned", "collapsed")
"""Ended for good, so that no checkpoint is wanted: a stopped or failed run may be once more."""
RETRIED: Final = ("pruned", "collapsed", "stopped", "failed")
"""States that a run can be taken out of, to be run once more."""


class Transition(NamedTuple):
    """A way from some states to others."""

    sources: tuple[RunState | Literal["orphaned"], ...]
    targets: tuple[RunState, ...]


TRANSITIONS: Final[Mapping[str, Transition]] = {
    # a worker takes a run that is to go on, and holds it
    "claim": Transition(("queued", "paused", "orphaned"), ("running",)),
    # its worker gives it back with a checkpoint
    "release": Transition(("running",), ("paused", "queued")),
    # its worker is done with it
    "finish": Transition(("running",), ENDED),
    # nobody holds it, and it is to stop or to rest
    "stop": Transition(("queued", "paused", "orphaned"), ("stopped",)),
    "pause": Transition(("orphaned",), ("paused",)),
    # a person wants it once more, from its first step
    "retry": Transition(RETRIED, ("queued",)),
}

LOST_AFTER: Final = 15.0
"""Seconds without a heartbeat after which a worker no longer holds its run."""
STALLED_AFTER: Final = 120.0
"""Seconds without a step after which a living run is called stalled."""
ENDED_EARLY: Final = "ended early: "
"""How the reason of a study begins that has fewer trials than were asked for, and wants no more."""
SET_ASIDE: Final = "set aside: "
"""How the reason begins of a study or run that waits for something, then for a person to resume it.
"""
UNDO_SECONDS: Final = 60.0
"""How long a study that was deleted can be had back."""
IDLE_SECONDS: Final = 120.0
"""How long a worker stays warm with nothing to do."""
