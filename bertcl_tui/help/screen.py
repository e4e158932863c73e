"""Help: every key by place, and what words, states and curves mean."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.help.handbook import Section, fitting, sections
from bertcl_tui.style.looks import Looks, looks_of


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
            frame.border_subtitle = "/ search · esc closes"
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
        self.query_one(Static).update(_table(found, looks) if found else nothing)
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
