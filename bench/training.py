"""Throughput of learning beside Hugging Face Trainer: python -m bench.training --help

Both learn the same batches of the same rows, from the same weights and at the same rates, and take
turns in every round, so that what else the machine does falls on both. Trainer is as it comes, with
the paper's protocol (no clipping); it pads every batch to its longest row, and with --grouped it
takes rows of like length together, as this project does with --batching by-length. What counts is
text, not padding: a row is as many tokens as the task's have on average. Needs the `bench` group:
pip install --group bench.

With --beside-mixed this project's mixed batches take Trainer's place, with --against FOLDER another
copy of this project, so that a change can be held against what was there before; both sides are
then processes of their own. With --processor-time the processor's seconds count: beside other work
the clock's tell little.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated, Any

import numpy as np
import torch
import typer
from msgspec.structs import asdict, replace
from numpy.typing import NDArray
from torch.utils.data import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerState,
    TrainingArguments,
)

from bench.figures import Figure, over_rounds, table
from bench.learning import RATE, TASKS, WARM_STEPS, Now, Stopwatch, Work, alone
from bench.made_up import tiny_work
from bench.options import run_with
from bench.step import profiled
from engine.learning.backbone import quiet_libraries
from engine.learning.device import pick_device
from engine.learning.prepare import prepare
from engine.tasks.encoded import Encoded, load_tokenizer
from engine.tasks.models import model_path

ROUNDS = 5
HERE = Path(__file__).resolve().parents[1]
_AS_IN_THAT_FOLDER = """
import runpy, sys
here, there = sys.argv.pop(1), sys.argv.pop(1)
sys.path.insert(0, there)
import engine
sys.path[0] = here
runpy.run_module("bench.training", run_name="__main__", alter_sys=True)
"""
"""What runs this bench with the engine of another folder."""

Side = Callable[[Work, Now], float]
"""Takes the steps, and returns the tokens of text a second."""


class Clock(TrainerCallback):
    """Tells a stopwatch of Trainer's steps."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch

    def on_step_end(  # type: ignore[override]  # it needs no more of what it is told
        self, _args: object, state: TrainerState, _control: object, **_: object
    ) -> None:
        self._watch.stepped(state.global_step)


class Rows(Dataset[dict[str, list[int]]]):
    """Rows in the order they are learnt in."""

    def __init__(self, encoded: Encoded, order: list[int]) -> None:
        self._encoded = encoded
        self._order = order

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, place: int) -> dict[str, list[int]]:
        row = self._encoded.batch([self._order[place]])
        return {name: values[0].tolist() for name, values in row.items()}


def bertcl(work: Work, now: Now) -> float:
    """Time this project's learner."""
    timed = alone(work, now)
    return timed.tokens / timed.seconds


def _mixed(work: Work, now: Now) -> float:
    return bertcl(replace(work, batching="mixed"), now)


def copy_in(folder: Path, work: Work, now: Now) -> float:
    """Time the learner of the copy in a folder, in a process of its own."""
    words = [f"--{name.replace('_', '-')}={value}" for name, value in _typed(work).items()]
    words += [f"--threads={torch.get_num_threads()}"]
    words += ["--processor-time"] if now is process_time else []
    words += [] if work.dropout else ["--no-dropout"]
    command = (sys.executable, "-c", _AS_IN_THAT_FOLDER, str(HERE), str(folder), *words, "--once")
    found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return float(found.stdout.split()[-1])


def _typed(work: Work) -> dict[str, object]:
    return {name: value for name, value in asdict(work).items() if name != "dropout"}


class Counting(DataCollatorWithPadding):
    """Pads, and counts the tokens of every batch."""

    def __init__(self, path: str) -> None:
        super().__init__(load_tokenizer(path))
        self.tokens: list[int] = []

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        self.tokens.append(sum(len(row["input_ids"]) for row in features))
        padded: dict[str, Any] = super().__call__(features)
        return padded


def trainer(work: Work, now: Now, *, grouped: bool = False) -> float:
    """Time the same steps of Trainer."""
    spec = work.spec()
    setup = prepare(spec).setup
    path, task = model_path(spec.model), setup.tasks[0]
    watch, collator = Stopwatch(setup.device, work, now), Counting(path)
    with tempfile.TemporaryDirectory() as folder:
        learner = Trainer(
            model=AutoModelForSequenceClassification.from_pretrained(
                path, num_labels=task.classes, trust_remote_code=False
            ),
            args=TrainingArguments(
                output_dir=folder,
                max_steps=work.last_step,
                per_device_train_batch_size=work.batch_size,
                learning_rate=RATE,
                lr_scheduler_type="cosine",
                warmup_steps=spec.protocol.warmup,
                max_grad_norm=0.0,
                bf16=setup.device.dtype is torch.bfloat16,
                use_cpu=setup.device.target.type == "cpu",
                train_sampling_strategy="group_by_length" if grouped else "sequential",
                logging_strategy="no",
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
            ),
            train_dataset=Rows(task.train, [row for rows in _batches(work) for row in rows]),
            data_collator=collator,
            callbacks=[Clock(watch)],
        )
        learner.remove_callback(PrinterCallback)
        learner.train()
    return sum(collator.tokens[WARM_STEPS : work.last_step]) / watch.seconds


def _batches(work: Work) -> list[list[int]]:
    """Return the rows of every step, warm ones included."""
    rows = prepare(work.spec()).setup.batches(0, after=0)
    return [next(rows).tolist() for _ in range(work.last_step)]


def padding_of(work: Work) -> str:
    """Say how much of a padded batch is text."""
    lengths = _lengths(work)
    timed = _batches(work)[WARM_STEPS:]
    tokens = sum(int(lengths[rows].sum()) for rows in timed) / work.steps
    padded = sum(len(rows) * int(lengths[rows].max()) for rows in timed) / work.steps
    return f"{tokens:.0f} tokens a batch, {padded:.0f} when padded"


def _lengths(work: Work) -> NDArray[np.int64]:
    return prepare(work.spec()).setup.tasks[0].train.lengths()


def compare(
    work: Work,
    sides: dict[str, Side],
    *,
    rounds: int,
    now: Now = perf_counter,
    case: str = "",
) -> list[Figure]:
    """Let two sides take turns; return rows a second of each, and of the first over the second."""
    case = case or f"{work.task}: {padding_of(work)}, {pick_device(work.device, work.precision)}"
    rates: dict[str, list[float]] = {name: [] for name in sides}
    of_a_row = float(_lengths(work).mean())
    for number in range(rounds):
        for name in list(sides) if number % 2 == 0 else reversed(list(sides)):
            rates[name].append(sides[name](work, now) / of_a_row)
    ratios = [ours / theirs for ours, theirs in zip(*rates.values(), strict=True)]
    return [
        *(over_rounds(case, f"{name}, rows/s", found) for name, found in rates.items()),
        over_rounds(case, "ratio", ratios),
    ]


def beside_trainer(
    work: Work, *, rounds: int, grouped: bool = False, now: Now = perf_counter, case: str = ""
) -> list[Figure]:
    """Let this project and Trainer take turns."""
    sides: dict[str, Side] = {"ours": bertcl, "Trainer": partial(trainer, grouped=grouped)}
    return compare(work, sides, rounds=rounds, now=now, case=case)


def measure(*, quick: bool = False) -> list[Figure]:
    """Hold one thread's learning of two tasks in fp32 against Trainer's."""
    quiet_libraries()
    torch.set_num_threads(1)
    if quick:
        with tiny_work() as work:
            return beside_trainer(work, rounds=1)
    works = [Work(task=task, device="cpu", precision="fp32") for task in TASKS]
    return [figure for work in works for figure in beside_trainer(work, rounds=ROUNDS)]


def main(
    work: Work,
    *,
    rounds: Annotated[int, typer.Option(min=1)] = ROUNDS,
    threads: Annotated[int, typer.Option(help="0: as torch chooses.")] = 0,
    profile_steps: Annotated[int, typer.Option(help="Then say where the time goes.")] = 0,
    grouped: Annotated[bool, typer.Option("--grouped", help="As Trainer may.")] = False,
    beside_mixed: Annotated[bool, typer.Option("--beside-mixed")] = False,
    against: Annotated[Path | None, typer.Option(help="A folder with another copy.")] = None,
    processor_time: Annotated[bool, typer.Option("--processor-time")] = False,
    once: Annotated[bool, typer.Option("--once", hidden=True)] = False,
) -> None:
    if threads:
        torch.set_num_threads(threads)
    quiet_libraries()
    now = process_time if processor_time else perf_counter
    if once:
        print(bertcl(work, now))
        return
    if against is None and not beside_mixed:
        found = beside_trainer(work, rounds=rounds, grouped=grouped, now=now)
    else:
        sides: dict[str, Side] = {"by length": bertcl, "mixed": _mixed}
        if against is not None:
            there = against.resolve()
            sides = {"here": partial(copy_in, HERE), "there": partial(copy_in, there)}
        found = compare(work, sides, rounds=rounds, now=now)
    print(table(found))
    if profile_steps:
        order = "self_cuda_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
        found_by_profiler = profiled(prepare(work.spec()), profile_steps)
        most = {"sort_by": order, "row_limit": 15, "max_name_column_width": 40}
        print(found_by_profiler.table(**most))  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    run_with(Work, main)
