"""Backbones of any shape with random weights, and made-up tasks: nothing has to be fetched."""

import csv
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.learning import Work
from tests.tiny import FILLERS, MOODS, tiny_backbone, tiny_tasks

BASE = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "vocab_size": 30_522,
}
"""BERT-base's."""
SHORT, LONG = (27, 12), (108, 60)
"""Words of a row, mean and spread: as film reviews have, and as questions on passages."""
_FEWEST, _MOST = 4, 250


def random_backbone(folder: Path, shape: dict[str, int]) -> Path:
    """Save a BERT of that shape with random weights, and its tokenizer."""
    return tiny_backbone(folder, **shape)


def random_tasks(folder: Path, *, rows: int) -> Path:
    """Write two tasks, ``short`` and ``long``, of such lengths; return the task file (TOML)."""
    folder.mkdir(parents=True, exist_ok=True)
    task_file = folder / "tasks.toml"
    with task_file.open("w", encoding="utf-8") as toml:
        for name, lengths in (("short", SHORT), ("long", LONG)):
            _write(folder / f"{name}.csv", lengths, rows)
            toml.write(f'[tasks.{name}]\ntrain = "{name}.csv"\n')
            toml.write('sentence1 = "text"\nlabel = "label"\nepochs = 1\n\n')
    return task_file


def _write(path: Path, lengths: tuple[int, int], rows: int) -> None:
    draw = random.Random(path.name)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number in range(rows):
            label = number % len(MOODS)
            words = min(max(round(draw.gauss(*lengths)), _FEWEST), _MOST)
            text = [*draw.choices(FILLERS, k=words - 1), draw.choice(MOODS[label])]
            draw.shuffle(text)
            writer.writerow([" ".join(text), label])


@contextmanager
def tiny_work(*, steps: int = 2) -> Iterator[Work]:
    """Have a few steps of the tests' backbone and tasks, to see that a bench runs."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        work = Work(
            steps=steps,
            task="mood",
            data=str(folder / "tasks/tasks.toml"),
            model=str(folder / "backbone"),
            batch_size=4,
            device="cpu",
        )
        tiny_backbone(folder / "backbone")
        # Some are held out.
        tiny_tasks(folder / "tasks", train_rows=2 * work.rows)
        yield work
