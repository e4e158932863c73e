"""Help: every key by place, and what words, states and curves mean."""

from collections.abc import Collection, Iterator, Sequence
from typing import ClassVar, Final

from msgspec import Struct
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from bertcl_tui.actions import Place, actions_of, bindings_of
from bertcl_tui.actions.action import PLACES, active_in
from bertcl_tui.charts.style import REFERENCE_GLYPH, SERIES_GLYPHS
from bertcl_tui.news.rules import KINDS
from bertcl_tui.style.looks import STATE_LOOKS, Looks, looks_of
from bertcl_tui.widgets.keys import key_for, key_names, keyed

Entry = tuple[str, str]
"""What is explained, and the explanation."""

_WORDS: Final[tuple[Entry, ...]] = (
    ("task", "a labelled set of sentences or pairs of them, like sst2"),
    ("TASK/short", "a part of a task: short or long texts, or one of two clusters of meaning"),
    ("sequence", "tasks learnt one after another: sst2:mrpc learns sst2, then mrpc"),
    ("stage", "the learning of one task of the sequence"),
    (
        "p_o, p_s",
        "accuracy (or macro-F1) at the end on the first and on the shifted second task",
    ),
    ("p", "p_o + p_s: what a search makes as large as it can; 2 would be perfect"),
    ("forgetting", "how much accuracy on earlier tasks falls while later ones are learnt"),
    ("ACC, BWT", "mean accuracy at the end, and what later stages did to earlier tasks"),
    ("choice", "layers that share a learning rate: 0 the embeddings, the last one the heads"),
    ("profile", "one learning rate per choice, with where it came from"),
    ("drift", "how far a layer's weights moved while learning, as a share of what they were"),
    ("ESS", "effective sample size: to how many trials of equal weight a combination comes"),
    ("sample", "as a model: MiniLM-L6, a backbone of 6 layers that comes with the sample pack"),
    ("flat", "one learning rate for all layers: what every profile is held against"),
    ("study, trial", "a search on one sequence, and one profile tried in it"),
    ("run", "one method on one sequence with one seed; every trial is one too"),
    ("arena", "methods × sequences, with seeds and intervals"),
    ("worker", "a process in the background that learns; it goes on when the app is closed"),
)
_CURVES: Final[tuple[Entry, ...]] = (
    ("→", "steps; a dotted line is where the next task begins to be learnt"),
    ("↑", "accuracy: a line that stays up is a task that is not forgotten"),
    ("rows", "curves are measured on few rows and scores on all: a line may end beside its p_o"),
    ("bright", "the trial under the cursor, with its number where the line ends; the rest is dim"),
    (
        SERIES_GLYPHS[:3],
        "a trial's glyph and colour go by its number, in every chart and table",
    ),
    (
        "n=3",
        (
            "several runs as one ($group_curves): their mean, its band, and how many they are; "
            "$turn_spread: other band"
        ),
    ),
    (REFERENCE_GLYPH, "the flat baseline, or the profile that is compared with"),
    ("plane", "p_o against p_s: up and to the right is better; none that fits beats the front"),
    ("log axis", "learning rates: from one tick to the next ten times as much"),
)
_FILTERS: Final[tuple[Entry, ...]] = (
    ("p_o>0.6", "numbers: p, p_o, p_s, step, #, lr0, lr1 … embeddings, head; > >= < <= = !="),
    ("state:complete", "words: one of them with a comma between, none of them with !="),
    ("sst2", "any other word: it is somewhere in the line"),
    ("a b c", "every term must hold"),
)

_MOVED_IN: Final[frozenset[Place]] = frozenset({"grid", "table", "list", "text"})
"""Places with the same keys for moving, which are listed once."""


class Section(Struct, frozen=True):
    """Entries of a kind."""

    title: str
    entries: Sequence[Entry]


def sections(app: App[object], here: Sequence[Place]) -> Iterator[Section]:
    """Yield all there is to be said; what can be pressed here comes first, then everywhere."""
    near = [place for place in PLACES if place in here]
    near += [place for place in PLACES if place in _around(here) and place not in near]
    yield from (_keys(app, place) for place in near)
    states = [(f"{look.glyph} {state}", look.meaning) for state, look in STATE_LOOKS.items()]
    yield Section("States", states)
    yield Section("Reading the curves", [(name, keyed(app, said)) for name, said in _CURVES])
    yield Section("Words", _WORDS)
    yield Section("Filters", _FILTERS)
    yield Section("What is told", list(KINDS.items()))
    listed = {action.name for action in actions_of(*near)}
    for place in PLACES:
        if place not in near:
            yield _keys(app, place, listed if place in _MOVED_IN else frozenset())
            listed |= {action.name for action in actions_of(place)}


def fitting(said: Iterator[Section], text: str) -> Iterator[Section]:
    """Yield the entries in which every word of ``text`` stands."""
    words = text.casefold().split()
    for section in said:
        found = [
            entry
            for entry in section.entries
            if all(word in f"{section.title} {' '.join(entry)}".casefold() for word in words)
        ]
        if found:
            yield Section(section.title, found)


def _around(here: Sequence[Place]) -> set[Place]:
    return {place for screen in here if screen != "app" for place in active_in(screen)}


def _keys(app: App[object], place: Place, listed: Collection[str] = ()) -> Section:
    title = f"{PLACES[place][0].upper()}{PLACES[place][1:]}"
    entries = [
        (key_names(app, action), action.help_in(place))
        for action in actions_of(place)
        if action.name not in listed
    ]
    return Section(title, entries)


class HelpScreen(ModalScreen[None]):
    """Shows what can be done; that of the place it was called from comes first."""

    PLACE: ClassVar[Place] = "dialog"
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("dialog"),
        Binding("question_mark,q,f1", "back", show=False),
        Binding("j", "scroll('down')", show=False),
        Binding("k", "scroll('up')", show=False),
        Binding("g", "scroll('home')", show=False),
        Binding("G", "scroll('end')", show=False),
        Binding("slash", "search", show=False),
    ]

    def __init__(self, places: tuple[Place, ...]) -> None:
        super().__init__()
        self._places = places

    def compose(self) -> ComposeResult:
        with Vertical(id="help") as frame:
            frame.border_title = "Help"
            frame.border_subtitle = f"/ search · {key_for(self.app, 'back')} closes"
            yield Input(placeholder="a word, like pause or p_o", compact=True)
            with VerticalScroll():
                yield Static()

    def on_mount(self) -> None:
        self._show()

    @on(Input.Changed)
    def _show(self) -> None:
        said = sections(self.app, self._places)
        text = self.query_one(Input).value
        found = list(fitting(said, text))
        looks = looks_of(self.app)
        nothing = Text(f"Nothing about '{text}'.", style=looks.muted)
        self.query_one(Static).update(DrawnOnce(_table(found, looks)) if found else nothing)
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_search(self) -> None:
        """Let the person write what is looked for."""
        entry = self.query_one(Input)
        entry.display = True
        entry.focus()

    @on(Input.Submitted)
    def _written(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, direction: str) -> None:
        """Go a line, or to an end."""
        panel = self.query_one(VerticalScroll)
        if direction == "home":
            panel.scroll_home(animate=False)
        elif direction == "end":
            panel.scroll_end(animate=False)
        else:
            panel.scroll_relative(y=1 if direction == "down" else -1, animate=False)

    def action_back(self) -> None:
        """Let all be shown again, or leave."""
        entry = self.query_one(Input)
        if not entry.display:
            self.dismiss()
            return
        entry.value, entry.display = "", False
        self.query_one(VerticalScroll).focus()


class DrawnOnce:
    """A table that is drawn once for each width, the last two of them.

    It is asked for its height, and for its lines with and without a scrollbar, at every change of
    the terminal's size; drawing hundreds of lines anew each time takes seconds.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._by_width: dict[int, list[Segment]] = {}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        if width not in self._by_width:
            latest = dict(list(self._by_width.items())[-1:])
            self._by_width = {**latest, width: list(console.render(self._table, options))}
        yield from self._by_width[width]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._table)


def _table(said: list[Section], looks: Looks) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style=looks.accent, no_wrap=True)
    table.add_column(ratio=1)
    for section in said:
        if table.row_count:
            table.add_row()
        table.add_row("", Text(section.title, style="bold"))
        for name, meaning in section.entries:
            table.add_row(name, meaning)
    return table
