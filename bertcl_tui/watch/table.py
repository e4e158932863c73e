"""The rules in a table, and what was told lately."""

import time
from collections.abc import Sequence
from typing import ClassVar, Final

from msgspec import Struct
from rich.text import Text
from textual.app import RenderResult
from textual.widget import Widget

from bertcl_tui.news.events import News
from bertcl_tui.news.rules import Rule
from bertcl_tui.style.looks import Looks, looks_of
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.row_table import RowTable

USUAL_NAME: Final = "notifications"
"""How the rule is called by which the app tells of news by itself; Settings has its switches."""
_INKS: Final = {"error": "bad", "warning": "warning"}


class RuleLine(Struct, frozen=True, kw_only=True):
    """A rule as it stands in the table."""

    name: str
    rule: Rule

    @property
    def is_usual(self) -> bool:
        """Whether it is the app's own."""
        return self.name == USUAL_NAME


class RulesTable(RowTable[RuleLine]):
    """Shows what is told, of what, and where."""

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(key="state", label="", width=5),
        Column(key="name", label="rule", width=13, cut="middle"),
        Column(key="on", label="tells of", width=20, stretch=True),
        Column(key="studies", label="in", width=10),
        Column(key="channels", label="by", width=18, stretch=True),
    )

    def key(self, item: RuleLine) -> str:
        return item.name

    def cells(self, item: RuleLine, looks: Looks) -> dict[str, Text]:
        rule = item.rule
        ink = looks.text if rule.active else looks.muted
        here = ("this app",) if item.is_usual else ()
        state = Text("✓ on" if rule.active else "· off", looks.good if rule.active else looks.muted)
        return {
            "state": state,
            "name": Text(item.name, f"bold {looks.accent}" if rule.active else looks.muted),
            "on": Text(", ".join(rule.on), ink),
            "studies": Text(", ".join(rule.studies) or "all", looks.muted),
            "channels": Text(", ".join((*here, *rule.channels)) or "this app", ink),
        }


class ToldPanel(Widget):
    """Shows what was told, the latest first, as far as there is room."""

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self.border_title = "Told"
        self.border_subtitle = "since the app was opened"
        self._told: Sequence[News] = ()

    def show(self, told: Sequence[News]) -> None:
        """Show these, which come in the order in which they were told."""
        self._told = told
        self.refresh()

    def render(self) -> RenderResult:
        looks = looks_of(self.app)
        if not self._told:
            return Text("Nothing so far.", style=looks.muted)
        text = Text(no_wrap=True, overflow="ellipsis")
        for item in self._told[: -self.size.height - 1 : -1]:
            clock = time.strftime("%H:%M", time.localtime(item.at))
            ink = getattr(looks, _INKS[item.severity]) if item.severity in _INKS else looks.text
            text.append(f"{clock} ", style=looks.muted).append(f"{item.text}\n", style=ink)
        text.rstrip()
        return text
