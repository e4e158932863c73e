"""Messages that go from widgets to screens, and from screens to the app."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from textual.message import Message

from engine.store.states import Desired


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
    """Set up a search; its form says this at first, by option, or else what works at once."""

    texts: Mapping[str, str] = field(default_factory=dict)
    like: int | None = None
    """The study that it shall be like."""


@dataclass
class OpenShifts(Message):
    """Show the shifts of the first task of this study, or else of a sample."""

    study_id: int | None = None


@dataclass
class OpenCombine(Message):
    """Show the combination of what is marked anywhere, or else of these whole studies."""

    study_id: int | None = None
    more: Sequence[int] = ()


@dataclass
class OpenFile(Message):
    """Show the end of the file of a worker on this host; no path: it writes to its terminal."""

    host: str | None
    path: str | None


class OpenArena(Message):
    """Show how methods compare."""


@dataclass
class WriteReport(Message):
    """Ask for a file, and write the report of this study into it; no study: of the arena."""

    study_id: int | None = None
    name: str = "arena"


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

    asked: tuple[str, int, int]
    """Device, threads, and how many trials it learns at once."""


@dataclass
class ControlWorker(Message):
    """The person wants a worker working, resting or ended."""

    worker_id: int
    desired: Desired


@dataclass
class DeleteStudies(Message):
    """The person wants these studies and everything measured in them gone."""

    study_ids: Sequence[int]


class UndoDelete(Message):
    """The person wants back what was deleted last."""


@dataclass
class ArchiveStudies(Message):
    """The person wants these studies put away, or back in the list."""

    study_ids: Sequence[int]
    archived: bool


@dataclass
class RenameStudy(Message):
    """Ask for another name for this study."""

    study_id: int
    name: str
    """What it is called now."""


@dataclass
class WriteNote(Message):
    """Ask for a note on this trial of a study, or on the study."""

    study_id: int
    number: int | None
    """None: the study."""
    note: str
    """What is there by now."""
    name: str = ""
    """What it is on, where that is the study."""


@dataclass
class FiltersSaved(Message):
    """These are the filters of a table that have a name now, by it."""

    table: str
    filters: Mapping[str, str]


@dataclass
class Marked(Message):
    """Trials of a study were marked or unmarked."""

    study_id: int
    changes: Mapping[int, bool]
    """Whether they are marked now, by number."""
