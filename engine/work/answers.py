"""``python -m engine.work.answers``: answers one question of ``engine.work.ask``, read from stdin.

Answers are lines of JSON on stdout. Exit 2, or 1, and one line on stderr where it cannot be
answered. Each answer loads the libraries that it takes, and no others.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec
from msgspec import Struct

from engine.errors import EngineError, UnreachableError, UsageError, shown
from engine.spec import RunSpec
from engine.tasks.facts import NOT_HERE, FactsQuestion, NoFacts, StoredFacts, TaskFacts
from engine.tasks.hub_access import NotCachedError, cache_only
from engine.tasks.shift_findings import Progress, StoredFindings
from engine.tasks.shift_findings import Question as ShiftQuestion
from engine.work.ask import (
    CheckRuns,
    DescribeMachine,
    DrawShifts,
    FindShifts,
    LookAtTasks,
    NameParameters,
    Names,
    Question,
    Rates,
    Remark,
    ShareMachine,
    WeighImportance,
)
from engine.work.machine import Machine, core_count, nvidia_gpu_count
from engine.work.processes import read_message

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue
    from multiprocessing.synchronize import Barrier

    from engine.learning.backbone import BackboneShape

_MEASURED_SECONDS = 2.0
_MOST_SECONDS = 60.0
"""For which a process waits until the others are there."""

Say = Callable[[Struct], None]
"""Sends one answer."""


def main() -> int:
    """Answer the question on stdin."""
    question = msgspec.json.decode(read_message(), type=Question)
    with _answer_pipe() as pipe:

        def say(item: Struct) -> None:
            pipe.write(msgspec.json.encode(item) + b"\n")
            pipe.flush()

        try:
            answer(question, say)
        except EngineError as error:
            sys.stderr.write(f"{error}\n")
            return error.exit_code
    return 0


def answer(question: Question, say: Say) -> None:
    """Say all that is to be said to a question.

    Raises:
        UsageError: what was asked for is not to be had.
        EngineError: it could not be done.
    """
    match question:
        case CheckRuns():
            for remark in check(question.specs):
                say(Remark(remark))
        case DescribeMachine():
            say(describe_machine())
        case ShareMachine():
            say(Rates(measure_rates(core_count())))
        case FindShifts():
            find_shifts(question.question, say)
        case LookAtTasks():
            look_at_tasks(question.questions, say)
        case DrawShifts():
            from engine.exports.shift_figure import write_figure

            write_figure(question.question, question.method, Path(question.path))
        case WeighImportance():
            weigh_importance(question)
        case NameParameters():
            from engine.learning.backbone import quiet_libraries
            from engine.trainers.names import parameter_names

            quiet_libraries()
            say(Names(parameter_names(question.model, question.head)))


def check(specs: Iterable[RunSpec]) -> list[str]:
    """Load everything that runs need but the weights, and see that those are there.

    Returns:
        What is other than asked for, a line each.

    Raises:
        UsageError: something is not to be had.
    """
    from engine.learning.backbone import backbone_shape, quiet_libraries
    from engine.learning.device import pick_device
    from engine.learning.methods import make_method
    from engine.learning.prepare import prepare_task
    from engine.profiles.grouping import make_grouping
    from engine.tasks.facts import largest_class, remarks_of_skew
    from engine.tasks.models import require_weights

    quiet_libraries()
    remarks: dict[str, None] = {}
    for spec in specs:
        pick_device(spec.device, spec.protocol.precision)
        shape = backbone_shape(spec.model)
        require_weights(spec.model)
        grouping = make_grouping(spec.protocol.grouping, shape.n_layers)
        method = make_method(spec)
        method.learning_rates(grouping)
        method.require(spec.model)
        tasks = [
            prepare_task(name, spec.data, spec.model, spec.protocol, spec.device)
            for name in spec.sequence
        ]
        remarks |= dict.fromkeys(_remarks(spec, shape))
        shares = ((task.name, largest_class(task.train.labels)) for task in tasks)
        remarks |= dict.fromkeys(remarks_of_skew(shares, spec.protocol))
    return list(remarks)


def _remarks(spec: RunSpec, shape: "BackboneShape") -> Iterator[str]:
    asked, longest = spec.protocol.max_length, shape.longest_input
    if longest < asked:
        yield f"model '{shown(spec.model)}' takes {longest} tokens at most, not {asked}: cut there"
    if shape.shares_weights:
        layers = "1 layer" if shape.n_layers == 1 else f"{shape.n_layers} layers"
        yield f"model '{shown(spec.model)}' uses the same weights again: it has {layers} to tune"


def describe_machine() -> Machine:
    """Look at this machine with torch."""
    import torch

    from engine.learning.device import pick_device

    usable = torch.cuda.device_count()
    gpus = map(torch.cuda.get_device_properties, range(usable))
    return Machine(
        cores=core_count(),
        gpus=tuple(f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB" for gpu in gpus),
        hidden=max(0, nvidia_gpu_count() - usable),
        device=str(pick_device()),
    )


def measure_rates(cores: int) -> dict[int, float]:
    """Return steps a second by how many processes share these cores, measured in about 2 s.

    The processes are forks, for that nothing may have used torch's threads before.
    """
    import torch  # noqa: F401 - loaded once for all forks

    powers = (2**power for power in range(cores.bit_length()))
    candidates = sorted({*powers, cores})
    seconds = _MEASURED_SECONDS / len(candidates)
    fork = multiprocessing.get_context("fork")
    found: dict[int, float] = {}
    for workers in candidates:
        together, rates = fork.Barrier(workers), fork.SimpleQueue()
        asked = (max(1, cores // workers), seconds, together, rates)
        processes = [
            fork.Process(target=_learn_a_layer, args=asked, daemon=True) for _ in range(workers)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        if not all(process.exitcode == 0 for process in processes):  # there is no memory for them
            break
        found[workers] = sum(rates.get() for _ in processes)
    return found


def _learn_a_layer(
    threads: int, seconds: float, together: "Barrier", rates: "SimpleQueue[float]"
) -> None:
    """Learn a layer of BERT-base from sixteen short rows for so long; say the steps a second."""
    import torch
    from torch import nn, optim

    torch.set_num_threads(threads)
    layer = nn.TransformerEncoderLayer(768, 12, 3072, activation="gelu", batch_first=True)
    optimizer, rows = optim.Adam(layer.parameters(), fused=True), torch.ones(16, 26, 768)

    def step() -> None:
        optimizer.zero_grad()
        layer(rows).square().mean().backward()
        optimizer.step()

    step()
    together.wait(timeout=_MOST_SECONDS)
    began, steps = time.monotonic(), 0
    while (took := time.monotonic() - began) < seconds:
        step()
        steps += 1
    rates.put(steps / took)


def find_shifts(question: ShiftQuestion, say: Say) -> None:
    """Say each finding when it is found and stored, and in between how far it is.

    Raises:
        UsageError: the task or the model is not to be had.
    """
    from engine.learning import shift_findings as findings
    from engine.learning.backbone import quiet_libraries

    quiet_libraries()
    stored = StoredFindings(question)
    for finding in findings.find_shifts(question, lambda done, total: say(Progress(done, total))):
        stored.write(finding)
        say(finding)


def look_at_tasks(questions: Iterable[FactsQuestion], say: Say) -> None:
    """Say what there is to know of each task, and keep it; nothing is fetched from the hub."""
    from engine.learning.task_facts import look_at_task

    looks = {question: look_at_task(question) for question in questions}
    facts: TaskFacts | NoFacts | None
    while looks:  # the rows of all tasks before the tokens of any
        for question, look in list(looks.items()):
            try:
                with cache_only():
                    facts = next(look, None)
            except (NotCachedError, UnreachableError):
                facts = NoFacts(task=question.task, reason=NOT_HERE)
            except UsageError as error:
                facts = NoFacts(task=question.task, reason=str(error))
            if isinstance(facts, TaskFacts) and facts.tokens is not None:
                StoredFacts(question).write(facts)
            if facts is not None:
                say(facts)
            if not isinstance(facts, TaskFacts):
                del looks[question]


def weigh_importance(asked: WeighImportance) -> None:
    """Weigh what matters in a study, where that is due."""
    from engine.search.importance import weigh_if_old
    from engine.store.connection import open_store

    with closing(open_store(asked.store, create=False)) as store:
        weigh_if_old(store, asked.study_id, asked.evaluator)


def _answer_pipe() -> IO[bytes]:
    """Return what stdout was; what libraries print goes to stderr from now on."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


if __name__ == "__main__":
    sys.exit(main())
