"""What luck costs a search, on the synthetic landscape: ``python -m bench.racing``.

First table: p that a search reports for its best trial minus the true p of that trial, which
fresh seeds would show; with a seed per trial, with one for all, and with racing. ``off by`` is how
far the report is from the truth on average, whichever way. Second table: how many trials the stop
rule saves and how much true p that costs, against the same search to its last trial.

A score's noise is half its trial's own and half that of its seed, which trials share that share
the seed. Trials run one after another, none is pruned. The landscape is made up.
"""

import argparse
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import sqrt
from typing import get_args

import numpy as np
from msgspec.structs import replace
from optuna.storages import InMemoryStorage

from bench.landscape import COLLAPSED, NOISE, OPTIMUM, Landscape, make_landscape
from bench.samplers import GROUPING, mean_and_error
from engine.search.early_stopping import flatness
from engine.search.spaces import make_space
from engine.search.storage import quieten
from engine.search.trials import Search
from engine.search.warm_starts import warm_starts
from engine.spec import SearchSettings, StudySpec
from engine.spec.run import SearchedMethod
from engine.store.racing import (
    SEEDS,
    Contender,
    Counts,
    Race,
    best_first,
    next_to_race,
    spread_over_seeds,
)
from engine.store.runs import Scores

SIZES = (30, 60, 100, 200)
OWN_SHARE = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--regret-bound", action="store_true", help="Ask optuna.terminator too.")
    arguments = parser.parse_args()
    traces = [search_once("profile", seed, max(SIZES)) for seed in range(arguments.seeds)]
    print("| trials | seeds | races | reported − true p | off by | true regret |")
    print("|---" * 6 + "|")
    for size in SIZES:
        for name, shared, racing in (
            ("own", False, False),
            ("shared", True, False),
            ("shared, racing", True, True),
        ):
            ends = [replay(trace, size, shared=shared, racing=racing) for trace in traces]
            biases = tuple(end.reported - end.true for end in ends)
            print(
                f"| {size} | {name} | {statistics.fmean(end.races for end in ends):.0f} | "
                f"{precise(biases)} | {statistics.fmean(map(abs, biases)):.4f} | "
                f"{mean_and_error(tuple(OPTIMUM - end.true for end in ends))} |",
                flush=True,
            )
    print("\n| searched | at most | trials | saved | true p lost | most |")
    print("|---" * 6 + "|")
    for method in get_args(SearchedMethod):
        if method != "profile":
            traces = [search_once(method, seed, max(SIZES)) for seed in range(arguments.seeds)]
        for size in SIZES[1:]:
            whole = [replay(trace, size, shared=True, racing=True) for trace in traces]
            ends = [replay(trace, size, shared=True, racing=True, stops=True) for trace in traces]
            lost = tuple(all_.true - end.true for all_, end in zip(whole, ends, strict=True))
            tried = statistics.fmean(end.trials for end in ends)
            print(
                f"| {method} | {size} | {tried:.0f} | {1 - tried / size:.0%} | {precise(lost)} | "
                f"{max(lost):.3f} |",
                flush=True,
            )
    if arguments.regret_bound:
        few = [search_once("profile", seed, SIZES[2]) for seed in range(5)]
        for line in regret_bounds(few):
            print(line, flush=True)


@dataclass
class Trace:
    """The trials of one search: true p of each, and p as the sampler was told; None: collapsed."""

    seed: int
    search: Search
    dimensions: int
    true: list[float] = field(default_factory=list)
    own_noise: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class End:
    """What a search has come to."""

    trials: int
    races: int
    reported: float
    true: float


def search_once(method: SearchedMethod, seed: int, trials: int) -> Trace:
    """Search one landscape; seeds are shared, so what they do to all trials is left out."""
    settings = SearchSettings(pruner="none", trials=trials)
    spec = StudySpec(
        name="bench",
        sequence=("a", "b"),
        data="",
        model="",
        method=method,
        search=settings,
        seed=seed,
    )
    space = make_space(method, settings, GROUPING, hidden_size=768)
    search = Search(InMemoryStorage(), spec, space, warm_starts(spec, space, GROUPING, 768))
    landscape: Landscape = make_landscape(seed)
    noise = np.random.default_rng(10_000 + seed)
    trace = Trace(seed, search, len(space.dimensions))
    for number in range(trials):
        proposal = search.propose()
        assert proposal is not None
        true, luck = landscape.score(proposal.learning_rates), noise.normal(0, own_noise())
        trace.true.append(true)
        trace.own_noise.append(luck)
        if true == COLLAPSED:
            search.tell(number, "collapsed")
        else:
            search.tell(number, "complete", true + luck)
    return trace


def own_noise() -> float:
    return NOISE * sqrt(OWN_SHARE)


def replay(trace: Trace, size: int, *, shared: bool, racing: bool, stops: bool = False) -> End:
    """Take the first trials of a search, and race and stop as a worker would."""
    draw = np.random.default_rng(20_000 + trace.seed)
    common = draw.normal(0, NOISE * sqrt(1 - OWN_SHARE), SEEDS + 2)
    scores: list[float | None] = []
    found: dict[int, Contender] = {}
    while len(scores) < size:
        if stops and flatness(scores, trace.dimensions, chance(found.values())) is not None:
            break
        number = len(scores)
        true = trace.true[number]
        of_seed = common[0] if shared else draw.normal(0, NOISE * sqrt(1 - OWN_SHARE))
        p = true + trace.own_noise[number] + float(of_seed)
        scores.append(None if true == COLLAPSED else p)
        if true != COLLAPSED:
            found[number] = Contender(run_id=number, number=number, own=as_scores(p))
        while racing and (raced := due(found, len(scores))) is not None:
            luck = common[1 + len(raced.races)] + draw.normal(0, own_noise())
            again = as_scores(trace.true[raced.number] + float(luck))
            race = Race(seed=len(raced.races), state="complete", scores=again)
            found[raced.number] = replace(raced, races=(*raced.races, race))
    best = best_first(found.values())[0]
    return End(len(scores), races_of(found), best.mean.p, trace.true[best.number])


def due(found: dict[int, Contender], begun: int) -> Contender | None:
    races = races_of(found)
    allowed = Counts(begun, len(found), races, races).allow_another
    return next_to_race(found.values()) if allowed else None


def races_of(found: dict[int, Contender]) -> int:
    return sum(len(each.races) for each in found.values())


def chance(found: Iterable[Contender]) -> float | None:
    spread = spread_over_seeds(found)
    return None if spread is None else spread / sqrt(SEEDS)


def as_scores(p: float) -> Scores:
    return Scores(p_o=p - 0.5, p_s=0.5)


def regret_bounds(traces: list[Trace]) -> Iterator[str]:
    """Yield what ``optuna.terminator`` expects to be gained, beside what there was to gain."""
    from optuna.storages import get_storage
    from optuna.study import StudyDirection
    from optuna.terminator import RegretBoundEvaluator

    for trace in traces:
        storage = get_storage(trace.search._storage)  # noqa: SLF001 - it has no other way in
        trials = storage.get_all_trials(0)
        for size in SIZES[1:3]:
            bound = RegretBoundEvaluator(seed=0).evaluate(trials[:size], StudyDirection.MAXIMIZE)
            left = OPTIMUM - max(trace.true[:size])
            yield f"regret bound after {size} trials {bound:.3f}; there was {left:.3f} to gain"


def precise(values: tuple[float, ...]) -> str:
    error = statistics.stdev(values) / len(values) ** 0.5
    return f"{statistics.fmean(values):+.4f} ± {error:.4f}"


if __name__ == "__main__":
    quieten()
    main()
