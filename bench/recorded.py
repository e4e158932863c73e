"""A recorded landscape: some hundred short runs of the sample backbone, and what came of them.

python -m bench.recorded [--store bench/landscapes.db] [--slots 2]   # records; goes on where it was
python -m bench.recorded --extract                                   # writes bench/recorded.json

Learnt are the sample pack's tasks with its backbone, for two short epochs each. On bbc-news:tweets
most trials are random; some are where TPE went, some have one rate for all choices or one with a
decay. Twelve profiles from the best to the worst are learnt with five more seeds. The other
sequences have one search each, to be learnt from. Nothing is pruned or raced, every trial has a
seed of its own. Runs are the product's: its store, its workers, its sentinel.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct, convert, to_builtins
from sqlalchemy import select

from engine.spec import Protocol, SearchSettings, StudySpec
from engine.spec.run import SearchedMethod
from engine.spec.search import Sampler
from engine.store.connection import Store, open_store
from engine.store.measurements import measurements_of, stages_of
from engine.store.run_states import create_run
from engine.store.runs import RunRecord, runs_by_id, runs_on, trials_of
from engine.store.schema import run, study
from engine.store.states import ENDED
from engine.store.studies import NameTakenError, create_study, find_study
from engine.work.supervisor import ensure_workers

RECORDED: Final = Path(__file__).with_name("recorded.json")
MAIN: Final = ("bbc-news", "tweets")
PROTOCOL: Final = Protocol(
    epochs=2,
    batch_size=8,
    max_length=32,
    train_rows=160,
    eval_rows=160,
    retention_rows=64,
    measures_per_epoch=2,
)
_REPEATED: Final = 12
_SEEDS: Final = 5
_FIRST_SEED: Final = 101
_PAUSE_SECONDS: Final = 20.0


def _study(
    tasks: Sequence[str], what: str, sampler: Sampler, trials: int, method: SearchedMethod
) -> StudySpec:
    return StudySpec(
        name=f"{':'.join(tasks)} {what}",
        sequence=tuple(tasks),
        data="sample",
        model="sample",
        method=method,
        protocol=PROTOCOL,
        search=SearchSettings(
            trials=trials, sampler=sampler, pruner="none", warm_starts=what == "random 1"
        ),
        seed=sum(map(ord, what)),
        device="cpu",
    )


FIRST: Final = (
    _study(MAIN, "random 1", "random", 80, "profile"),
    _study(MAIN, "tpe", "tpe", 60, "profile"),
)
MORE: Final = (
    _study(MAIN, "random 2", "random", 60, "profile"),
    _study(MAIN, "flat", "random", 16, "flat"),
    _study(MAIN, "llrd", "random", 24, "llrd"),
)
EARLIER: Final = tuple(
    _study((old, new), "tpe", "tpe", 24, "profile")
    for old, new in (
        ("tweets", "bbc-news"),
        ("bbc-news", "rotten-tomatoes"),
        ("rotten-tomatoes", "bbc-news"),
        ("rotten-tomatoes", "tweets"),
        ("tweets", "rotten-tomatoes"),
    )
)


class Point(Struct, frozen=True):
    """What was measured within the last stage, on the rows that are followed."""

    done: float
    """Share of the stage."""
    p_o: float
    p_s: float

    @property
    def p(self) -> float:
        return self.p_o + self.p_s


class Recorded(Struct, frozen=True, kw_only=True):
    """One run that has ended."""

    sequence: str
    study: str | None = None
    """None: learnt once more, with another seed."""
    rates: tuple[float, ...]
    seed: int
    state: Literal["complete", "collapsed"]
    label: str | None = None
    p_o: float | None = None
    p_s: float | None = None
    reported_p: float | None = None
    """On the validation split."""
    epochs: float
    """Trained, in both stages together."""
    points: tuple[Point, ...] = ()

    @property
    def p(self) -> float | None:
        return None if self.p_o is None or self.p_s is None else self.p_o + self.p_s


@cache
def recorded(path: Path = RECORDED) -> tuple[Recorded, ...]:
    """Read what was recorded."""
    return convert(json.loads(path.read_text()), tuple[Recorded, ...])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", default=str(RECORDED.with_name("landscapes.db")))
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--extract", action="store_true", help="Write bench/recorded.json only.")
    parser.add_argument("--out", type=Path, default=RECORDED)
    arguments = parser.parse_args()
    with closing(open_store(arguments.store)) as store:
        if not arguments.extract:
            record_all(store, arguments.slots)
        write(arguments.out, extract(store))


# recording


def record_all(store: Store, slots: int) -> None:
    """Ask for what is missing, wave by wave, and see to it that there are workers."""
    for wave in (FIRST, MORE, EARLIER):
        for spec in wave:
            begin(store, spec)
        while missing := sum(missing_trials(store, spec) for spec in wave):
            tend(store, slots, missing)
        if wave is FIRST:
            for spec, rates in repetitions(store):
                repeat(store, spec, rates)
    while missing := sum(each.state not in ENDED for each in runs_on(store, ":".join(MAIN))):
        tend(store, slots, missing)


def begin(store: Store, spec: StudySpec) -> None:
    try:
        create_study(store, spec)
    except NameTakenError:
        return


def tend(store: Store, slots: int, missing: int) -> None:
    ensure_workers(store.url, slots=slots, device="cpu")
    print(f"{time.strftime('%H:%M:%S')} {missing} to go", flush=True)
    time.sleep(_PAUSE_SECONDS)


def missing_trials(store: Store, spec: StudySpec) -> int:
    trials = trials_of(store, find_study(store, spec.name).id)
    return spec.search.trials - sum(trial.state in ENDED for trial in trials)


def repetitions(store: Store) -> Iterator[tuple[StudySpec, tuple[float, ...]]]:
    """Yield profiles from the best to the worst of those that came to their end."""
    found = [
        (trial.p, spec, trial.learning_rates)
        for spec in FIRST
        for trial in trials_of(store, find_study(store, spec.name).id)
        if trial.state == "complete" and trial.learning_rates is not None
    ]
    found.sort(key=lambda each: each[0] or 0.0, reverse=True)
    # Most of them among the good ones, which a search is about.
    for k in range(_REPEATED):
        _, spec, rates = found[round((len(found) - 1) * (k / (_REPEATED - 1)) ** 2)]
        yield spec, rates


def repeat(store: Store, spec: StudySpec, rates: tuple[float, ...]) -> None:
    """Queue the runs of a profile that are not there yet."""
    there = {(each.learning_rates, each.spec.seed) for each in runs_on(store, spec.title())}
    trial = spec.trial(0, rates)
    for seed in range(_FIRST_SEED, _FIRST_SEED + _SEEDS):
        if (rates, seed) not in there:
            asked = convert({**to_builtins(trial), "seed": seed}, type(trial))
            create_run(store, asked, learning_rates=rates)


# what came of it


def extract(store: Store) -> list[Recorded]:
    """Return the runs that have come to their end or collapsed, in the order they were begun."""
    with store.reading() as connection:
        studies = connection.execute(select(study.c.id, study.c.name))
        names = {row.id: row.name for row in studies}
        rows = connection.execute(select(run.c.id, run.c.reported_p).where(run.c.state.in_(ENDED)))
        reported = {row.id: row.reported_p for row in rows}
    return [
        of_run(store, each, names.get(each.study_id), reported[each.id])
        for each in runs_by_id(store, reported)
        if each.state in {"complete", "collapsed"}
    ]


def of_run(store: Store, each: RunRecord, study: str | None, reported: float | None) -> Recorded:
    stages = stages_of(store, each.id)
    measured: dict[int, dict[int, float]] = {}
    last = stages[-1]
    for item in measurements_of(store, each.id, "retention"):
        if item.stage == last.stage:
            measured.setdefault(item.step, {})[item.task] = item.accuracy
    length = last.last_step - last.first_step
    return Recorded(
        sequence=":".join(each.spec.sequence),
        study=study,
        rates=tuple(float(f"{rate:.6g}") for rate in each.learning_rates or ()),
        seed=each.spec.seed,
        state="complete" if each.state == "complete" else "collapsed",
        label=each.label,
        p_o=rounded(each.p_o),
        p_s=rounded(each.p_s),
        reported_p=rounded(reported),
        epochs=round(each.step / last.last_step * (PROTOCOL.epochs or 0) * len(stages), 3),
        points=tuple(
            Point((step - last.first_step) / length, round(found[0], 4), round(found[1], 4))
            for step, found in sorted(measured.items())
        ),
    )


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def write(path: Path, found: Sequence[Recorded]) -> None:
    """Write one line for each run."""
    lines = ",\n".join(json.dumps(slim(to_builtins(each))) for each in found)
    path.write_text(f"[\n{lines}\n]\n")
    print(f"{len(found)} runs in {path}")


def slim(built: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in built.items() if value not in (None, [])}


if __name__ == "__main__":
    main()
