"""Every key, by place, from the one table."""

from typing import ClassVar, Final

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from bertcl_tui.actions import Place, actions_of, bindings_of
from bertcl_tui.actions.keymap import PLACES
from bertcl_tui.keys import key_names
from bertcl_tui.looks import Looks, looks_of
from bertcl_tui.states import STATE_LOOKS

_FILTER: Final = (
    "p>1.4 · lr3>1e-5 · head<1e-4 · #<10 · state:complete,pruned · state!=failed · any word; "
    "every term must hold"
)


class HelpScreen(ModalScreen[None]):
    """Shows the table of actions; those of the place it was called from come first."""

    PLACE: ClassVar[Place] = "dialog"
    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("dialog"),
        Binding("question_mark,q", "back", show=False),
        Binding("j", "scroll('down')", show=False),
        Binding("k", "scroll('up')", show=False),
    ]

    def __init__(self, places: tuple[Place, ...]) -> None:
        super().__init__()
        self._places = places

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help") as help_panel:
            help_panel.border_title = "Help"
            help_panel.border_subtitle = "esc closes"
            yield Static(_help(self.app, self._places, looks_of(self.app)))

    def action_scroll(self, direction: str) -> None:
        panel = self.query_one(VerticalScroll)
        panel.scroll_relative(y=1 if direction == "down" else -1, animate=False)

    def action_back(self) -> None:
        self.dismiss()


def _help(app: App[object], first: tuple[Place, ...], looks: Looks) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style=looks.accent, no_wrap=True)
    table.add_column(ratio=1)
    for place in sorted(PLACES, key=lambda place: place not in first):
        _title(table, PLACES[place][0].upper() + PLACES[place][1:])
        for action in actions_of(place):
            table.add_row(key_names(app, action), action.help)
    _title(table, "States")
    for state, look in STATE_LOOKS.items():
        table.add_row(f"{look.glyph} {state}", look.meaning)
    _title(table, "Filter")
    table.add_row("/", _FILTER)
    return table


def _title(table: Table, title: str) -> None:
    if table.row_count:
        table.add_row()
    table.add_row("", Text(title, style="bold"))
