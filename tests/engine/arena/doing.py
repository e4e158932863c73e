"""Searches and runs as workers would do them, with accuracies that a test names."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from engine.arena.entrants import parse_entrants
from engine.arena.plan import TableSpec
from engine.spec import Protocol, RunSpec, SearchSettings, StudySpec
from engine.spec.run import SearchedMethod
from engine.store.connection import Store
from engine.store.measurements import (
    MeasurementRecord,
    Progress,
    StageRecord,
    record_progress,
    record_stages,
)
from engine.store.run_states import claim_run, create_run, finish_run
from engine.store.runs import Scores, trials_of
from engine.store.states import RunState
from engine.store.studies import create_study
from engine.store.workers import WorkerIdentity, end_worker, register_worker

PROTOCOL = Protocol(epochs=2, train_rows=100)
MODEL = "sample"
"""A backbone of six layers, so eight choices."""
CHOICES = 8
STEPS = 10
"""Of each stage."""
_NO_PROCESS = 2**30
"""Beyond every process id: these workers were never there."""
Matrix = Sequence[Sequence[float | None]]
"""Row i has the accuracies after stage i; None: not measured."""


def searched(
    store: Store,
    sequence: str,
    trials: Sequence[tuple[Mapping[str, float] | Sequence[float], float]],
    *,
    method: SearchedMethod = "profile",
    name: str = "",
    target: int | None = None,
    protocol: Protocol = PROTOCOL,
    data: str = "hub",
    model: str = MODEL,
    labels: Mapping[int, str] = {},
    first_lr: float | None = None,
) -> int:
    """Search: each trial is options or rates, and the p it gets; return the study's id.

    ``labels`` are those of warm starts, by number; ``first_lr``: the later stages are searched.
    """
    search = SearchSettings(trials=target or len(trials))
    if first_lr is not None:
        search = replace(search, searched_stages="later", first_lr=first_lr)
    spec = StudySpec(
        name=name or f"{sequence}-{method}",
        sequence=tuple(sequence.split(":")),
        data=data,
        model=model,
        method=method,
        protocol=protocol,
        search=search,
    )
    study_id = create_study(store, spec)
    for number, (point, p) in enumerate(trials):
        options = dict(point) if isinstance(point, Mapping) else None
        rates = (1e-5,) * CHOICES if isinstance(point, Mapping) else tuple(point)
        create_run(
            store,
            spec.trial(number, rates, options),
            learning_rates=rates,
            study_id=study_id,
            number=number,
            label=labels.get(number),
        )
        do(store, ((p / 2,), (p / 2, p / 2)))
    return study_id


def race(store: Store, study_id: int, number: int, *scores: float) -> None:
    """Run a trial of a search once more for each of these p, each time with another seed."""
    (trial,) = trials_of(store, study_id, [number])
    for seed, p in enumerate(scores, start=2000):
        spec = replace(trial.spec, seed=seed)
        create_run(store, spec, study_id=study_id, races=trial.id, label="again")
        do(store, ((p / 2,), (p / 2, p / 2)))


def do(store: Store, matrix: Matrix, *, state: RunState = "complete", reason: str = "") -> int:
    """Do the oldest queued run; return its id. ``matrix`` is measured on every split."""
    worker = _worker(store)
    run = claim_run(store, worker, threads=1)
    assert run is not None
    stages = [
        StageRecord(
            stage=index, task=f"task {index}", first_step=first, last_step=first + STEPS, epochs=2
        )
        for index in range(len(matrix))
        for first in [index * STEPS]
    ]
    record_stages(store, run.id, worker, stages)
    measured = [
        MeasurementRecord(
            step=(stage + 1) * STEPS, stage=stage, task=task, split=split, accuracy=accuracy
        )
        for stage, row in enumerate(matrix)
        for task, accuracy in enumerate(row)
        for split in ("search", "validation")
        if accuracy is not None
    ]
    steps = len(matrix) * STEPS
    record_progress(store, run.id, worker, Progress(step=steps, steps=steps), measured)
    scores = None
    if state == "complete":
        *earlier, last = (value for value in matrix[-1] if value is not None)
        scores = Scores(p_o=sum(earlier) / len(earlier) if earlier else 0.0, p_s=last)
    finish_run(store, run.id, worker, state=state, reason=reason or None, scores=scores)
    end_worker(store, worker)
    return run.id


def table_spec(
    entrants: str, sequences: str = "sst2:mrpc", *, seeds: int = 2, protocol: Protocol = PROTOCOL
) -> TableSpec:
    return TableSpec(
        sequences=tuple(tuple(sequence.split(":")) for sequence in sequences.split()),
        entrants=parse_entrants(entrants),
        seeds=tuple(range(1000, 1000 + seeds)),
        data="hub",
        model=MODEL,
        protocol=protocol,
    )


def flat_spec(seed: int, lr: float = 2e-5, sequence: str = "sst2:mrpc") -> RunSpec:
    return RunSpec(
        sequence=tuple(sequence.split(":")),
        data="hub",
        model=MODEL,
        method="flat",
        options={"lr": lr},
        protocol=PROTOCOL,
        seed=seed,
    )


def rates(lr: float) -> tuple[float, ...]:
    return (lr,) * CHOICES


def _worker(store: Store) -> int:
    identity = WorkerIdentity(host="nowhere", pid=_NO_PROCESS, process_start=1.0)
    return register_worker(store, identity, device="cpu", threads=1, log_file=None)
