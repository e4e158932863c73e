"""Regret of the samplers on a synthetic landscape, with one warm start and with eight.

python -m bench.samplers [--seeds 6] [--samplers tpe cma random gp] [--trials 100]

Regret: how far the true p of the trial that *looked* best lies below the best p there is, so the
winner's curse is in it. Trials run one after another, none is pruned. The landscape is made up:
differences between samplers on it hint at what to measure on real data, no more.
"""

import argparse
import statistics
import time
from typing import get_args

import numpy as np
from optuna.storages import InMemoryStorage

from bench.landscape import COLLAPSED, NOISE, OPTIMUM, make_landscape
from engine.profiles.grouping import make_grouping
from engine.search.spaces import WarmStart, make_space, warm_starts
from engine.search.storage import quieten
from engine.search.trials import Search
from engine.spec import SearchSettings, StudySpec
from engine.spec.search import Sampler

CHECKPOINTS = (30, 60, 100)
GROUPING = make_grouping("paper", 12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--samplers", nargs="+", default=["tpe", "cma", "random", "gp"])
    arguments = parser.parse_args()
    unknown = set(arguments.samplers) - set(get_args(Sampler))
    if unknown:
        parser.error(f"no sampler named {', '.join(unknown)}")
    counts = [count for count in CHECKPOINTS if count <= arguments.trials]
    print("| sampler | starts | " + " | ".join(f"{n} trials" for n in counts) + " | s/trial |")
    print("|---" * (len(counts) + 3) + "|")
    for sampler in arguments.samplers:
        for starts in (1, 8):
            began = time.perf_counter()
            runs = [
                regrets(sampler, starts, seed, arguments.trials, counts)
                for seed in range(arguments.seeds)
            ]
            seconds = (time.perf_counter() - began) / (arguments.seeds * arguments.trials)
            cells = " | ".join(mean_and_error(column) for column in zip(*runs, strict=True))
            print(f"| {sampler} | {starts} | {cells} | {seconds:.3f} |", flush=True)


def regrets(
    sampler: Sampler, n_starts: int, seed: int, trials: int, counts: list[int]
) -> list[float]:
    """Search one landscape; return the regret after each of these numbers of trials."""
    settings = SearchSettings(sampler=sampler, pruner="none", trials=trials)
    spec = StudySpec(
        name="bench", sequence=("a", "b"), data="", model="", search=settings, seed=seed
    )
    space = make_space("profile", settings, GROUPING, hidden_size=768)
    search = Search(InMemoryStorage(), spec, space, first_trials(n_starts, spec))
    landscape = make_landscape(seed)
    noise = np.random.default_rng(10_000 + seed)
    true: list[float] = []
    measured: list[float] = []
    for _ in range(trials):
        proposal = search.propose()
        p = landscape.score(proposal.learning_rates)
        true.append(p)
        measured.append(p + noise.normal(0, NOISE))
        collapsed = p == COLLAPSED
        search.tell(
            proposal.number,
            "collapsed" if collapsed else "complete",
            None if collapsed else measured[-1],
        )
    return [OPTIMUM - true[int(np.argmax(measured[:count]))] for count in counts]


def first_trials(count: int, spec: StudySpec) -> tuple[WarmStart, ...]:
    space = make_space("profile", spec.search, GROUPING, hidden_size=768)
    starts = warm_starts(spec, space, GROUPING, 768)
    if count == 1:
        return tuple(start for start in starts if start.label == "flat 1e-5")
    return starts[:count]


def mean_and_error(values: tuple[float, ...]) -> str:
    mean = statistics.fmean(values)
    if len(values) == 1:
        return f"{mean:.3f}"
    return f"{mean:.3f} ± {statistics.stdev(values) / len(values) ** 0.5:.3f}"


if __name__ == "__main__":
    quieten()
    main()
