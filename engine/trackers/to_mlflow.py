"""MLflow: a run each in an experiment, in a SQLite file or on a server."""

import logging
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import UsageError, first_line, mask_password, shown
from engine.files import check_target, expanded, name_beside
from engine.store.states import RunState
from engine.trackers.tracked import ANOTHER, TrackedRun, make_folder

_KEY: Final = "bertcl.key"
"""The tag by which a run is found again."""
_STATUS: Final[Mapping[RunState, str]] = {
    "complete": "FINISHED",
    "collapsed": "FAILED",
    "failed": "FAILED",
    "pruned": "KILLED",
    "stopped": "KILLED",
    "queued": "SCHEDULED",
    "paused": "SCHEDULED",
    "running": "RUNNING",
}
_PATIENCE: Final = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
"""With a server, unless the environment says otherwise; by itself MLflow tries for minutes."""
_FILE: Final = "sqlite:///"
_LOCKED_SECONDS: Final = 5.0
_LETTERS: Final = 500
"""Of a parameter's value at most."""


def export(project: str, runs: Iterable[TrackedRun], place: str) -> str:
    """Write runs, and return the address of where they are.

    A run that is there gets what is new; a step that is there already stays as it is.

    Raises:
        UsageError: nothing can be written there.
    """
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # what went wrong is said once, by us
    logging.getLogger("alembic").setLevel(logging.WARNING)
    uri = _uri(place)
    try:
        client = MlflowClient(tracking_uri=uri)
        experiment = client.get_experiment_by_name(project)
        number = experiment.experiment_id if experiment else client.create_experiment(project)
        for run in runs:
            _write(client, number, run)
    except (MlflowException, SQLAlchemyError) as error:
        said = first_line(error).replace(uri, mask_password(uri))
        raise UsageError(f"MLflow at {mask_password(uri)}: {shown(said, 300)}; {ANOTHER}") from None
    return mask_password(uri)


def _uri(place: str) -> str:
    if "://" in place and not place.startswith(_FILE):
        return place
    path = expanded(place.removeprefix(_FILE)).absolute()
    check_target(path)
    _refuse_other_file(path)
    return f"{_FILE}{path}"


def _refuse_other_file(path: Path) -> None:
    """Refuse a file that MLflow could not write; by itself it tries for minutes.

    Raises:
        UsageError: it is no database, that of another program, or not to be written.
    """
    if not path.exists():
        make_folder(path.parent)
        _make_database(path)
        return
    try:
        with closing(sqlite3.connect(path, timeout=_LOCKED_SECONDS)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        raise UsageError(
            f"MLflow cannot write {shown(path)}: {first_line(error)}; choose another --out"
        ) from None
    if tables and "experiments" not in tables:
        raise UsageError(
            f"{shown(path)} is the database of another program than MLflow; choose another --out"
        )


def _make_database(path: Path) -> None:
    """Let MLflow make its tables beside, and put them in place whole, unless another was quicker.

    It makes them in many steps, and could not go on from some of them.
    """
    beside = name_beside(path)
    try:
        MlflowClient(tracking_uri=f"{_FILE}{beside}").search_experiments(max_results=1)
        with suppress(FileExistsError):
            os.link(beside, path)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise UsageError(
            f"MLflow cannot write {shown(path)}: {first_line(error)}; choose another --out"
        ) from None
    finally:
        for file in (beside, Path(f"{beside}-journal")):
            file.unlink(missing_ok=True)


def _write(client: MlflowClient, experiment: str, run: TrackedRun) -> None:
    found = client.search_runs([experiment], f"tags.`{_KEY}` = '{run.key}'", max_results=1)
    if found:
        run_id = found[0].info.run_id
    else:
        begun = client.create_run(
            experiment, start_time=run.began_ms, run_name=run.name, tags={_KEY: run.key}
        )
        run_id = begun.info.run_id
    # At one moment whenever it is said: MLflow keeps the same value of a step and moment once.
    metrics = [
        Metric(name, value, run.began_ms, step)
        for step, values in run.history.items()
        for name, value in values.items()
    ]
    last = max(run.history, default=0)
    metrics += [Metric(name, value, run.began_ms, last) for name, value in run.scores.items()]
    known = {param for each in found for param in each.data.params}
    params = [
        Param(name, str(value)[:_LETTERS])
        for name, value in run.parameters.items()
        if name not in known
    ]
    tags = [RunTag(name, value) for name, value in run.tags.items()]
    for batch in _batches(metrics):
        client.log_batch(run_id, metrics=batch)
    client.log_batch(run_id, params=params, tags=tags)
    status = _STATUS[run.state]
    if run.ended_ms is None:
        client.update_run(run_id, status=status)
    else:
        client.set_terminated(run_id, status=status, end_time=run.ended_ms)


def _batches(metrics: list[Any], size: int = 1000) -> Iterable[list[Any]]:
    return (metrics[first : first + size] for first in range(0, len(metrics), size))
