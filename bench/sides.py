"""The two sides of ``bench.end_to_end``: what each does, and what it held for its best when."""

import json
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Annotated, Any

import psutil
from msgspec import Meta, Struct
from msgspec.structs import replace
from sqlalchemy import select

from engine.learning.backbone import backbone_shape
from engine.search.spaces import default_body_bounds
from engine.spec import Protocol, RunSpec
from engine.spec.search import Sampler
from engine.store.connection import Store, open_store
from engine.store.racing import Contender, Race, best_first
from engine.store.runs import Scores, runs_by_id
from engine.store.schema import confirmation, run
from engine.store.workers import living_workers, set_desired_of_workers
from engine.tasks.load import load_task
from engine.tasks.models import model_path
from engine.tasks.splits import split_rows

COMMAND = str(Path(sysconfig.get_path("scripts")) / "bertcl-tui")
_ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 60.0
"""Seconds that workers have to end once all is done."""
_EXAMPLES = ("text", "text_pair")


class Setting(Struct, frozen=True, kw_only=True):
    """What is searched, by both sides; as it comes, as short as what ``bench.recorded`` learns."""

    sequence: str = "bbc-news:tweets"
    data: str = "sample"
    model: str = "sample"
    train_rows: int = 160
    eval_rows: int = 160
    epochs: int = 2
    batch_size: int = 8
    max_length: int = 32
    trials: Annotated[int, Meta(description="Of the script.")] = 30
    our_trials: Annotated[int | None, Meta(description="As search comes with, unless named.")] = (
        None
    )
    at_random: Annotated[
        bool, Meta(description="Whether ours is done with random proposals as well.")
    ] = True
    device: str = "auto"

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(self.sequence.split(":"))

    @property
    def protocol(self) -> Protocol:
        return Protocol(
            train_rows=self.train_rows,
            eval_rows=self.eval_rows,
            epochs=self.epochs,
            batch_size=self.batch_size,
            max_length=self.max_length,
        )

    def run(self, rates: Sequence[float]) -> RunSpec:
        """Return a run with these rates."""
        return RunSpec(
            sequence=self.tasks,
            data=self.data,
            model=self.model,
            method="profile",
            learning_rates=tuple(rates),
            protocol=self.protocol,
            device=self.device,
        )

    @property
    def title(self) -> str:
        rows = f"{self.train_rows} rows, {self.epochs} epochs"
        return f"{self.sequence}, {rows}, best of {self.trials} trials"


class Best(Struct, frozen=True, kw_only=True):
    """What a search would have named as its best from some moment on."""

    seconds: float
    """Since it was started."""
    spec: RunSpec
    searched: float
    """p as the search knew it."""

    @property
    def rates(self) -> str:
        """Tell the profile from others."""
        first = [] if self.spec.first_lr is None else [self.spec.first_lr]
        return " ".join(f"{rate:.6g}" for rate in (*first, *(self.spec.learning_rates or ())))


class Search(Struct, frozen=True, kw_only=True):
    """What a side did in a round."""

    seconds: float
    trials: int
    bests: list[Best]


def search_by_hand(setting: Setting, seed: int, folder: Path, rows: Path) -> Search:
    """Let the script search, and return what it did."""
    log = folder / "by_hand.jsonl"
    low, high = default_body_bounds(backbone_shape(setting.model).hidden_size)
    options = {
        "tasks": setting.sequence,
        "trials": setting.trials,
        "epochs": setting.epochs,
        "batch-size": setting.batch_size,
        "max-length": setting.max_length,
        "low": low,
        "high": high,
        "seed": seed,
        "device": setting.device,
    }
    words = [str(rows), model_path(setting.model), str(log)]
    command = [sys.executable, "-m", "bench.by_hand", *words, *_flags(options)]
    began = time.time()
    _run(command, folder)
    seconds = time.time() - began
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return Search(
        seconds=seconds, trials=len(lines), bests=list(bests_by_hand(setting, lines, began))
    )


def bests_by_hand(
    setting: Setting, lines: Sequence[dict[str, Any]], began: float
) -> Iterator[Best]:
    """Yield each trial that was better than all before it."""
    best = float("-inf")
    for line in lines:
        if line["p"] is not None and line["p"] > best:
            best = line["p"]
            spec = setting.run(line["rates"])
            yield Best(seconds=line["at"] - began, spec=spec, searched=best)


def search_as_typed(
    setting: Setting, seed: int, folder: Path, sampler: Sampler | None = None
) -> Search:
    """Let this project search, and return what it did; None: with its own sampler."""
    path = folder / "studies.db"
    options = {
        "data": setting.data,
        "model": setting.model,
        "train-rows": setting.train_rows,
        "eval-rows": setting.eval_rows,
        "epochs": setting.epochs,
        "batch-size": setting.batch_size,
        "max-length": setting.max_length,
        "trials": setting.our_trials,
        "sampler": sampler,
        "seed": seed,
        "device": setting.device,
        "store": path,
    }
    began = time.time()
    try:
        _run([COMMAND, "search", setting.sequence, *_flags(options)], folder)
        seconds = time.time() - began
    finally:
        if path.exists():
            end_workers(path)
    with closing(open_store(str(path), create=False)) as store:
        return replace(search_in(store, began), seconds=seconds)


def search_in(store: Store, began: float) -> Search:
    """Return what the one study of a store did, and which trial was its best at which moment."""
    ours = run.c.study_id.is_not(None)
    times = select(run.c.id, run.c.finished_at)
    races = select(confirmation.c.run_id, confirmation.c.trial_id).join(
        run, run.c.id == confirmation.c.run_id
    )
    with store.reading() as connection:
        ended = {row.id: row.finished_at for row in connection.execute(times.where(ours))}
        trial_of = {row.run_id: row.trial_id for row in connection.execute(races.where(ours))}
    found = {each.id: each for each in runs_by_id(store, ended)}
    complete = [run_id for run_id, each in found.items() if each.state == "complete"]
    contenders: dict[int, Contender] = {}
    bests: list[Best] = []
    for run_id in sorted(complete, key=ended.__getitem__):
        each = found[run_id]
        scores = Scores(p_o=each.p_o or 0.0, p_s=each.p_s or 0.0)
        if each.number is not None:
            contenders[run_id] = Contender(run_id=run_id, number=each.number, own=scores)
        else:
            raced = contenders[trial_of[run_id]]
            race = Race(seed=each.spec.seed, state="complete", scores=scores)
            contenders[raced.run_id] = replace(raced, races=(*raced.races, race))
        best = best_first(contenders.values())[0]
        spec = found[best.run_id].spec
        if not bests or bests[-1].spec != spec:
            bests.append(Best(seconds=ended[run_id] - began, spec=spec, searched=best.mean.p))
    trials = sum(each.number is not None for each in found.values())
    return Search(seconds=max(ended.values(), default=began) - began, trials=trials, bests=bests)


def end_workers(path: Path) -> None:
    """End the workers of a store, which would stay warm for a while."""
    with closing(open_store(str(path), create=False)) as store:
        set_desired_of_workers(store, "stopped")
        processes = []
        for worker in living_workers(store):
            with suppress(psutil.NoSuchProcess):
                processes.append(psutil.Process(worker.identity.pid))
        _, alive = psutil.wait_procs(processes, _PATIENCE)
        for process in alive:
            process.kill()


def _flags(options: dict[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in options.items() if value is not None]


def _run(command: Sequence[str], folder: Path) -> None:
    """Run one side's command, of this very checkout, with caches of its own.

    Raises:
        subprocess.SubprocessError: it failed; what it said stands on stderr.
    """
    caches = {name: str(folder / "cache") for name in ("BERTCL_CACHE", "HF_DATASETS_CACHE")}
    here = {**os.environ, **caches, "PYTHONPATH": str(_ROOT), "XDG_CONFIG_HOME": str(folder)}
    subprocess.run(command, env=here, stdout=subprocess.DEVNULL, check=True)


def write_rows(setting: Setting, folder: Path) -> Path:
    """Write the rows that the script learns from and scores trials on; return the folder."""
    for name in setting.tasks:
        splits = split_rows(load_task(name, setting.data), setting.protocol)
        (folder / name).mkdir(parents=True)
        for split, rows in (("train", splits.train), ("search", splits.search)):
            sentences = [rows.sentence1, *([] if rows.sentence2 is None else [rows.sentence2])]
            with (folder / name / f"{split}.jsonl").open("w", encoding="utf-8") as file:
                for label, *texts in zip(rows.labels, *sentences, strict=True):
                    row = dict(zip(_EXAMPLES, texts, strict=False))
                    file.write(f"{json.dumps({**row, 'label': label})}\n")
    return folder
