"""Training throughput beside Hugging Face Trainer: python bench/training.py --help

Both learn the same batches of the same rows, from the same weights and at the same rates, and take
turns in every round, so that what else the machine does falls on both. Trainer is as it comes, with
the paper's protocol (no clipping); it pads every batch to its longest row, and with --grouped it
takes rows of like length together. Needs the `bench` group: pip install --group bench.

With --against FOLDER another copy of this project takes Trainer's place, so that a change can be
held against what was there before; both sides are then processes of their own. With
--processor-time the processor's seconds count: beside other work the clock's tell little.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time
from typing import Annotated, Literal

import torch
import transformers
import typer
from torch.profiler import profile
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

from engine.learning.device import Device, pick_device
from engine.learning.events import Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.plan import batches
from engine.learning.prepare import prepare
from engine.spec import Protocol, RunSpec
from engine.tasks.encoded import Encoded
from engine.tasks.models import model_path
from engine.tasks.tokenizer import load_tokenizer

RATE = 2e-5
WARM_STEPS = 2

Precision = Literal["auto", "fp32", "bf16"]
Seconds = float
Now = Callable[[], Seconds]
Side = Callable[[RunSpec, int, Now], Seconds]


class Clock(TrainerCallback):
    """Measures from the end of the warm steps to the end of the last."""

    def __init__(self, device: Device, steps: int, now: Now) -> None:
        self._device = device
        self._now = now
        self._last = WARM_STEPS + steps
        self._began = 0.0
        self.seconds = 0.0

    def stepped(self, step: int) -> None:
        if step in (WARM_STEPS, self._last):
            if self._device.target.type == "cuda":
                torch.cuda.synchronize(self._device.target)
            now = self._now()
            self._began, self.seconds = now, now - self._began

    def on_step_end(
        self, _args: object, state: TrainerState, _control: object, **_: object
    ) -> None:
        self.stepped(state.global_step)


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


def bertcl(spec: RunSpec, steps: int, now: Now) -> Seconds:
    """Time so many steps of this project's learner."""
    learner = prepare(spec)
    clock = Clock(learner.setup.device, steps, now)
    for event in learner.events():
        if isinstance(event, Stepped):
            clock.stepped(event.step)
            if event.step == WARM_STEPS + steps:
                return clock.seconds
    raise SystemExit(f"task {spec.sequence[0]} has too few rows for {steps} steps")


def copy_in(folder: Path, _spec: RunSpec, _steps: int, _now: Now) -> Seconds:
    """Time the learner of the copy in a folder, in a process that is asked for the same."""
    found = subprocess.run(
        (sys.executable, __file__, *sys.argv[1:], "--once"),
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(found.stdout.split()[-1])


def trainer(spec: RunSpec, steps: int, now: Now, *, grouped: bool = False) -> Seconds:
    """Time the same steps of Trainer."""
    setup = prepare(spec).setup
    path, task = model_path(spec.model), setup.tasks[0]
    clock = Clock(setup.device, steps, now)
    with tempfile.TemporaryDirectory() as folder:
        learner = Trainer(
            model=AutoModelForSequenceClassification.from_pretrained(
                path, num_labels=task.classes, trust_remote_code=False
            ),
            args=TrainingArguments(
                output_dir=folder,
                max_steps=WARM_STEPS + steps,
                per_device_train_batch_size=spec.protocol.batch_size,
                learning_rate=RATE,
                lr_scheduler_type="cosine",
                warmup_steps=spec.protocol.warmup,
                max_grad_norm=0.0,
                bf16=setup.device.dtype is torch.bfloat16,
                use_cpu=setup.device.target.type == "cpu",
                train_sampling_strategy="group_by_length" if grouped else "sequential",
                logging_strategy="no",
                save_strategy="no",
                disable_tqdm=True,
            ),
            train_dataset=Rows(task.train, [row for rows in _batches(spec, steps) for row in rows]),
            data_collator=DataCollatorWithPadding(load_tokenizer(path)),
            callbacks=[clock],
        )
        learner.remove_callback(PrinterCallback)
        learner.train()
    return clock.seconds


def _batches(spec: RunSpec, steps: int) -> list[list[int]]:
    """Return the rows of every step, warm ones included."""
    plan = prepare(spec).setup.plans[0]
    rows = batches(plan, stage=0, seed=spec.seed, shuffle=True, after=0)
    return [next(rows).tolist() for _ in range(WARM_STEPS + steps)]


def show_work(spec: RunSpec, steps: int) -> None:
    """Say how much of a padded batch is text."""
    lengths = prepare(spec).setup.tasks[0].train.lengths()
    timed = _batches(spec, steps)[WARM_STEPS:]
    tokens = sum(int(lengths[rows].sum()) for rows in timed) / steps
    padded = sum(len(rows) * int(lengths[rows].max()) for rows in timed) / steps
    print(f"a batch: {tokens:.0f} tokens, {padded:.0f} when padded")


def show(name: str, found: list[float]) -> None:
    """Print the median and the middle 80 % of the rounds."""
    deciles = quantiles(found, n=10, method="inclusive")
    print(f"{name:<16}{deciles[4]:10.2f}   ({deciles[0]:.2f} to {deciles[8]:.2f})")


def show_profile(learner: SequenceLearner, steps: int) -> None:
    """Print what the learner's own steps spend their time on."""
    events = (event for event in learner.events() if isinstance(event, Stepped))
    next(events)
    with profile() as seen:
        for _ in range(steps):
            next(events)
    order = "self_cuda_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
    print(seen.key_averages().table(sort_by=order, row_limit=15, max_name_column_width=40))


def main(
    *,
    rounds: Annotated[int, typer.Option(min=2)] = 5,
    steps: Annotated[int, typer.Option(min=1, help="Timed in each round.")] = 20,
    task: str = "rotten-tomatoes",
    data: str = "sample",
    model: str = "sample",
    batch_size: int = 16,
    device: str = "auto",
    precision: Precision = "auto",
    threads: Annotated[int, typer.Option(help="0: as torch chooses.")] = 0,
    profile_steps: Annotated[int, typer.Option(help="Then say where the time goes.")] = 0,
    grouped: Annotated[bool, typer.Option("--grouped", help="As Trainer may.")] = False,
    against: Annotated[Path | None, typer.Option(help="A folder with another copy.")] = None,
    processor_time: Annotated[bool, typer.Option("--processor-time")] = False,
    once: Annotated[bool, typer.Option("--once", hidden=True)] = False,
) -> None:
    if threads:
        torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    protocol = Protocol(epochs=1, measures_per_epoch=1, batch_size=batch_size, precision=precision)
    spec = RunSpec(
        sequence=(task,),
        data=data,
        model=model,
        options={"lr": RATE},
        device=device,
        protocol=protocol,
    )
    now = process_time if processor_time else perf_counter
    if once:
        print(bertcl(spec, steps, now))
        return
    print(f"{task}, {model}, batches of {batch_size}, {pick_device(device, precision)}")
    show_work(spec, steps)
    sides: dict[str, Side] = {"bertcl": bertcl, "trainer": partial(trainer, grouped=grouped)}
    if against is not None:
        here = Path(__file__).resolve().parents[1]
        sides = {"here": partial(copy_in, here), "there": partial(copy_in, against.resolve())}
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in sides if number % 2 == 0 else reversed(sides):
            rates[name].append(steps * batch_size / sides[name](spec, steps, now))
    for name, found in rates.items():
        show(f"{name}, rows/s", found)
    show("ratio", [ours / theirs for ours, theirs in zip(*rates.values(), strict=True)])
    if profile_steps:
        show_profile(prepare(spec), profile_steps)


if __name__ == "__main__":
    typer.run(main)
