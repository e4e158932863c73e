"""What luck costs a search, on a made-up landscape: python -m bench.racing --help

First p that a search reports for its best trial minus the true p of that trial, which
fresh seeds would show; with a seed per trial, with one for all, and with racing. ``off by`` is how
far the report is from the truth on average, whichever way. Then how many trials the stop rule saves
and how much true p that costs, against the same search to its last trial.

A score's noise is half its trial's own and half that of its seed, which trials share that share
the seed. Trials run one after another, none is pruned. The landscape is made up.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import sqrt
from typing import Annotated, get_args

import numpy as np
import typer
from optuna.storages import InMemoryStorage

from bench.figures import Figure, over_seeds, table
from bench.landscape import COLLAPSED, NOISE, OPTIMUM, Landscape, make_landscape
from bench.races import Races
from engine.profiles.grouping import make_grouping
from engine.search.early_stopping import Climb, flatness
from engine.search.spaces import make_space, warm_starts
from engine.search.storage import quieten
from engine.search.trials import Search
from engine.spec import SearchSettings, StudySpec
from engine.spec.run import SearchedMethod
from engine.store.racing import SEEDS, Contender

SEARCHES = 20
SIZES = (30, 60, 100, 200)
GROUPING = make_grouping("paper", 12)
OWN_SHARE = 0.5


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


def measure(
    *, quick: bool = False, seeds: int = SEARCHES, regret_bound: bool = False
) -> list[Figure]:
    """Search landscapes, and take from the searches what luck did to them."""
    sizes, seeds = ((10, 20), 1) if quick else (SIZES, seeds)
    quieten()
    found: list[Figure] = []
    for method in get_args(SearchedMethod):
        traces = [search_once(method, seed, max(sizes)) for seed in range(seeds)]
        if method == "profile":
            found += chain.from_iterable(of_luck(traces, size) for size in sizes)
            found += regret_bounds(traces, sizes[:3]) if regret_bound else ()
        found += chain.from_iterable(of_stopping(method, traces, size) for size in sizes[1:])
    return found


def of_luck(traces: Sequence[Trace], size: int) -> Iterator[Figure]:
    """Yield how far from the truth searches of so many trials report their best."""
    for name, shared, racing in (
        ("a seed each", False, False),
        ("one seed", True, False),
        ("one seed, racing", True, True),
    ):
        case = f"{size} trials, {name}"
        ends = [replay(trace, size, shared=shared, racing=racing) for trace in traces]
        biases = [end.reported - end.true for end in ends]
        yield over_seeds(case, "races", [end.races for end in ends])
        yield over_seeds(case, "reported − true p", biases)
        yield over_seeds(case, "off by", [abs(bias) for bias in biases])
        yield over_seeds(case, "true regret", [OPTIMUM - end.true for end in ends])


def of_stopping(method: SearchedMethod, traces: Sequence[Trace], size: int) -> Iterator[Figure]:
    """Yield what the stop rule saves of searches of so many trials, and what it costs."""
    case = f"{method}, at most {size} trials"
    whole = [replay(trace, size, shared=True, racing=True) for trace in traces]
    ends = [replay(trace, size, shared=True, racing=True, stops=True) for trace in traces]
    lost = [all_.true - end.true for all_, end in zip(whole, ends, strict=True)]
    yield over_seeds(case, "trials", [end.trials for end in ends])
    yield over_seeds(case, "true p lost", lost)
    yield over_seeds(case, "most lost", [max(lost)])


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
    climb = Climb()

    def run_again(raced: Contender) -> float:
        luck = common[1 + len(raced.races)] + draw.normal(0, own_noise())
        return trace.true[raced.number] + float(luck)

    races = Races(run_again)
    while len(climb) < size:
        if stops and flatness(climb, trace.dimensions, races.chance) is not None:
            break
        number = len(climb)
        true = trace.true[number]
        of_seed = common[0] if shared else draw.normal(0, NOISE * sqrt(1 - OWN_SHARE))
        p = true + trace.own_noise[number] + float(of_seed)
        climb.add(number, None if true == COLLAPSED else p)
        if true != COLLAPSED:
            races.add(number, p)
        if racing:
            races.run(len(climb))
    best = races.best
    assert best is not None
    return End(len(climb), races.count, best.mean.p, trace.true[best.number])


def regret_bounds(traces: Iterable[Trace], sizes: Sequence[int]) -> Iterator[Figure]:
    """Yield what ``optuna.terminator`` expects to be gained, beside what there was to gain."""
    from optuna.storages import get_storage
    from optuna.study import StudyDirection
    from optuna.terminator import RegretBoundEvaluator

    for size in sizes:
        bounds, left = [], []
        for trace in traces:
            storage = get_storage(trace.search._storage)  # noqa: SLF001 - it has no other way in
            trials = storage.get_all_trials(0)[:size]
            bounds.append(RegretBoundEvaluator(seed=0).evaluate(trials, StudyDirection.MAXIMIZE))
            left.append(OPTIMUM - max(trace.true[:size]))
        yield over_seeds(f"{size} trials", "regret bound", bounds)
        yield over_seeds(f"{size} trials", "to gain", left)


def main(
    *,
    seeds: int = SEARCHES,
    regret_bound: Annotated[
        bool, typer.Option("--regret-bound", help="Ask optuna.terminator too.")
    ] = False,
) -> None:
    print(table(measure(seeds=seeds, regret_bound=regret_bound)))


if __name__ == "__main__":
    typer.run(main)
