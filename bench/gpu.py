"""A GPU beside the CPU, beside Trainer, and with many trials at once: python -m bench.gpu --help

Backbones have the shape of BERT-base and random weights, tasks are made up with rows as short as
film reviews and as long as questions on passages, so that nothing has to be fetched; in less than
ten minutes. Losses and scores are compared without dropout, of which a GPU makes another draw. What
is found goes into a file, which ``python -m bench --take FILE`` puts into docs/performance.md, also
on another machine; --device cpu --quick shows that all of it runs where there is no GPU.
"""

import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated

import torch
import typer
from msgspec import Struct
from msgspec.structs import replace

from bench.figures import Figure, over_rounds, table
from bench.learning import Precision, Work, alone, largest_difference
from bench.made_up import BASE, random_backbone, random_tasks
from bench.results import Entry, origin_here, write_results
from bench.stacked import beside_one_stream
from bench.training import beside_trainer
from engine.learning.backbone import quiet_libraries
from engine.learning.device import free_memory
from engine.learning.prepare import prepare
from engine.spec import Protocol, RunSpec
from tests.tiny import tiny_backbone, tiny_tasks

FOUND = Path(__file__).parent / "gpu.json"
LEARNS_WELL = 3e-3
"""The rate at which the tests' backbone learns their tasks."""
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
STACKED_ROUNDS = 2
"""At most: sixteen backbones are made for each side of a round."""
Part = Callable[[], list[Figure]]


class Sizes(Struct, frozen=True, kw_only=True):
    """How much there is to do."""

    shape: dict[str, int]
    """Of the backbone, as a ``BertConfig`` has it."""
    steps: int
    batch_size: int
    rounds: int
    trials: tuple[int, ...]
    """So many together, one after the other."""
    tasks: tuple[str, ...]
    """Whose rows throughput is measured on."""
    scored_rows: int
    """Of each small task that is learnt to its end."""


WHOLE = Sizes(
    shape=BASE,
    steps=20,
    batch_size=16,
    rounds=3,
    trials=(1, 4, 16),
    tasks=("short", "long"),
    scored_rows=128,
)
QUICK = Sizes(
    shape={}, steps=2, batch_size=4, rounds=1, trials=(2,), tasks=("long",), scored_rows=32
)


def losses_as_on_the_cpu(work: Work) -> list[Figure]:
    """Hold the losses of a few steps in each precision against those of the CPU in fp32."""
    work = replace(work, dropout=False, steps=min(work.steps, 5))
    known = alone(replace(work, device="cpu", precision="fp32"), losses_at_once=1).losses
    cases = {precision: replace(work, precision=precision) for precision in PRECISIONS}
    return [
        over_rounds(
            f"{len(known)} steps in {precision}",
            "losses differ by",
            [largest_difference(known, alone(other, losses_at_once=1).losses)],
        )
        for precision, other in cases.items()
    ]


def scores_as_on_the_cpu(device: str, rows: int) -> list[Figure]:
    """Learn two small tasks on both, and return what both come to."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        spec = RunSpec(
            sequence=("mood", "agree"),
            data=str(tiny_tasks(folder / "tasks", train_rows=rows)),
            model=str(tiny_backbone(folder / "backbone")),
            options={"lr": LEARNS_WELL},
            protocol=Protocol(epochs=3, batch_size=4, dropout=False, precision="fp32"),
            device="cpu",
        )
        found = {"CPU": learnt(spec), "device": learnt(replace(spec, device=device))}
    case = "a small sequence, learnt to its end"
    return [over_rounds(case, f"p on the {where}", [p]) for where, p in found.items()]


def learnt(spec: RunSpec) -> float:
    """Learn a sequence, and return its p."""
    learner = prepare(spec)
    for _ in learner.events():
        pass
    return learner.search_matrix.p


def throughput(work: Work, rounds: int) -> list[Figure]:
    """Take turns with Trainer."""
    case = f"{work.task} rows, {work.precision}"
    return with_memory(work.device, partial(beside_trainer, work, rounds=rounds, case=case))


def stacked(work: Work, trials: int, rounds: int) -> list[Figure]:
    """Learn trials together."""
    case = f"{trials} at once, {work.task} rows, {work.precision}"
    part = partial(beside_one_stream, work, trials, rounds=rounds, case=case)
    return with_memory(work.device, part)


def with_memory(device: str, part: Part) -> list[Figure]:
    """Return what a part finds, and the most memory that tensors took meanwhile."""
    if not device.startswith("cuda"):
        return part()
    free_memory(device)
    torch.cuda.reset_peak_memory_stats(device)
    found = part()
    most = torch.cuda.max_memory_allocated(device) / 2**30
    return [*found, over_rounds(found[0].case, "GiB at most", [most])]


def parts(folder: Path, sizes: Sizes, device: str) -> Iterator[tuple[str, Part]]:
    """Yield what there is to measure, with what to call it where it fails."""
    work = Work(
        steps=sizes.steps,
        task="short",
        data=str(folder / "tasks/tasks.toml"),
        model=str(folder / "backbone"),
        batch_size=sizes.batch_size,
        device=device,
    )
    random_backbone(folder / "backbone", sizes.shape)
    # Some are held out.
    random_tasks(folder / "tasks", rows=2 * work.rows)
    yield "losses", partial(losses_as_on_the_cpu, work)
    yield "scores", partial(scores_as_on_the_cpu, device, sizes.scored_rows)
    for task in sizes.tasks:
        for precision in PRECISIONS:
            learnt_of = replace(work, task=task, precision=precision)
            yield f"{task} rows, {precision}", partial(throughput, learnt_of, sizes.rounds)
    for precision in PRECISIONS:
        for trials in sizes.trials:
            of_each, rounds = replace(work, precision=precision), min(sizes.rounds, STACKED_ROUNDS)
            yield f"{trials} at once, {precision}", partial(stacked, of_each, trials, rounds)


def measure(*, quick: bool = False, device: str = "cuda") -> list[Figure]:
    """Measure one part after the other; one that fails is told of, and the others go on."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        print("there is no CUDA here; --device cpu --quick shows that it runs", file=sys.stderr)
        raise SystemExit(2)
    quiet_libraries()
    found: list[Figure] = []
    with TemporaryDirectory() as folder:
        for name, part in parts(Path(folder), QUICK if quick else WHOLE, device):
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                found += part()
            except Exception:
                print(f"{name} failed:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
    return found


def main(
    *,
    device: str = "cuda",
    quick: Annotated[bool, typer.Option("--quick", help="Tiny, to see that it runs.")] = False,
    out: Annotated[Path, typer.Option(help="Where to write what was found.")] = FOUND,
) -> None:
    origin, began = origin_here(), perf_counter()
    found = measure(quick=quick, device=device)
    entry = Entry(
        about=f"{(__doc__ or '').partition(': python')[0]}.",
        seconds=perf_counter() - began,
        origin=origin,
        figures=found,
    )
    write_results({"gpu": entry}, out)
    print(table(found))


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
