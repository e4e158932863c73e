"""Runs for the trackers that people have: MLflow, W&B, TensorBoard, Trackio.

A tracker is one file here and one line in ``TRACKERS``. Its library is loaded when it is asked for,
and is an extra of the installation.
"""

import shlex
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Final, NamedTuple

from engine.errors import UsageError, look_up, mask_password, shown
from engine.installing import command_to_install
from engine.trackers.tracked import TrackedRun


class Tracker(NamedTuple):
    """A program that keeps runs, and how they get there."""

    title: str
    module: str
    """In this folder; its ``export`` takes a project, runs and a place."""
    library: str
    """Without which it cannot be."""
    place: str
    """Where runs go unless a person says otherwise."""
    show: str
    """What shows them then; ``{place}`` is where they went."""


TRACKERS: Final[Mapping[str, Tracker]] = {
    "mlflow": Tracker(
        "MLflow",
        "to_mlflow",
        "mlflow",
        "mlflow.db",
        "mlflow ui --backend-store-uri {place}",
    ),
    "wandb": Tracker(
        "W&B", "to_wandb", "wandb", "wandb-runs", "wandb sync {place}/wandb/offline-*"
    ),
    "tensorboard": Tracker(
        "TensorBoard",
        "to_tensorboard",
        "tensorboard",
        "tensorboard-runs",
        "tensorboard --logdir {place}",
    ),
    "trackio": Tracker(
        "Trackio", "to_trackio", "trackio", "trackio-runs", "TRACKIO_DIR={place} trackio show"
    ),
}
"""By the name under which people ask for them."""
_OF_SERVERS: Final = "mlflow"
_URL: Final = "://"


def find_tracker(name: str) -> Tracker:
    """Return the tracker of that name.

    Raises:
        UsageError: there is none.
    """
    return look_up("tracker", name, TRACKERS)


def export_runs(name: str, project: str, runs: Iterable[TrackedRun], place: str) -> str:
    """Give runs to a tracker; one that is there already is brought up to date.

    Args:
        name: of the tracker.
        project: under which they stand there.
        runs: in the order in which they shall stand.
        place: a folder, a file or a URL, as the tracker has it; empty: its own default.

    Returns:
        The command that shows them.

    Raises:
        UsageError: there is no such tracker, it is not installed, or the place cannot be.
    """
    tracker = find_tracker(name)
    if not project.strip():
        raise UsageError("the project has no name; give it one with --project")
    if _URL in place and name != _OF_SERVERS:
        raise UsageError(
            f"{tracker.title} is written into a folder here, and {shown(mask_password(place))} is "
            "a URL; name a folder with --out"
        )
    if find_spec(tracker.library) is None:
        way = command_to_install(f"bertcl-tui[{name}]")
        raise UsageError(f"{tracker.title} is not installed; {way}")
    try:
        module = import_module(f"{__name__}.{tracker.module}")
    except ImportError as error:
        raise UsageError(f"{tracker.title} cannot be loaded: {shown(error)}") from None
    export: Callable[[str, Iterable[TrackedRun], str], str] = module.export
    written = export(project, runs, place or tracker.place)
    return tracker.show.format(place=shlex.quote(written))
