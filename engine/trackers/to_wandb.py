"""W&B: a run each, offline in a folder; ``wandb sync`` sends them."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import wandb

from engine.errors import UsageError, first_line, shown
from engine.files import expanded
from engine.trackers.tracked import ANOTHER, TrackedRun, make_folder


def export(project: str, runs: Iterable[TrackedRun], place: str) -> str:
    """Write runs into a folder, and return it.

    A run that lies there is written anew, under the same id.

    Raises:
        UsageError: nothing can be written there.
    """
    folder = expanded(place).absolute()
    make_folder(folder)
    settings = wandb.Settings(
        silent=True, console="off", disable_git=True, save_code=False, x_disable_stats=True
    )
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    try:
        for run in runs:
            _forget(folder, run.key)
            _write(project, run, folder, settings)
    except (wandb.Error, OSError) as error:
        raise UsageError(f"W&B in {shown(folder)}: {first_line(error)}; {ANOTHER}") from None
    return str(folder)


def _forget(folder: Path, key: str) -> None:
    for before in folder.glob(f"wandb/offline-run-*-{key}"):
        shutil.rmtree(before, ignore_errors=True)


def _write(project: str, run: TrackedRun, folder: Path, settings: wandb.Settings) -> None:
    written = wandb.init(
        project=project,
        id=run.key,
        name=run.name,
        group=run.group,
        config=dict(run.parameters),
        tags=[run.tags["method"], run.state],
        notes=run.tags["reason"],
        dir=str(folder),
        mode="offline",
        resume="allow",
        settings=settings,
    )
    for step, values in sorted(run.history.items()):
        written.log(dict(values), step=step)
    written.summary.update({**run.scores, **run.tags})
    written.finish(exit_code=1 if run.state in {"failed", "collapsed"} else 0)
