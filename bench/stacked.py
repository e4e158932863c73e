"""Many trials at once beside one stream: python -m bench.stacked --help

The same trials, which differ in rates and seeds, take the same number of steps one after the other
and together; measuring is left out. Their losses are compared too, which says something on a CPU,
or without dropout. The goal, on an H200: sixteen trials of BERT-base at eight times the steps of
one stream (--trials 16 --model bert-base-uncased --data hub --task sst2, or ``bench.gpu``).
"""

from collections.abc import Sequence
from itertools import chain
from typing import Annotated

import torch
import typer

from bench.figures import Figure, over_rounds, table
from bench.learning import Timed, Work, alone, largest_difference, together
from bench.made_up import tiny_work
from bench.options import run_with
from engine.learning.backbone import quiet_libraries
from engine.learning.device import pick_device

ROUNDS = 3
TRIALS = 4


def beside_one_stream(work: Work, trials: int, *, rounds: int, case: str = "") -> list[Figure]:
    """Let trials take their steps one after the other, and together, in turn."""
    case = case or f"{trials} trials, {work.task}, {pick_device(work.device, work.precision)}"
    pairs: list[tuple[Sequence[Timed], Sequence[Timed]]] = []
    for _ in range(rounds):
        one_by_one = [alone(work, trial=trial) for trial in range(trials)]
        pairs.append((one_by_one, together(work, trials)))
    one_stream = [sum((each.seconds for each in found), 0.0) for found, _ in pairs]
    stacked = [found[0].seconds for _, found in pairs]
    steps = trials * work.steps
    differences = [largest_difference(*map(_losses, pair)) for pair in pairs]
    return [
        over_rounds(case, "one stream, steps/s", [steps / seconds for seconds in one_stream]),
        over_rounds(case, "together, steps/s", [steps / seconds for seconds in stacked]),
        over_rounds(case, "ratio", [a / b for a, b in zip(one_stream, stacked, strict=True)]),
        over_rounds(case, "losses differ by", [max(differences)]),
    ]


def _losses(found: Sequence[Timed]) -> list[float]:
    return list(chain.from_iterable(each.losses for each in found))


def measure(*, quick: bool = False) -> list[Figure]:
    """Stack trials of a tiny backbone, which leaves a core idle as a larger one does a GPU."""
    quiet_libraries()
    torch.set_num_threads(1)
    with tiny_work(steps=2 if quick else 40) as work:
        if quick:
            return beside_one_stream(work, 2, rounds=1)
        found = beside_one_stream(work, TRIALS, rounds=ROUNDS, case=f"{TRIALS} tiny models")
    sample = Work(device="cpu", precision="fp32", steps=10)
    return [*found, *beside_one_stream(sample, TRIALS, rounds=2, case=f"{TRIALS} of MiniLM-L6")]


def main(
    work: Work,
    *,
    trials: Annotated[int, typer.Option(min=1)] = TRIALS,
    rounds: Annotated[int, typer.Option(min=1)] = ROUNDS,
) -> None:
    quiet_libraries()
    print(table(beside_one_stream(work, trials, rounds=rounds)))


if __name__ == "__main__":
    run_with(Work, main)
