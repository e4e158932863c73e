"""The arena of a recorded store: real verbs, invented numbers, the same every time.

Three sequences × six rows × five seeds on one model, most of them complete, and one run of another
protocol. On ``rte:mrpc`` a run goes on, one is paused, one failed, two are queued.
"""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from engine.arena.entrants import parse_entrant
from engine.arena.plan import arena_seeds
from engine.spec import Protocol, RunSpec, Source, Tuning, sequence_name
from engine.spec.methods import read_options
from engine.store.connection import Store, open_store
from engine.store.measurements import (
    MeasurementRecord,
    Progress,
    StageRecord,
    record_progress,
    record_stages,
)
from engine.store.run_states import (
    beat_for_run,
    claim_run,
    control_run,
    create_run,
    finish_run,
    release_run,
)
from engine.store.runs import Scores, confirm_trial, enter_run, entries, trials_of
from engine.store.states import RunState
from engine.store.studies import find_study
from tests.recorded import LIVE, RUNNING, STAGE_STEPS, WORKER, copy_of

SEEN, TURNED, UNFINISHED = ("sst2", "mrpc"), ("mrpc", "sst2"), ("rte", "mrpc")
SEEDS: Final = tuple(sorted(arena_seeds(5)))
PROTOCOL: Final = Protocol(train_rows=800, eval_rows=1000)
OTHER: Final = Protocol(train_rows=200, epochs=1)
HALFWAY: Final = Progress(step=STAGE_STEPS, steps=2 * STAGE_STEPS, rate=11.2)
AGAIN: Final[dict[int, tuple[float | None, ...]]] = {
    10: (1.392, 1.401, 1.377),
    6: (1.415, 1.398),
    20: (None, None, None),
}
"""What trials of the first study score when run again; None: the run is queued."""
REASON: Final = "the device ran out of memory; choose a smaller batch"
STATES: Final[tuple[RunState, ...]] = ("complete", "failed", "paused", "running", "queued")
"""Of the runs of the last row on the unfinished sequence, by seed."""

_SEARCH = Tuning(study="sst2:mrpc", sequence="sst2:mrpc", epochs=48.0)
_FLAT_SEARCH = Tuning(study="sst2:mrpc-flat", sequence="sst2:mrpc", epochs=47.5)
_PROFILE = (3.3e-6, 4.4e-6, 9.2e-7, 1.9e-6, 2.8e-6, 2.1e-6, 3.3e-6, 3.7e-6, 3.2e-6, 1.1e-5)
_START = {SEEN: (0.905, 0.83), TURNED: (0.83, 0.90), UNFINISHED: (0.65, 0.83)}
"""Accuracies that the reference would have without forgetting: on the first task, the second."""

_ROWS: Final[tuple[tuple[str, Source, float, float], ...]] = (
    ("flat@2e-5", Source(), 0.06, 0.0),
    ("flat-tuned", Source(tuned=(_FLAT_SEARCH,), searched_on=("sst2:mrpc",)), 0.045, 0.002),
    ("ewc-task@flat-tuned", Source(tuned=(_FLAT_SEARCH,), searched_on=("sst2:mrpc",)), 0.03, -0.01),
    ("bertcl", Source(tuned=(_SEARCH,), searched_on=("sst2:mrpc",)), 0.012, 0.004),
    ("combined", Source(tuned=(_SEARCH,), searched_on=("sst2:mrpc",)), 0.02, -0.004),
    ("published", Source(published=True, searched_on=("sst2:mrpc", "mrpc:sst2")), 0.025, -0.01),
)
"""How each row is called, where its rates are from, what it forgets, what it gains."""


def with_arena(path: Path) -> Path:
    """Add the arena to a recorded store; return ``path``."""
    store = open_store(str(path), create=False)
    try:
        for sequence in (SEEN, TURNED, UNFINISHED):
            for place, (name, source, falls, gains) in enumerate(_ROWS):
                if name == "bertcl" and sequence != SEEN:
                    continue
                for seed in SEEDS:
                    if sequence == UNFINISHED and place == len(_ROWS) - 1:
                        continue
                    spec = _spec(name, sequence, seed)
                    _complete_run(store, spec, name, source, (falls, gains))
        _complete_run(store, _spec("flat@2e-5", SEEN, SEEDS[0], OTHER), "flat@2e-5", Source())
        _unfinished_runs(store)
    finally:
        store.close()
    return path


def with_confirmations(path: Path) -> Path:
    """Run the best trials of the first study again, as ``AGAIN`` says."""
    store = open_store(str(path), create=False)
    try:
        trials = {trial.number: trial for trial in trials_of(store, find_study(store, LIVE).id)}
        for number, scores in AGAIN.items():
            for seed, p in zip(SEEDS, scores, strict=False):
                spec = replace(trials[number].spec, seed=seed)
                run_id = create_run(store, spec, label=f"again #{number}")
                confirm_trial(store, trials[number].id, run_id)
                if p is None:
                    continue
                _claim(store, run_id)
                scored = Scores(p_o=round(p - 0.65, 3), p_s=0.65)
                finish_run(store, run_id, WORKER, state="complete", scores=scored)
    finally:
        store.close()
    return path


def copy_with_arena(path: Path, folder: Path) -> Path:
    """Return a copy of a closed store with an arena, whose running runs live as of now."""
    copy = copy_of(path, folder)
    store = open_store(str(copy))
    try:
        for item in entries(store):
            if item.run.state == "running":
                beat_for_run(store, item.run.id, WORKER)
                record_progress(store, item.run.id, WORKER, HALFWAY)
    finally:
        store.close()
    return copy


def _spec(
    name: str, sequence: tuple[str, ...], seed: int, protocol: Protocol = PROTOCOL
) -> RunSpec:
    entrant = parse_entrant(name)
    carries = entrant.method == "profile"
    lr = entrant.rates if isinstance(entrant.rates, float) else 1e-5
    given = dict(entrant.options) if carries else {"lr": lr, **entrant.options}
    return RunSpec(
        sequence=sequence,
        data="hub",
        model="bert-base-uncased",
        method=entrant.method,
        options=read_options(entrant.method, given, has_profile=carries),
        learning_rates=_PROFILE if carries else None,
        protocol=protocol,
        seed=seed,
    )


def _complete_run(
    store: Store,
    spec: RunSpec,
    name: str,
    source: Source,
    effect: tuple[float, float] = (0.06, 0.0),
) -> None:
    run_id = _begun(store, spec, name, source)
    place = 1000 + SEEDS.index(spec.seed)
    draw = random.Random(f"{name} {sequence_name(spec.sequence)} {place}")
    luck = random.Random(f"{sequence_name(spec.sequence)} {place}").gauss(0, 0.012)
    first, second = _START[spec.sequence]
    falls, gains = effect
    before = round(first + luck + draw.gauss(0, 0.004), 4)
    p_o = round(before - falls + draw.gauss(0, 0.004), 4)
    p_s = round(second + gains + luck + draw.gauss(0, 0.004), 4)
    ends = ((0, 0, before), (1, 0, p_o), (1, 1, p_s))
    measured = [
        MeasurementRecord(
            step=STAGE_STEPS * (stage + 1),
            stage=stage,
            task=task,
            split="validation",
            accuracy=accuracy,
        )
        for stage, task, accuracy in ends
    ]
    steps = 2 * STAGE_STEPS
    record_progress(store, run_id, WORKER, Progress(step=steps, steps=steps), measured)
    scores = Scores(p_o=p_o, p_s=p_s)
    finish_run(store, run_id, WORKER, state="complete", scores=scores, busy_seconds=60.0)


def _unfinished_runs(store: Store) -> None:
    """Add the last row's runs on the unfinished sequence; those that are queued come last."""
    name, source, *effect = _ROWS[-1]
    going: Iterable[tuple[int, RunState]] = zip(SEEDS, STATES, strict=True)
    for seed, state in going:
        spec = _spec(name, UNFINISHED, seed)
        if state == "complete":
            _complete_run(store, spec, name, source, (effect[0], effect[1]))
        elif state == "queued":
            enter_run(store, create_run(store, spec, label=name), name, source)
        else:
            run_id = _begun(store, spec, name, source)
            if state == "failed":
                finish_run(store, run_id, WORKER, state=state, reason=REASON)
                continue
            record_progress(store, run_id, WORKER, HALFWAY)
            if state == "paused":
                control_run(store, run_id, "paused")
                release_run(store, run_id, WORKER, state="paused", busy_seconds=5.0)


def _begun(store: Store, spec: RunSpec, name: str, source: Source) -> int:
    run_id = create_run(store, spec, label=name)
    enter_run(store, run_id, name, source)
    _claim(store, run_id)
    stages = tuple(
        StageRecord(
            stage=stage,
            task=task,
            first_step=stage * STAGE_STEPS,
            last_step=(stage + 1) * STAGE_STEPS,
            epochs=3,
        )
        for stage, task in enumerate(spec.sequence)
    )
    record_stages(store, run_id, WORKER, stages)
    return run_id


def _claim(store: Store, run_id: int) -> None:
    beat_for_run(store, RUNNING, WORKER)  # or it would be lost by now, and be claimed first
    claimed = claim_run(store, WORKER, threads=2)
    assert claimed is not None
    assert claimed.id == run_id
