"""How many workers a store keeps up with, from 1 to 16: python -m bench.cluster [--quick]

Each worker is a process with the worker's own loop, on a search of a tiny backbone. Only learning
is left out: a trial takes one second, in which nothing is done, or none at all. Told is what is
between two trials of a worker: ending one, telling the sampler, proposing, queueing and claiming
the next, with all that it waits for others in that; and how many trials all ended in a second.
It counts from when all have begun, lest it be about how long processes take to start; for the same
reason what a worker loads once in its life, when it first weighs the choices, is loaded before.

All processes are on one machine, and so is the server, whose files are not forced to the disk.
"""

import json
import logging
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from msgspec import Struct

from bench.figures import Figure, cell, over_rounds, table
from engine.search.storage import quieten
from engine.spec import SearchSettings, StudySpec
from engine.store.connection import open_store
from engine.store.run_states import finish_run
from engine.store.runs import RunRecord, Scores
from engine.store.studies import create_study
from engine.work import worker
from engine.work.learning import Outcome, WorkerContext
from engine.work.supervisor import WorkerSettings
from tests.postgres import postgres_server
from tests.tiny import tiny_backbone

TRIALS = 11
"""Of each worker; the first, for which it opens the search, does not count."""
STARTING_SECONDS = 600
"""Within which all have begun, or the bench has failed."""
CASES = ((1.0, 1), (1.0, 2), (1.0, 4), (1.0, 8), (1.0, 16), (0.0, 1), (0.0, 16))
"""How long a trial takes, and how many workers there are."""


class Trial(Struct, frozen=True):
    """When a worker had learnt a trial, and what was between it and the one before, in seconds."""

    ended: float
    between: float


class Idle:
    """Stands for learning in one process, and writes down when it did.

    Args:
        seconds: that a trial takes.
        begun: where the first trial waits for those of all other workers.
    """

    def __init__(self, seconds: float, begun: Barrier) -> None:
        self._seconds = seconds
        self._begun = begun
        self._ended: float | None = None
        self.trials: list[Trial] = []

    def execute(self, context: WorkerContext, run: RunRecord, judges: object) -> Outcome:  # noqa: ARG002
        """End a run with any scores, as ``execution.execute`` does with those of its learning."""
        began = time.perf_counter()
        if self._ended is None:
            self._begun.wait(STARTING_SECONDS)
        time.sleep(self._seconds)
        ended = time.perf_counter()
        if self._ended is not None:
            self.trials.append(Trial(ended, began - self._ended))
        self._ended = ended
        scores = Scores(p_o=random.random(), p_s=random.random())
        finish_run(context.store, run.id, context.worker_id, state="complete", scores=scores)
        return Outcome("complete", scores=scores)


def work(url: str, seconds: float, into: Path, begun: Barrier) -> None:
    """Be a worker until the search has its trials."""
    logging.disable()
    random.seed(os.getpid())
    idle = Idle(seconds, begun)
    worker.execute = idle.execute  # type: ignore[attr-defined]
    worker.work(WorkerSettings(store=url, device="cpu", until_idle=True))
    found = [(each.ended, each.between) for each in idle.trials]
    into.write_text(json.dumps(found), encoding="utf-8")


def search(url: str, backbone: Path, workers: int, trials: int, seconds: float) -> list[Trial]:
    """Let so many workers do a search, and return its trials."""
    spec = StudySpec(
        name=f"{workers} workers, {seconds:g} s",
        sequence=("a", "b"),
        data="none",
        model=str(backbone),
        device="cpu",
        search=SearchSettings(
            trials=workers * trials,
            pruner="none",
            racing="off",
            when_flat="go-on",
            warm_starts=False,
        ),
    )
    with closing(open_store(url)) as store:
        create_study(store, spec)
    with TemporaryDirectory() as folder:
        files = [Path(folder) / str(number) for number in range(workers)]
        forking = get_context("fork")
        begun = forking.Barrier(workers)
        processes = [
            forking.Process(target=work, args=(url, seconds, file, begun)) for file in files
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        return [Trial(*each) for file in files for each in json.loads(file.read_text())]


@contextmanager
def stores(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the URL of an empty store of each kind that there can be here."""
    with ExitStack() as stack:
        urls = {"SQLite": str(folder / "cluster.db")}
        try:
            server = stack.enter_context(postgres_server())
            urls["PostgreSQL"] = stack.enter_context(server.new_database())
        except pytest.skip.Exception as why:
            print(f"without PostgreSQL: {why}", file=sys.stderr)
        yield urls


def figures_of(case: str, found: Sequence[Trial]) -> list[Figure]:
    """Return what was between trials, and how many there were in a second."""
    ended = sorted(each.ended for each in found)
    rate = (len(ended) - 1) / (ended[-1] - ended[0])
    return [
        over_rounds(case, "between trials, ms", [1e3 * each.between for each in found]),
        over_rounds(case, "trials/s", [rate]),
    ]


def measure(*, quick: bool = False) -> list[Figure]:
    """Search with each number of workers, on each kind of store."""
    cases, trials = (((0.0, 2),), 2) if quick else (CASES, TRIALS)
    quieten()
    import_module("optuna.importance")
    figures = []
    with (
        TemporaryDirectory() as name,
        pytest.MonkeyPatch.context() as patch,
        stores(Path(name)) as urls,
    ):
        patch.setenv("XDG_DATA_HOME", name)
        backbone = tiny_backbone(Path(name) / "backbone")
        for kind, url in urls.items():
            for seconds, workers in cases:
                case = f"{kind}, {seconds:g} s a trial, workers: {workers}"
                figures += figures_of(case, search(url, backbone, workers, trials, seconds))
                print(case, *map(cell, figures[-2:]), file=sys.stderr)
    return figures


if __name__ == "__main__":
    print(table(measure(quick="--quick" in sys.argv)))
