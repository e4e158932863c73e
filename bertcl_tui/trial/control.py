"""What can be asked of a run as it is."""

from typing import Final

from bertcl_tui.store.rows import RunFacts
from engine.store.states import ENDED, RETRIED

_WAITING: Final = ("queued", "lost")


def can_be_controlled(action: str, run: RunFacts | None) -> bool:
    """Whether an action means anything to a run; one that asks nothing of it always does."""
    if action not in {"pause_run", "resume_run", "stop_run", "retry"}:
        return True
    if run is None:
        return False
    goes_on = run.state not in ENDED
    wanted = run.desired == "running"
    return {
        "pause_run": goes_on and wanted,
        "resume_run": goes_on and (not wanted or run.state in _WAITING),
        "stop_run": goes_on and run.desired != "stopped",
        "retry": run.state in RETRIED and not run.imported,
    }[action]
