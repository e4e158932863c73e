"""Control as messages to the app: what a person wants of studies, runs and workers."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message

from engine.store.states import Desired


@dataclass
class ControlStudies(Message):
    """The person wants these studies running, paused or stopped."""

    study_ids: Sequence[int]
    desired: Desired


@dataclass
class ControlRuns(Message):
    """The person wants these runs running, paused or stopped."""

    run_ids: Sequence[int]
    desired: Desired


@dataclass
class RetryRuns(Message):
    """The person wants these runs, which ended without a result, run once more."""

    run_ids: Sequence[int]


class StartWorkers(Message):
    """There is something new to do: let no worker be missing."""


@dataclass
class AddWorker(Message):
    """The person wants one more worker."""

    device: str
    threads: int


@dataclass
class ControlWorker(Message):
    """The person wants a worker working, resting or ended."""

    worker_id: int
    desired: Desired


@dataclass
class DeleteStudy(Message):
    """The person wants this study and everything measured in it gone."""

    study_id: int
