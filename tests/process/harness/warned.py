"""``python -m tests.process.harness.warned STORE``: a job that Slurm warns while it loads a worker.

It is as submitit runs one: it passes SIGTERM over, and queues itself anew on SIGUSR2. Whatever is
loaded by now, what a worker is made of is looked for again.
"""

import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType

from engine.work.launchers.slurm import SlurmWorker
from engine.work.supervisor import WorkerSettings

_LOADED_LAST = "engine.work.worker"


class Warned:
    """Comes as the worker is looked for, once."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """Find nothing; warn where it is time."""
        del path, target
        if name == _LOADED_LAST:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGUSR2)


def main() -> None:
    """Work for the store, and be warned meanwhile."""
    sys.modules.pop(_LOADED_LAST, None)
    sys.meta_path.insert(0, Warned())
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGUSR2, lambda *_: print("queued anew"))
    SlurmWorker(WorkerSettings(store=sys.argv[1], device="cpu", until_idle=True))()


if __name__ == "__main__":
    main()
