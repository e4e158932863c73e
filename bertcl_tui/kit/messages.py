"""Messages that go from widgets to screens, and from screens to the app."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from textual.message import Message

from engine.store.states import Desired


class Folding(Message):
    """News of which only the latest counts: one waiting in the queue is replaced."""

    def can_replace(self, message: Message) -> bool:
        return type(message) is type(self)


class StoreChanged(Folding):
    """Something was written to the store, or a while has passed."""


@dataclass
class Trouble(Message):
    """Something could not be done; the text is one line for the person."""

    text: str


@dataclass
class OpenStudy(Message):
    """Show this study."""

    study_id: int


@dataclass
class OpenRun(Message):
    """Show this run, a trial or one of the arena."""

    run_id: int
    among: Sequence[int] = ()
    """The list in which it stands, by run id: the screen goes through it."""


@dataclass
class OpenCompare(Message):
    """Show these trials of a study side by side."""

    study_id: int
    numbers: tuple[int, ...]


@dataclass
class OpenNewStudy(Message):
    """Let the person set up a new search."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """What its form says at first, by option; empty: something that works at once."""


@dataclass
class OpenShifts(Message):
    """Show the shifts of the first task of this study, or else of a sample."""

    study_id: int | None = None


@dataclass
class OpenCombine(Message):
    """Show the combination of what is marked anywhere, or else of this whole study."""

    study_id: int | None = None


@dataclass
class OpenFile(Message):
    """Show the end of a worker's own file."""

    host: str | None
    """Where it lies."""
    path: str | None
    """None: the worker writes to the terminal it was started in."""


class OpenArena(Message):
    """Show how methods compare."""


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


@dataclass
class Marked(Message):
    """These trials of a study are marked now, and no others."""

    study_id: int
    trials: frozenset[int]


@dataclass
class ColumnsChosen(Message):
    """A table is to have these columns from now on; none: the usual ones."""

    table: str
    columns: tuple[str, ...]
