"""The recorded store at one moment that never passes, on one machine that is nobody's."""

import json
from collections.abc import Iterator, Sequence
from math import log10, sin
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import insert, update

from bertcl_tui.store.study_rows import WorkerRow
from bertcl_tui.workers.loads import Loads
from engine.spec.protocol import rate_factor
from engine.store.connection import open_store
from engine.store.importance import ImportanceRecord, keep_importance
from engine.store.schema import (
    confusion,
    drift,
    log,
    measurement,
    probe,
    run,
    study,
    trace,
    worker,
)
from engine.work.machine import GpuLoad, MachineLoad
from tests.recorded import STAGE_STEPS

NOW: Final = 1_900_000_000.0
HOUR: Final = 3600.0
STUDY: Final = 1
"""Id of the study that goes on."""
TOLD: Final = 11
"""Id of a complete run of that study of which everything was measured."""
LOOKED_AT: Final = 26
"""That of the run under the cursor in its picture."""
_ENDS: Final = {
    TOLD: {(0, 0): 0.811, (1, 0): 0.754, (1, 1): 0.663},
    LOOKED_AT: {(0, 0): 0.764, (1, 0): 0.732, (1, 1): 0.667},
}
"""What was known at the ends of their stages."""
_FEELINGS: Final = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion",
    "curiosity", "desire", "disappointment", "disapproval", "embarrassment", "fear", "grief",
)  # fmt: skip
_COUNTED: Final[dict[int, tuple[tuple[str, ...], ...]]] = {
    TOLD: (("rotten", "fresh"), ("irrelevant", "relevant")),
    LOOKED_AT: (_FEELINGS, ("irrelevant", "relevant")),
}
"""Names of the classes of both tasks."""
_PROBED: Final = {(0, 0): 0.798, (1, 0): 0.782, (1, 1): 0.671}
IMPORTANCE: Final = ImportanceRecord(
    evaluator="ped-anova", trials=24, shares=(0.21, 0.12, 0.05, 0.09, 0.03, 0.11, 0.07, 0.32)
)
LOAD: Final = MachineLoad(
    cores=(92.0, 88.0, 14.0, 3.0),
    memory_used=9_600_000_000,
    memory_total=33_500_000_000,
    gpus=(
        GpuLoad(
            name="H200",
            percent=87.0,
            memory_used=3_200_000_000,
            memory_total=150_000_000_000,
            celsius=61,
        ),
    ),
)


def remember_loads(loads: Loads, workers: Sequence[WorkerRow]) -> None:
    """Have an app remember how busy everybody was in the last minute and a half."""
    for second in range(90, -1, -1):
        wave = 0.5 + 0.5 * sin(second / 9)
        cores = tuple(share * (0.6 + 0.4 * wave) for share in LOAD.cores)
        memory = int(LOAD.memory_used * (1 - 0.003 * second))
        loads.add_machine(NOW - second, replace(LOAD, cores=cores, memory_used=memory))
        loads.add_workers(
            [
                replace(
                    row,
                    cpu_percent=143.0 - 60 * wave,
                    memory_bytes=(row.memory_bytes or 0) - 4_000_000 * second,
                    gpu_percent=87.0 * (1 - 0.3 * wave),
                    heartbeat_at=row.heartbeat_at - second,
                )
                for row in workers
            ]
        )


def freeze(path: Path) -> Path:
    """Let everything in a recorded store have happened just before ``NOW``; return ``path``."""
    store = open_store(str(path))
    with store.writing() as connection:
        connection.execute(
            update(worker).values(
                host="gpu-box",
                pid=4242,
                process=None,
                started_at=NOW - HOUR,
                heartbeat_at=NOW - 1,
            )
        )
        connection.execute(
            update(study).values(
                created_at=NOW - 2 * HOUR + study.c.id,
                desired_at=NOW - HOUR,
            )
        )
        connection.execute(
            update(run).values(
                created_at=NOW - HOUR + 20 * run.c.id,
                started_at=NOW - HOUR + 20 * run.c.id,
                heartbeat_at=NOW - 1,
                progress_at=NOW - 1,
            )
        )
        ended = run.c.finished_at.is_not(None)
        connection.execute(
            update(run).where(ended).values(finished_at=NOW - HOUR + 20 * run.c.id + 18)
        )
        connection.execute(update(log).values(at=NOW - 600 + log.c.id))
        connection.execute(insert(drift), list(_drift(TOLD)))
        for run_id in _ENDS:
            connection.execute(insert(measurement), list(_ends(run_id)))
            connection.execute(insert(probe), list(_probes(run_id)))
            connection.execute(insert(trace), list(_traces(run_id)))
            connection.execute(insert(confusion), list(_confusions(run_id)))
    keep_importance(store, STUDY, IMPORTANCE)
    store.close()
    return path


def _drift(run_id: int) -> Iterator[dict[str, Any]]:
    layers = ("embeddings", *(f"layer {depth}" for depth in range(1, 7)), "heads")
    for stage in (0, 1):
        for place, layer in enumerate(layers):
            moved = 0.004 * (stage + 1) * 1.6**place
            yield {
                "run_id": run_id,
                "stage": stage,
                "place": place,
                "layer": layer,
                "drift": moved,
            }


def _ends(run_id: int) -> Iterator[dict[str, Any]]:
    """Say what was known at the end of each stage, on rows that score and on those that report."""
    known = _ENDS[run_id]
    for split, less in (("search", 0.0), ("validation", 0.009)):
        for (stage, task), accuracy in known.items():
            yield {
                "run_id": run_id,
                "step": STAGE_STEPS * (stage + 1),
                "task": task,
                "split": split,
                "stage": stage,
                "accuracy": accuracy - less,
                "loss": None,
            }


def _probes(run_id: int) -> Iterator[dict[str, Any]]:
    """Say what linear probes found, of which more is lost in the head than in the encoder."""
    for (stage, task), score in _PROBED.items():
        for rows, less in ((10, 0.09), (100, 0.0)):
            key = {"run_id": run_id, "stage": stage, "task": task, "rows": rows}
            yield {**key, "score": score - less}


def _confusions(run_id: int) -> Iterator[dict[str, Any]]:
    """Say what rows were taken for: the later a class, the more of it for the two before it."""
    for (stage, task), accuracy in _ENDS[run_id].items():
        labels = _COUNTED[run_id][task]
        rows, cells = 1000 // len(labels), []
        for right in range(len(labels)):
            spread = 1.4 * (right / (len(labels) - 1) - 0.5) * (1 - accuracy)
            kept = round(rows * (accuracy - (spread if stage > task else spread / 3)))
            one, two = (right - 1) % len(labels), (right - 2) % len(labels)
            half = (rows - kept) // 2 if two != right else 0
            found = {right: kept, one: rows - kept - half}
            cells += [[right, other, n] for other, n in sorted(found.items())]
            cells += [[right, two, half]] if half else []
        yield {
            "run_id": run_id,
            "stage": stage,
            "task": task,
            "labels": json.dumps(labels),
            "cells": json.dumps(cells),
        }


def _traces(run_id: int) -> Iterator[dict[str, Any]]:
    """Say what steps did: the higher a layer, the further it moved."""
    for step in range(4, 2 * STAGE_STEPS + 1, 4):
        stage, taken = divmod(step - 1, STAGE_STEPS)
        schedule = rate_factor(taken, STAGE_STEPS, 0.1)
        loss = (0.72, 0.69)[stage] * 0.993**taken + 0.02 * (step % 3)
        ratios = [
            round(log10(schedule) - 4.6 + 0.32 * place - 0.1 * stage, 2) if schedule else None
            for place in range(8)
        ]
        yield {"run_id": run_id, "step": step, "loss": loss, "ratios": json.dumps(ratios)}
