"""Messages that go from widgets to screens, and from screens to the app."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from textual.message import Message


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
    """Show the end of the file of a worker on this host; no path: it writes to its terminal."""

    host: str | None
    path: str | None


class OpenArena(Message):
    """Show how methods compare."""


@dataclass
class Marked(Message):
    """These trials of a study are marked now, and no others."""

    study_id: int
    trials: frozenset[int]
