"""Trackio: a run each in a project, in a folder of SQLite files."""

import os
from collections.abc import Iterable
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from typing import Any, Final

from engine.errors import UsageError, kind_and_line, shown
from engine.files import expanded
from engine.trackers.tracked import ANOTHER, TrackedRun, make_folder

_FOLDER: Final = "TRACKIO_DIR"
"""Read by Trackio when it is loaded, and then no more."""


def export(project: str, runs: Iterable[TrackedRun], place: str) -> str:
    """Write runs into a folder, and return it.

    A run that lies there is deleted and written anew.

    Raises:
        UsageError: nothing can be written there, or Trackio has another folder in this process.
    """
    folder = expanded(place).absolute()
    os.environ[_FOLDER] = str(folder)
    trackio: Any = import_module("trackio")
    if folder != import_module("trackio.utils").TRACKIO_DIR:
        raise UsageError(
            f"Trackio keeps another folder in this process; set {_FOLDER} before it is loaded"
        )
    make_folder(folder)
    try:
        there = _there(trackio, project)
        with redirect_stdout(StringIO()):
            for run in runs:
                if run.key in there:
                    there[run.key].delete()
                _write(trackio, project, run)
    except (OSError, ValueError) as error:
        raise UsageError(f"Trackio in {shown(folder)}: {kind_and_line(error)}; {ANOTHER}") from None
    return str(folder)


def _there(trackio: Any, project: str) -> dict[str, Any]:  # noqa: ANN401
    """Return the runs of ours that are there, by their keys; nothing where there is no project."""
    try:
        runs = list(trackio.Api().runs(project))
    except ValueError:
        return {}
    return {run.config["key"]: run for run in runs if run.config and "key" in run.config}


def _write(trackio: Any, project: str, run: TrackedRun) -> None:  # noqa: ANN401
    written = trackio.init(
        project=project,
        name=run.name,
        group=run.group,
        config={**run.parameters, **run.tags, "key": run.key},
        embed=False,
        auto_log_cpu=False,
        auto_log_gpu=False,
    )
    for step, values in sorted(run.history.items()):
        written.log(dict(values), step=step)
    if run.scores:
        written.log(dict(run.scores), step=max(run.history, default=0))
    trackio.finish()
