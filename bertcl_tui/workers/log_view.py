"""The log: follows what is written, goes back through all of it, and searches it."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Label, Static

from bertcl_tui.kit.messages import OpenRun
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import LogFilter, LogLevel, LogLine, LogWindow, Towards
from bertcl_tui.style.wording import count
from bertcl_tui.widgets.frame import entitle
from bertcl_tui.workers.log_table import LogTable

WINDOW: Final = 400
"""Lines that are held at once; the store has the others."""
_LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "info", "warning", "error")
_MARGIN: Final = 30
"""So near to an edge of the window, another window is asked for."""
_OPEN: Final = "-open"


class Seek(Struct, frozen=True, kw_only=True):
    """A search for the next line that has the text."""

    from_id: int | None
    towards: Towards


class LogQuestion(Struct, frozen=True, kw_only=True):
    """What is asked."""

    where: LogFilter = LogFilter()
    around: int | None = None
    """Id of a line in the midst of the window; None: the last ones, as they come."""
    text: str = ""
    """What is searched for; empty: nothing."""
    seek: Seek | None = None


class LogLook(Struct, frozen=True, kw_only=True):
    """What the store said."""

    question: LogQuestion
    window: LogWindow
    landed: int | None
    """Id of the line that was sought."""
    hits: int
    """How many lines have the text that is searched for."""


def look_at_log(reader: Reader, question: LogQuestion) -> LogLook:
    """Ask the store."""
    landed, around = None, question.around
    where, text, seek = question.where, question.text, question.seek
    if text and seek is not None:
        landed = reader.log.find(where, text, from_id=seek.from_id, towards=seek.towards)
        around = landed if landed is not None else around
    return LogLook(
        question=question,
        window=reader.log.window(where, around=around, limit=WINDOW),
        landed=landed,
        hits=reader.log.count(where, text) if text else 0,
    )


class LogView(Vertical):
    """Says by ``Asked`` that ``question`` is another; a screen answers it with ``show``.

    Args:
        of: what the log is of, for its title: all, a worker, a trial.
        where: which lines.
        title: what it is called.
    """

    DEFAULT_CSS = """
    LogView {
        height: 1fr;
        & > LogTable { height: 1fr; }
        & > #whole { display: none; height: auto; max-height: 4; padding: 0 1; color: $text-muted; }
        & > #searching { display: none; height: 1; background: $panel; padding: 0 1; }
        & > #searching.-open { display: block; }
        & #slash { width: 2; color: $accent; text-style: bold; }
        & Input { width: 1fr; background: $panel; }
    }
    """

    class Asked(Message):
        """Other lines are asked for."""

    def __init__(
        self,
        of: str = "",
        where: LogFilter = LogFilter(),  # noqa: B008 - it is frozen
        *,
        title: str = "Log",
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._of = of
        self._title = title
        self.question = LogQuestion(where=where)
        self._edge: str | None = None
        self._look: LogLook | None = None

    def compose(self) -> ComposeResult:
        yield LogTable()
        yield Static(id="whole", markup=False)
        with Horizontal(id="searching"):
            yield Label("/", id="slash")
            yield Input(placeholder="any words of a line", compact=True)

    @property
    def follows(self) -> bool:
        """Whether the last line is shown as soon as it is said."""
        return self.question.around is None

    def limit(self, of: str, where: LogFilter) -> None:
        """Show the lines of something else; how grave they are stays as it was chosen."""
        self._of = of
        where = replace(where, least=self.question.where.least)
        if where != self.question.where:
            self._ask(replace(self.question, where=where, around=None, seek=None), "last")

    def show(self, look: LogLook) -> None:
        """Show what was found, unless something else was asked for meanwhile."""
        if look.question != self.question:
            return
        self._look = look
        self.question = replace(look.question, seek=None)
        table = self.query_one(LogTable)
        at_end = self.follows
        table.search(look.question.text)
        table.show(look.window.lines)
        if look.landed is not None:
            self.question = replace(self.question, around=look.landed)
            table.go_to(look.landed)
        elif self._edge == "first":
            table.cursor = 0
        elif self._edge == "last" or at_end:
            table.cursor = len(look.window.lines) - 1
        if look.landed is not None or self._edge or at_end:
            table.reveal()
        self._edge = None
        self._entitle()

    def _entitle(self) -> None:
        look = self._look
        if look is None:
            return
        least = look.question.where.least
        of = f"{self._title} ─ {self._of}" if self._of else self._title
        title = of if least == _LEVELS[0] else f"{of} ─ {least} and worse"
        notes = []
        if look.question.text:
            notes.append(f"{count(look.hits, 'hit')} for {look.question.text!r}")
        place = look.window.before + self.query_one(LogTable).cursor + 1
        notes.append(f"{place:,} of {look.window.total:,}" if look.window.total else "no line")
        notes.append("following" if self.follows else "G follows")
        entitle(self, title, " · ".join(notes))

    # where one is

    @on(LogTable.Moved)
    def _moved(self, event: LogTable.Moved) -> None:
        event.stop()
        table, look = self.query_one(LogTable), self._look
        line = table.current
        self._show_whole(line)
        if line is None or look is None:
            return
        if table.cursor == len(table.items) - 1 and look.window.is_end:
            self.question = replace(self.question, around=None)
        elif self.follows:
            self.question = replace(self.question, around=line.id)
        elif self._is_near_edge(table.cursor, look):
            self._ask(replace(self.question, around=line.id, seek=None))
        self._entitle()

    def _is_near_edge(self, cursor: int, look: LogLook) -> bool:
        near_top = cursor < _MARGIN and look.window.before > 0
        near_end = cursor >= len(look.window.lines) - _MARGIN and not look.window.is_end
        around = self.question.around
        at_centre = around is not None and look.window.lines[cursor].id == around
        return (near_top or near_end) and not at_centre

    def _show_whole(self, line: LogLine | None) -> None:
        """Show a line in full where the table has no room for it."""
        whole = self.query_one("#whole", Static)
        table = self.query_one(LogTable)
        too_long = line is not None and table.is_cut(line)
        whole.display = too_long
        if line is not None and too_long:
            whole.update(line.text)

    @on(LogTable.EdgeRequested)
    def _edge_requested(self, event: LogTable.EdgeRequested) -> None:
        event.stop()
        around = 0 if event.edge == "first" else None
        self._ask(replace(self.question, around=around, seek=None), event.edge)

    @on(LogTable.LevelRequested)
    def _level_requested(self, event: LogTable.LevelRequested) -> None:
        event.stop()
        where = self.question.where
        least = _LEVELS[(_LEVELS.index(where.least) + 1) % len(_LEVELS)]
        line = self.query_one(LogTable).current
        around = None if self.follows or line is None else line.id
        asked = replace(self.question, where=replace(where, least=least), around=around, seek=None)
        self._ask(asked)

    def _ask(self, question: LogQuestion, edge: str | None = None) -> None:
        self.question, self._edge = question, edge
        self.post_message(self.Asked())

    # searching

    @on(LogTable.SearchRequested)
    def _search_requested(self, event: LogTable.SearchRequested) -> None:
        event.stop()
        self.query_one("#searching").add_class(_OPEN)
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _searched(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(LogTable).focus()
        if event.value:
            seek = Seek(from_id=self._here(1), towards="earlier")
            self._ask(replace(self.question, text=event.value, seek=seek))
        else:
            self.end_search()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._ask(replace(self.question, text=event.value, seek=None))

    @on(LogTable.HitRequested)
    def _hit_requested(self, event: LogTable.HitRequested) -> None:
        event.stop()
        seek = Seek(from_id=self._here(), towards=event.towards)
        self._ask(replace(self.question, seek=seek))

    def _here(self, beyond: int = 0) -> int | None:
        line = self.query_one(LogTable).current
        return None if line is None else line.id + beyond

    def end_search(self) -> bool:
        """Let nothing stand out any more, and return whether that changes something."""
        searching = self.query_one("#searching")
        had = searching.has_class(_OPEN)
        searching.remove_class(_OPEN)
        if had:
            entry = self.query_one(Input)
            entry.value = ""
            if entry.has_focus:
                self.query_one(LogTable).focus()
        return had

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape" and self.end_search():
            event.stop()

    @on(LogTable.Opened)
    def _opened(self, event: LogTable.Opened) -> None:
        event.stop()
        line = self.query_one(LogTable).current
        if line is None:
            return
        if line.run_id is not None:
            self.post_message(OpenRun(line.run_id))
        else:
            self.app.notify("this line is about no run", timeout=3)
