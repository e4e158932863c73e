"""``python -m tests.process.harness.reading STORE``: reads all that a screen shows, over and over.

On SIGTERM it says how often it did. It ends with 1 where something does not fit together.
"""

import signal
import sys
from threading import Event

from bertcl_tui.store.reader import Reader
from engine.errors import StorageError, UsageError

_PAUSE_SECONDS = 0.05


def main() -> int:
    """Read until told to end."""
    ending = Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    number = 0
    reader = Reader(sys.argv[1])
    while not ending.wait(_PAUSE_SECONDS):
        try:
            trouble = _read(reader)
        except (StorageError, UsageError):  # it is away, or the disk is full
            continue
        if trouble:
            sys.stdout.write(f"{trouble}\n")
            return 1
        number += 1
    sys.stdout.write(f"readings: {number}\n")
    return 0


def _read(reader: Reader) -> str | None:
    """Return what does not fit together."""
    reader.workers()
    reader.log.last(limit=50)
    for study in reader.studies():
        ids = reader.run_ids(study.id)
        for run in reader.curves(list(ids.values())):
            steps = [step for curve in run.curves for step in curve.steps]
            if steps and max(steps) > run.stages[-1].last_step:
                return f"run {run.run_id} was measured after its last step"
    return None


if __name__ == "__main__":
    sys.exit(main())
