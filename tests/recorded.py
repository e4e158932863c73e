"""A store as a search leaves it: real verbs, invented numbers, the same every time.

Three studies: ``rotten-tomatoes:privacy-qa`` goes on (30 ended trials, one held by a worker that is
this very process), ``sst2:mrpc`` is complete, ``qqp:mrpc`` is paused before its first trial.
"""

import math
import random
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar, get_args

from engine.spec import Protocol, SearchSettings, StudySpec
from engine.spec.search import Evaluator
from engine.store.connection import Store, open_store
from engine.store.importance import ImportanceRecord, keep_importance
from engine.store.measurements import (
    MeasurementRecord,
    Progress,
    StageRecord,
    record_progress,
    record_stages,
)
from engine.store.run_states import beat_for_run, claim_run, create_run, finish_run
from engine.store.runs import Scores
from engine.store.states import RunState
from engine.store.studies import create_study, get_study
from engine.store.workers import (
    Telemetry,
    beat_for_worker,
    register_worker,
    write_log,
)
from engine.work.processes import identity_of

LIVE, DONE, PAUSED = "rotten-tomatoes:privacy-qa", "sst2:mrpc", "qqp:mrpc"
WORKER, RUNNING = 1, 43
"""The worker's id, and that of the run it holds."""
STAGE_STEPS = 100
MEASURES = 12
TOKENS_OF_A_STEP = 700
FLAT_RATES = (5e-6, 1e-5, 2e-5, 5e-5, 1e-4)
STOPPED_AT: dict[int, RunState] = {
    7: "pruned",
    8: "collapsed",
    13: "pruned",
    16: "collapsed",
    19: "pruned",
    24: "failed",
}
REASONS = {
    "pruned": "p 1.08 after step 150 is below the 75th percentile",
    "collapsed": "every prediction was class 1 at step 60",
    "failed": "the device ran out of memory; choose a smaller batch",
}
TELEMETRY = Telemetry(
    cpu_percent=143.0,
    memory_bytes=1_620_000_000,
    gpu_percent=87.0,
    gpu_memory_bytes=3_200_000_000,
)


Place = TypeVar("Place", str, Path)


def recorded_store(path: Place, more: Sequence[str] = ()) -> Place:
    """Write the store at ``path``; return ``path``. A worker's id is 1, the studies' 1, 2, 3.

    A file is recorded once in a process, and then copied; its running trial lives as of now.

    Args:
        path: where nothing is yet, or the URL of an empty database.
        more: sequences of further complete studies, on the backbone of the first.
    """
    if more or "://" in str(path):
        _record(str(path), more)
    else:
        shutil.copyfile(Path(_recorded_once().name, "studies.db"), path)
        _live_as_of_now(Path(path))
    return path


@cache
def _recorded_once() -> "TemporaryDirectory[str]":
    """Return the folder of a store that is only copied; it goes when the process ends."""
    folder = TemporaryDirectory(prefix="bertcl-recorded-")
    _record(str(Path(folder.name, "studies.db")), ())
    return folder


def _record(place: str, more: Sequence[str]) -> None:
    store = open_store(place)
    try:
        worker = _register_this_process(store)
        live = create_study(store, _spec(LIVE, model="sample", data="sample", trials=60))
        for number in range(30):
            _ended_trial(store, worker, live, number, layers=6)
        done = create_study(store, _spec(DONE, model="bert-base-uncased", data="hub", trials=12))
        for number in range(12):
            _ended_trial(store, worker, done, number, layers=8)
        create_study(
            store,
            _spec(PAUSED, model="bert-base-uncased", data="hub", trials=50),
            desired="paused",
        )
        for name in more:
            study = create_study(store, _spec(name, model="sample", data="sample", trials=24))
            for number in range(24):
                _ended_trial(store, worker, study, number, layers=6)
        _tell_what_matters(store, live, trials=24, choices=8)
        _tell_what_matters(store, done, trials=10, choices=10)
        _running_trial(store, worker, live, 30, layers=6)
        write_log(store, "info", f"#30 begins · {LIVE}", worker_id=worker)
    finally:
        store.close()


def copy_of(path: Path, folder: Path) -> Path:
    """Return a copy of a closed store, to be written to; its running trial lives as of now."""
    copy = Path(shutil.copy(path, folder / "studies.db"))
    _live_as_of_now(copy)
    return copy


def _live_as_of_now(path: Path) -> None:
    store = open_store(str(path))
    try:
        beat_for_worker(store, WORKER, TELEMETRY)
        record_progress(store, RUNNING, WORKER, _now_at(STAGE_STEPS + 46, rate=10.8), [])
        beat_for_run(store, RUNNING, WORKER)
    finally:
        store.close()


def _tell_what_matters(store: Store, study: int, *, trials: int, choices: int) -> None:
    """Say that the last choice matters most, and each below it half as much."""
    halves = [0.5 ** (choices - place) for place in range(choices)]
    shares = tuple(half / sum(halves) for half in halves)
    for evaluator in get_args(Evaluator):
        found = ImportanceRecord(evaluator=evaluator, trials=trials, shares=shares)
        keep_importance(store, study, found)


def empty_store(path: Path) -> Path:
    """Write a store without a study at ``path``; return ``path``."""
    open_store(str(path)).close()
    return path


def _register_this_process(store: Store) -> int:
    worker = register_worker(store, identity_of(), device="cuda:0", threads=2, log_file=None)
    beat_for_worker(store, worker, TELEMETRY)
    return worker


def _spec(name: str, *, model: str, data: str, trials: int) -> StudySpec:
    return StudySpec(
        name=name,
        sequence=tuple(name.split(":")),
        data=data,
        model=model,
        protocol=Protocol(train_rows=800, eval_rows=1000),
        search=SearchSettings(trials=trials),
    )


def _ended_trial(store: Store, worker: int, study: int, number: int, *, layers: int) -> None:
    state: RunState = STOPPED_AT.get(number, "complete")
    rates = _rates(study, number, layers)
    run = _begun_trial(store, worker, study, number, rates)
    curve = _curve(study, number, rates)
    seen = {"complete": MEASURES + 1, "pruned": 7}.get(state, 0)
    last_step = 2 * STAGE_STEPS if state == "complete" else STAGE_STEPS + 50 if seen else 60
    _measure(store, run, worker, curve[:seen], step=last_step, rate=11.2)
    scores = (
        Scores(
            p_o=curve[-1],
            p_s=_p_s(study, number, rates),
            p_o_before=curve[0],
            forgetting=round(curve[0] - curve[-1], 3),
        )
        if state == "complete"
        else None
    )
    finish_run(
        store,
        run,
        worker,
        state=state,
        reason=REASONS.get(state),
        scores=scores,
        reported=scores and Scores(p_o=scores.p_o - 0.008, p_s=scores.p_s - 0.011),
        busy_seconds=last_step / 11.2 * 4,
    )


def _running_trial(store: Store, worker: int, study: int, number: int, *, layers: int) -> None:
    rates = _rates(study, number, layers)
    run = _begun_trial(store, worker, study, number, rates)
    curve = _curve(study, number, rates)
    _measure(store, run, worker, curve[:6], step=STAGE_STEPS + 46, rate=10.8)
    beat_for_run(store, run, worker)


def _begun_trial(
    store: Store, worker: int, study: int, number: int, rates: tuple[float, ...]
) -> int:
    spec = get_study(store, study).spec.trial(number, rates)
    label = f"flat {FLAT_RATES[number]:.0e}".replace("e-0", "e-") if _is_flat(number) else None
    run = create_run(store, spec, study_id=study, number=number, label=label)
    claimed = claim_run(store, worker, threads=2)
    assert claimed is not None
    assert claimed.id == run
    first, second = spec.sequence
    record_stages(
        store,
        run,
        worker,
        (
            StageRecord(stage=0, task=first, first_step=0, last_step=STAGE_STEPS),
            StageRecord(stage=1, task=second, first_step=STAGE_STEPS, last_step=2 * STAGE_STEPS),
        ),
    )
    return run


def _measure(
    store: Store, run: int, worker: int, curve: Sequence[float], *, step: int, rate: float
) -> None:
    """Say how accuracy on the first task rose, then fell, and how that on the second rose."""
    spacing = STAGE_STEPS / MEASURES
    top = curve[0] if curve else 0.5
    rise = [round(0.5 + (top - 0.5) * k / MEASURES, 3) for k in range(1, MEASURES)]
    first = [
        _retention(round(index * spacing), 0 if index <= MEASURES else 1, 0, accuracy)
        for index, accuracy in enumerate([*rise, *curve], start=1)
        if index * spacing <= step
    ]
    second = [
        _retention(
            STAGE_STEPS + round(index * spacing), 1, 1, round(0.67 - 0.12 * math.exp(-index / 3), 3)
        )
        for index in range(1, len(curve))
    ]
    record_progress(store, run, worker, _now_at(step, rate=rate), [*first, *second])


def _now_at(step: int, *, rate: float) -> Progress:
    return Progress(
        step=step, steps=2 * STAGE_STEPS, rate=rate, tokens_rate=rate * TOKENS_OF_A_STEP
    )


def _retention(step: int, stage: int, task: int, accuracy: float) -> MeasurementRecord:
    return MeasurementRecord(
        step=step,
        stage=stage,
        task=task,
        split="retention",
        accuracy=accuracy,
        loss=-math.log(accuracy),
    )


def _is_flat(number: int) -> bool:
    return number < len(FLAT_RATES)


def _rates(study: int, number: int, layers: int) -> tuple[float, ...]:
    if _is_flat(number):
        return (FLAT_RATES[number],) * (layers + 2)
    draw = random.Random(f"{study} {number}")
    slope = 10 ** draw.uniform(0.0, 0.25)
    bottom = 10 ** draw.uniform(-6.3, -4.9)
    body = [bottom * slope**depth * 10 ** draw.uniform(-0.5, 0.5) for depth in range(layers + 1)]
    return (*(min(1e-3, rate) for rate in body), 10 ** draw.uniform(-4.4, -3.0))


def _curve(study: int, number: int, rates: Sequence[float]) -> list[float]:
    """Accuracy on the first task: falls faster the higher the rates of the lower layers are."""
    draw = random.Random(f"curve {study} {number}")
    heat = sum(math.log10(rate) + 6.5 for rate in rates[:-2]) / (len(rates) - 2)
    start = 0.76 + 0.05 * draw.random()
    fall = 0.015 + 0.07 * max(0.0, heat) ** 1.5
    return [
        round(start - fall * (1 - math.exp(-3 * index / MEASURES)) + draw.gauss(0, 0.006), 3)
        for index in range(MEASURES + 1)
    ]


def _p_s(study: int, number: int, rates: Sequence[float]) -> float:
    """Accuracy on the second task: best where the upper layers and the head learn fast."""
    draw = random.Random(f"shifted {study} {number}")
    warmth = (math.log10(rates[-1]) + math.log10(rates[-2]) + 10.5) / 3
    return round(0.655 + 0.03 * math.tanh(warmth) + draw.gauss(0, 0.008), 3)
