"""Where the time of a step goes: python -m bench.step --help

What is reached are the operations that a step's matrix products need by the time that it takes; the
machine's own rate is that of multiplying large matrices on as many
threads. Then comes the share of a step that each operation takes by itself.
"""

from collections.abc import Iterator
from itertools import islice

import torch
from torch.autograd.profiler_util import EventList
from torch.profiler import profile

from bench.figures import Figure, over_rounds, table
from bench.learning import TASKS, WARM_STEPS, Work
from bench.made_up import tiny_work
from bench.options import run_with
from engine.learning.backbone import quiet_libraries
from engine.learning.events import Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.model import matrix_rate
from engine.learning.prepare import prepare

MOST = 10
"""Operations that are told one by one."""


def steps_of(learner: SequenceLearner) -> Iterator[Stepped]:
    """Take one step after another."""
    return (event for event in learner.events() if isinstance(event, Stepped))


def profiled(learner: SequenceLearner, steps: int) -> EventList:
    """Return what a learner's own steps spend their time on."""
    events = steps_of(learner)
    next(events)
    with profile() as seen:
        for _ in range(steps):
            next(events)
    found: EventList = seen.key_averages()
    return found


def rate_of(work: Work) -> list[Figure]:
    """Return what is reached of the machine's own rate."""
    learner = prepare(work.spec())
    taken = list(islice(steps_of(learner), work.last_step))[WARM_STEPS:]
    reached = [step.products / step.seconds / 1e9 for step in taken]
    own = matrix_rate(learner.setup.device.target, torch.get_num_threads()) / 1e9
    return [
        over_rounds(work.task, "GFLOP/s", reached),
        over_rounds(work.task, "the machine's", [own]),
        over_rounds(work.task, "share", [each / own for each in reached]),
    ]


def shares_of(work: Work) -> list[Figure]:
    """Return which share of a step each operation takes, those that take most first."""
    found = profiled(prepare(work.spec()), work.steps)
    on_gpu = work.device.startswith("cuda")
    times = {
        each.key: each.self_device_time_total if on_gpu else each.self_cpu_time_total
        for each in found
    }
    ordered = sorted(times, key=times.__getitem__, reverse=True)
    shares = {name: times[name] / sum(times.values()) for name in ordered[:MOST]}
    shares["the rest"] = 1 - sum(shares.values())
    return [over_rounds(name, f"of a step of {work.task}", [each]) for name, each in shares.items()]


def measure(*, quick: bool = False) -> list[Figure]:
    """Look into one thread's steps in fp32."""
    quiet_libraries()
    torch.set_num_threads(1)
    if quick:
        with tiny_work() as work:
            return [*rate_of(work), *shares_of(work)]
    works = [Work(task=task, device="cpu", precision="fp32", steps=10) for task in TASKS]
    rates = [figure for work in works for figure in rate_of(work)]
    return [*rates, *shares_of(works[0])]


def main(work: Work) -> None:
    quiet_libraries()
    print(table([*rate_of(work), *shares_of(work)]))


if __name__ == "__main__":
    run_with(Work, main)
