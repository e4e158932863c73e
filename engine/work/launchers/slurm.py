"""Workers as an array of Slurm jobs, submitted by submitit; Slurm is all that watches over them.

A worker ends when nothing is left to do. Where Slurm wants its machine back, or its time is over
(``SIGUSR2``), it gives its run back with a checkpoint, and its job is queued anew. Where somebody
cancels the job (``SIGTERM``) it gives its run back, and that is all.
"""

import shlex
import shutil
import signal
import sys
from contextlib import closing, redirect_stderr
from io import StringIO
from threading import Event
from types import FrameType
from typing import Final

import submitit
from submitit.core.utils import FailedJobError, FailedSubmissionError
from submitit.helpers import Checkpointable

from engine.errors import UsageError, first_line, shown
from engine.places.named import named_places
from engine.store.connection import Store, open_store
from engine.store.servers import EXAMPLE
from engine.work.launchers.asked import Asked, Say, workers_missing
from engine.work.launchers.placed import PlacedWorker
from engine.work.supervisor import WorkerSettings

USUAL_SECONDS: Final = 12 * 3600.0
_MOST_TIMEOUTS: Final = 1000
"""How often a worker is queued anew whose time was over."""
_WARNED: Final = signal.SIGUSR2
"""What submitit lets Slurm send before it ends a job."""
_HOLDING: Final = """
trap "" USR2
env --block-signal=USR2 true 2>/dev/null && exec env --block-signal=USR2 "$0" "$@"
exec "$0" "$@"
"""
"""Begins a job's Python so that a warning waits until the worker listens, and ends nothing before.

Where ``env`` is older than coreutils 8.31, such a warning is passed over.
"""


def launch(asked: Asked, say: Say) -> None:
    """Submit as many workers as there is something to do for, and leave them to Slurm.

    Raises:
        UsageError: there is no Slurm here, it refuses them, or they would not share the store.
    """
    if shutil.which("sbatch") is None or shutil.which("srun") is None:
        raise UsageError("no Slurm here: sbatch is not found; run this where jobs are submitted")
    asked = asked.settled(gpus_there=True)
    if asked.gpus not in {0, 1}:
        raise UsageError(
            f"Slurm gives whole GPUs, not {asked.gpus:g} of one; use --gpus-per-worker 1, and "
            "--stack for several trials at once"
        )
    with closing(open_store(asked.settings.store, create=False)) as store:
        if store.path is not None:
            raise UsageError(
                f"{shown(store.path)} is a file of one machine, and Slurm has many; use a server: "
                f"--store {EXAMPLE}"
            )
        number = workers_missing(store, asked, (), 0)
        if number <= 0:
            say("no worker is missing: nothing is queued that others are not at")
            return
        jobs = submit(store, asked, number)
    first = str(jobs[0].job_id).partition("_")[0]
    workers = "1 worker" if number == 1 else f"{number} workers"
    say(f"{workers} with {asked.each} each, as job {first}; squeue --job {first}, scancel {first}")


def submit(store: Store, asked: Asked, number: int) -> "list[submitit.Job[None]]":
    """Submit so many workers, as jobs whose files lie beside the store's.

    Raises:
        UsageError: they are refused.
    """
    folder = store.folder / "slurm"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # the jobs' files have the store's password
    executor = submitit.AutoExecutor(
        folder,
        cluster="slurm",
        slurm_max_num_timeout=_MOST_TIMEOUTS,
        slurm_python=shlex.join(["sh", "-c", _HOLDING.strip(), sys.executable]),
    )
    executor.update_parameters(
        name="bertcl-tui",
        timeout_min=int((asked.time or USUAL_SECONDS) / 60) or 1,
        cpus_per_task=asked.cpus,
        gpus_per_node=int(asked.gpus or 0),
        slurm_partition=asked.partition,
        slurm_array_parallelism=number,
    )
    worker = SlurmWorker(asked.settings)
    try:
        # What sbatch complains of, submitit prints and raises.
        with redirect_stderr(StringIO()), executor.batch():
            return [executor.submit(worker) for _ in range(number)]
    except (FailedJobError, FailedSubmissionError) as error:
        refused = f"Slurm refused the workers: {shown(first_line(error))}"
        way_out = "; --gpus-per-worker 0 asks for none" if "(gres)" in refused else ""
        raise UsageError(refused + way_out) from None


class SlurmWorker(Checkpointable):
    """A worker in a job. What it remembers is in the store, so that its job begins as it did."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._places = named_places()

    def __call__(self) -> None:
        """Work until there is nothing to do, or until Slurm says that this job ends soon.

        Raises:
            EngineError: it cannot.
        """
        warned, ending = Event(), Event()

        def give_back(signum: int, _: FrameType | None) -> None:
            if signum == _WARNED:
                warned.set()
            ending.set()

        queue_anew = signal.signal(_WARNED, give_back)
        signal.signal(signal.SIGTERM, give_back)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {_WARNED})
        if not ending.is_set():
            worker = PlacedWorker(self._settings, self._places)
            worker.begin()
            worker.work(ending)
        if warned.is_set() and callable(queue_anew):
            queue_anew(_WARNED, None)
