"""Which search finds the best profile for the fewest epochs: python -m bench.search --help

python -m bench.search [--grounds synthetic process forest] [--seeds 20] [--epochs 400]
                       [--contestants NAME ...] [--jobs 2] [--out bench/search.json]

Grounds are a synthetic landscape, another one for each seed, and two surrogates of the recorded one
(``bench/recorded.py``, ``bench/surrogate.py``). Regret: how far the true p of the trial that
*looked* best lies below the best p there is, so the winner's curse is in it. Trials run one after
another, a trial is four epochs, and what is ended early counts by its share. Proposals and pruning
are the product's own classes. Intervals are 95 %, by bootstrap over seeds; differences are paired
by seed. What was replayed is kept in the JSON, and only what is missing is done when run again.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from bench.contest import TRIAL_EPOCHS, Trace, replay
from bench.contestants import CONTESTANTS, DEFAULT, RANDOM
from bench.figures import Figure, over_seeds
from bench.landscape import Ground, Synthetic, make_landscape
from engine.search.storage import quieten

if TYPE_CHECKING:
    from bench.surrogate import Fitted

GROUNDS: Final = ("synthetic", "process", "forest")
LOOKED_AT: Final = (40.0, 80.0, 160.0, 240.0, 400.0)
"""Epochs: 10, 20, 40, 60 and 100 whole trials."""
_OUT: Final = Path(__file__).with_name("search.json")
_NOTHING: Final = 0.3
"""Regret while no trial has come to its end: about that of rates that learn nothing of one task."""
_SAMPLES: Final = 2_000
_TEN_TRIALS: Final = 10 * TRIAL_EPOCHS

Key = tuple[str, str]
Results = dict[Key, list[Trace]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grounds", nargs="+", default=list(GROUNDS), choices=GROUNDS)
    parser.add_argument("--contestants", nargs="+", default=list(CONTESTANTS))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--epochs", type=float, default=LOOKED_AT[-1])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=_OUT)
    arguments = parser.parse_args()
    if unknown := set(arguments.contestants) - set(CONTESTANTS):
        parser.error(f"no contestant named {', '.join(sorted(unknown))}")
    results = read(arguments.out)
    for name in arguments.grounds:
        for contestant in arguments.contestants:
            known = results.get((name, contestant), [])
            seeds = range(len(known), arguments.seeds)
            began = time.perf_counter()
            found = replay_all(contestant, name, seeds, arguments.epochs, arguments.jobs)
            results[name, contestant] = [*known, *found][: arguments.seeds]
            if seeds:
                write(arguments.out, results)
                seconds = time.perf_counter() - began
                print(f"{name}: {contestant}, {len(seeds)} seeds, {seconds:.0f} s", flush=True)
    for name in arguments.grounds:
        shown = {who: results[name, who] for who in arguments.contestants}
        print("\n".join(["", f"## {name}", "", *tables(name, shown, arguments.epochs)]))


def measure(*, quick: bool = False) -> list[Figure]:
    """Return regrets with standard errors, of what was replayed so far or little of it."""
    if quick:
        names = (RANDOM, "smooth, percentile")
        results = {("synthetic", who): replay_all(who, "synthetic", [0], 20, 1) for who in names}
    else:
        results = read(_OUT)
    found = []
    for (name, who), traces in results.items():
        optima = [ground_of(name, seed).optimum for seed in range(len(traces))]
        for epochs in LOOKED_AT[:1] if quick else LOOKED_AT:
            values = regrets(traces, optima, epochs)
            found.append(over_seeds(f"{name}: {who}", f"regret, {epochs:.0f} epochs", values))
    return found


def replay_all(
    contestant: str, ground: str, seeds: Sequence[int], epochs: float, jobs: int
) -> list[Trace]:
    if jobs == 1:
        return [replay_one(contestant, ground, seed, epochs) for seed in seeds]
    with ProcessPoolExecutor(jobs) as pool:
        asked = [pool.submit(replay_one, contestant, ground, seed, epochs) for seed in seeds]
        return [each.result() for each in asked]


def replay_one(contestant: str, ground: str, seed: int, epochs: float) -> Trace:
    quieten()
    return replay(CONTESTANTS[contestant], ground_of(ground, seed), seed, epochs)


def ground_of(name: str, seed: int) -> Ground:
    if name == "synthetic":
        return Synthetic(make_landscape(seed), seed)
    return fitted(name)


@cache
def fitted(name: str) -> "Fitted":
    from bench.surrogate import Fitted

    return Fitted("process" if name == "process" else "forest")


# what is printed


def tables(name: str, traces: dict[str, list[Trace]], epochs: float) -> Iterator[str]:
    """Yield lines of Markdown."""
    if name != "synthetic":
        yield from facts(fitted(name))
    looked_at = [each for each in LOOKED_AT if each <= epochs]
    optima = [ground_of(name, seed).optimum for seed in range(max(map(len, traces.values())))]
    heads = (*(f"{each:.0f} epochs" for each in looked_at), "epochs to", "gain by ten trials")
    yield f"| search | {' | '.join(heads)} |"
    yield "|---" * (len(heads) + 1) + "|"
    goal = None
    if RANDOM in traces:
        goal = fmean(regrets(traces[RANDOM], optima, epochs))
    for who, found in traces.items():
        most = CONTESTANTS[who].most_epochs
        cells = [
            interval(regrets(found, optima, each)) if each <= most else "–" for each in looked_at
        ]
        reached = "–" if goal is None else first_at(found, optima, goal, epochs)
        soon = gain_by(found, optima, _TEN_TRIALS, min(most, epochs))
        yield f"| {who} | {' | '.join((*cells, reached, soon))} |"
    if DEFAULT in traces:
        yield ""
        yield f"Regret less that of {DEFAULT}, by seed:"
        yield ""
        yield "| search | " + " | ".join(f"{each:.0f} epochs" for each in looked_at) + " |"
        yield "|---" * (len(looked_at) + 1) + "|"
        for who, found in traces.items():
            if who != DEFAULT:
                most = CONTESTANTS[who].most_epochs
                cells = [
                    interval(difference(found, traces[DEFAULT], optima, each), sign="+")
                    if each <= most
                    else "–"
                    for each in looked_at
                ]
                yield f"| {who} | {' | '.join(cells)} |"


def facts(ground: "Fitted") -> Iterator[str]:
    noise = ", ".join(f"{mean:.2f} ± {spread:.3f}" for mean, spread in sorted(ground.noise()))
    collapsed = sum(each.p is None for each in ground.main)
    yield (
        f"{len(ground.main)} runs, {collapsed} collapsed; R² of runs left out {ground.r2():.2f}, "
        f"of the better half {ground.r2(searched=True):.2f}; best p expected {ground.optimum:.3f}; "
        f"p of profiles learnt repeatedly: {noise or 'none yet'}"
    )
    yield ""


def regrets(found: Sequence[Trace], optima: Sequence[float], epochs: float) -> list[float]:
    """Return, by seed, what the best that was found lacks."""
    return [
        _NOTHING if (p := trace.found(epochs)) is None else optimum - p
        for trace, optimum in zip(found, optima, strict=False)
    ]


def difference(
    found: Sequence[Trace], other: Sequence[Trace], optima: Sequence[float], epochs: float
) -> list[float]:
    both = zip(regrets(found, optima, epochs), regrets(other, optima, epochs), strict=False)
    return [mine - theirs for mine, theirs in both]


def first_at(found: Sequence[Trace], optima: Sequence[float], goal: float, epochs: float) -> str:
    """Return from where on the mean regret is no more than that."""
    steps = np.arange(TRIAL_EPOCHS, epochs + 1, TRIAL_EPOCHS)
    below = [fmean(regrets(found, optima, each)) <= goal for each in steps]
    stays = next((k for k in range(len(steps)) if all(below[k:])), None)
    return "–" if stays is None else f"{steps[stays]:.0f}"


def gain_by(found: Sequence[Trace], optima: Sequence[float], soon: float, epochs: float) -> str:
    """Return how much of what a search gained on its first trial it had by then, on average."""
    first, then, last = (
        fmean(regrets(found, optima, each)) for each in (TRIAL_EPOCHS, soon, epochs)
    )
    return "–" if first <= last or epochs <= soon else f"{(first - then) / (first - last):.0%}"


def interval(values: Sequence[float], sign: str = "") -> str:
    mean = fmean(values)
    if len(set(values)) < 2:  # noqa: PLR2004 - there is nothing to resample
        return f"{mean:{sign}.3f}"
    from scipy.stats import bootstrap

    found = bootstrap(
        (values,), np.mean, n_resamples=_SAMPLES, method="percentile", rng=0
    ).confidence_interval
    return f"{mean:{sign}.3f} ({found.low:{sign}.3f} to {found.high:{sign}.3f})"


# what is kept


def read(path: Path) -> Results:
    if not path.exists():
        return {}
    kept: list[dict[str, Any]] = json.loads(path.read_text())
    return {
        (each["ground"], each["search"]): [Trace(**trace) for trace in each["traces"]]
        for each in kept
    }


def write(path: Path, results: Results) -> None:
    kept = [
        {"ground": ground, "search": who, "traces": [slim(trace) for trace in traces]}
        for (ground, who), traces in results.items()
    ]
    path.write_text("[\n" + ",\n".join(json.dumps(each) for each in kept) + "\n]\n")


def slim(trace: Trace) -> dict[str, list[float]]:
    """Return only the trials that looked best when they ended."""
    best, kept = -np.inf, Trace()
    for epochs, measured, true in zip(trace.epochs, trace.measured, trace.true, strict=True):
        if measured > best:
            best = measured
            kept.end(epochs, round(measured, 4), round(true, 4))
    return vars(kept)


if __name__ == "__main__":
    main()
