"""Many trials at once beside one stream: python bench/stacked.py --help

The same trials, which differ in rates and seeds, take the same number of steps one after the other
and together; measuring is left out. Their losses are compared too, which says something on a CPU,
or without dropout. The goal, on an H200: sixteen trials of BERT-base at eight times the steps of
one stream (--trials 16 --model bert-base-uncased --data hub --task sst2, or a folder of a model).
"""

import json
from collections.abc import Iterable
from time import perf_counter
from typing import Annotated, Literal

import torch
import typer

from engine.learning.backbone import quiet_libraries
from engine.learning.events import Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from engine.learning.stacked import Stack
from engine.spec import Protocol, RunSpec

WARM_STEPS = 3

Precision = Literal["auto", "fp32", "bf16"]
Losses = list[float]


def one_after_the_other(specs: Iterable[RunSpec], steps: int) -> tuple[float, list[Losses]]:
    """Return the seconds of the timed steps of all trials, and their losses."""
    seconds, losses = 0.0, []
    for spec in specs:
        learner = prepare(spec)
        learner.losses_at_once = steps  # as a GPU reads them: seldom
        found: Losses = []
        for event in learner.events():
            if not isinstance(event, Stepped):
                continue
            found += [] if event.loss is None else [event.loss]
            if event.step == WARM_STEPS:
                began = _now(learner)
            if event.step == WARM_STEPS + steps:
                break
        seconds += _now(learner) - began
        losses.append(found)
    return seconds, losses


def together(specs: Iterable[RunSpec], steps: int) -> tuple[float, list[Losses]]:
    """Return the same of a stack."""
    learners = [prepare(spec) for spec in specs]
    stack = Stack()
    losses: dict[SequenceLearner, Losses] = {}
    for learner in learners:
        learner.losses_at_once = steps
        stack.join(learner)
        losses[learner] = []
    began = 0.0
    for learner, event in stack.events():
        if not isinstance(event, Stepped):
            continue
        losses[learner] += [] if event.loss is None else [event.loss]
        if learner is learners[-1] and event.step == WARM_STEPS:
            began = _now(learner)
        if learner is learners[-1] and event.step == WARM_STEPS + steps:
            break
    return _now(learners[0]) - began, list(losses.values())


def _now(learner: SequenceLearner) -> float:
    """Return the time when the device is through with all it was given."""
    if learner.setup.device.target.type == "cuda":
        torch.cuda.synchronize(learner.setup.device.target)
    return perf_counter()


def main(
    *,
    trials: Annotated[int, typer.Option(min=2)] = 4,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Timed in each round.")] = 20,
    task: str = "rotten-tomatoes",
    data: str = "sample",
    model: str = "sample",
    batch_size: int = 16,
    device: str = "auto",
    precision: Precision = "auto",
    dropout: bool = True,
) -> None:
    quiet_libraries()
    # One measurement a stage, which the timed steps are to come before.
    protocol = Protocol(
        batch_size=batch_size,
        precision=precision,
        dropout=dropout,
        epochs=1,
        measures_per_epoch=1,
        train_rows=(WARM_STEPS + steps + 1) * batch_size,
    )
    specs = [
        RunSpec(
            sequence=(task, task),
            data=data,
            model=model,
            method="flat",
            options={"lr": 2e-5 * (1 + number / trials)},
            protocol=protocol,
            seed=number,
            device=device,
        )
        for number in range(trials)
    ]
    found = [(one_after_the_other(specs, steps), together(specs, steps)) for _ in range(rounds)]
    ratios = sorted(alone / stacked for (alone, _), (stacked, _) in found)
    (_, losses), (_, stacked_losses) = found[-1]
    pairs = [
        (one, other)
        for each, others in zip(losses, stacked_losses, strict=True)
        for one, other in zip(each, others, strict=False)
    ]
    memory = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None
    facts = {
        "trials": trials,
        "steps a second of one stream": trials * steps / min(alone for (alone, _), _ in found),
        "steps a second together": trials * steps / min(stacked for _, (stacked, _) in found),
        "ratio": ratios[len(ratios) // 2],
        "ratios": ratios,
        "largest relative difference of losses": max(
            (abs(other / one - 1) for one, other in pairs), default=None
        ),
        "GiB": memory,
    }
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    typer.run(main)
