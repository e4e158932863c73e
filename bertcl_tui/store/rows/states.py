"""What a study or a trial may be in, and what is measured of it."""

from typing import Literal

Split = Literal["retention", "search", "validation"]


StudyState = Literal[
    "queued", "running", "paused", "stalled", "lost", "complete", "stopped", "failed"
]
TrialState = Literal[
    "queued",
    "running",
    "paused",
    "stalled",
    "lost",
    "complete",
    "pruned",
    "collapsed",
    "stopped",
    "failed",
]
