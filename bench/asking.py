"""What one more trial costs a search that has many: python -m bench.asking [TRIALS ...]

Proposing, queueing, claiming, ending and telling a trial, as a worker does around its learning, in
searches of a tiny backbone with 10 to 100,000 trials. Rounds alternate between the searches; told
are the median and the range of the processor's time, and what the first took, as a worker opens the
search for it.
"""

import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from threading import Event

import msgspec
import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from sqlalchemy import MetaData, create_engine, insert

from bench.figures import Figure, over_rounds, table
from engine.learning.backbone import backbone_shape
from engine.profiles.grouping import make_grouping
from engine.search.spaces import make_space
from engine.search.storage import quieten
from engine.spec import SearchSettings, StudySpec
from engine.store.connection import open_store
from engine.store.run_states import claim_run, finish_run
from engine.store.runs import Scores, get_run
from engine.store.schema import run
from engine.store.studies import create_study
from engine.store.workers import WorkerIdentity, register_worker
from engine.work.patience import Patience
from engine.work.searches import Searches
from tests.tiny import tiny_backbone

SIZES = (10, 1_000, 10_000, 100_000)
ROUNDS = 15
CHUNK = 2_000
DEVICES = ("auto", "cpu")


class Asked:
    """A search with many trials, and the worker that asks for more."""

    def __init__(self, path: Path, backbone: Path, trials: int) -> None:
        self.spec = StudySpec(
            name="many",
            sequence=("a", "b"),
            data="none",
            model=str(backbone),
            search=SearchSettings(trials=trials + 10 * ROUNDS, warm_starts=False),
        )
        self.store = open_store(str(path))
        self.study_id = create_study(self.store, self.spec)
        self._fill(trials)
        identity = WorkerIdentity(host="here", pid=1, process_start=1.0)
        self.worker = register_worker(self.store, identity, device="cpu", threads=1, log_file=None)
        self.searches = Searches(self.store, self.worker, Patience(Event()), DEVICES)

    def one_more(self) -> float:
        """Take a trial from its proposal to its end; return the seconds of the processor."""
        began = time.process_time()
        assert self.searches.propose_trial()
        claimed = claim_run(self.store, self.worker, threads=1, devices=DEVICES)
        assert claimed is not None
        scores = Scores(p_o=random.random(), p_s=0.5)
        finish_run(self.store, claimed.id, self.worker, state="complete", scores=scores)
        self.searches.tell(get_run(self.store, claimed.id))
        return time.process_time() - began

    def _fill(self, trials: int) -> None:
        """Write trials that are complete, for us and for Optuna."""
        shape = backbone_shape(self.spec.model)
        grouping = make_grouping("paper", shape.n_layers)
        space = make_space("profile", self.spec.search, grouping, shape.hidden_size)
        names = space.distributions()
        optuna.create_study(storage=self.store.url, study_name=self.spec.name, direction="maximize")
        engine = create_engine(self.store.url)
        known = MetaData()
        known.reflect(engine)
        draw = random.Random(trials)
        for first in range(0, trials, CHUNK):
            numbers = range(first, min(trials, first + CHUNK))
            rates = {n: [10 ** draw.uniform(-7, -4) for _ in names] for n in numbers}
            scores = {n: draw.uniform(0.5, 1.0) for n in numbers}
            with self.store.writing() as connection:
                connection.execute(
                    insert(run), [self._run(n, rates[n], scores[n]) for n in numbers]
                )
            with engine.begin() as connection:
                for table, rows in _optunas(names, rates, scores).items():
                    connection.execute(insert(known.tables[table]), rows)
        engine.dispose()

    def _run(self, number: int, rates: list[float], score: float) -> dict[str, object]:
        spec = self.spec.trial(number, tuple(rates))
        return {
            "study_id": self.study_id,
            "number": number,
            "sequence": "a:b",
            "method": spec.method,
            "seed": spec.seed,
            "spec": msgspec.json.encode(spec).decode(),
            "learning_rates": msgspec.json.encode(rates).decode(),
            "state": "complete",
            "desired": "running",
            "attempts": 0,
            "step": 10,
            "steps": 10,
            "created_at": float(number),
            "finished_at": float(number),
            "busy_seconds": 1.0,
            "p": 0.5 + score,
            "p_o": score,
            "p_s": 0.5,
        }


def _optunas(
    names: Mapping[str, BaseDistribution],
    rates: Mapping[int, list[float]],
    scores: Mapping[int, float],
) -> dict[str, list[dict[str, object]]]:
    """Return the rows of Optuna's tables for trials of these rates and scores, by number."""
    then = datetime(2026, 1, 1)
    whole = {
        "study_id": 1,
        "state": "COMPLETE",
        "datetime_start": then,
        "datetime_complete": then,
    }
    return {
        "trials": [{"trial_id": n + 1, "number": n, **whole} for n in rates],
        "trial_values": [
            {"trial_id": n + 1, "objective": 0, "value": 0.5 + score, "value_type": "FINITE"}
            for n, score in scores.items()
        ],
        "trial_params": [
            {
                "trial_id": n + 1,
                "param_name": name,
                "param_value": rate,
                "distribution_json": distribution_to_json(names[name]),
            }
            for n, given in rates.items()
            for name, rate in zip(names, given, strict=True)
        ],
    }


def measure(*, quick: bool = False, sizes: Sequence[int] = SIZES) -> list[Figure]:
    """Make the searches, and ask all of them in turn."""
    sizes, rounds = ((10,), 1) if quick else (sizes, ROUNDS)
    quieten()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        backbone = tiny_backbone(folder / "backbone")
        asked = {size: Asked(folder / f"{size}.db", backbone, size) for size in sizes}
        opened = {size: each.one_more() for size, each in asked.items()}
        taken: dict[int, list[float]] = {size: [] for size in sizes}
        for _ in range(rounds):
            for size, each in asked.items():
                taken[size].append(1e3 * each.one_more())
    return [
        figure
        for size, ms in taken.items()
        for figure in (
            over_rounds(f"{size:,} trials", "one more, ms", ms),
            over_rounds(f"{size:,} trials", "the first, s", [opened[size]]),
        )
    ]


if __name__ == "__main__":
    print(table(measure(sizes=[int(word) for word in sys.argv[1:]] or SIZES)))
