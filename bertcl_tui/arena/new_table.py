"""The form of a table that is to be filled."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on
from textual.binding import BindingType
from textual.message import Message

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.arena.fields import (
    FORM_FIELDS,
    first_table_texts,
    idle_fields,
    look_up_table,
    read_request,
    table_command,
    table_defaults,
    with_method,
)
from bertcl_tui.arena.launching import TableRequest, launch
from bertcl_tui.arena.messages import FillTable
from bertcl_tui.kit.pending import Pending
from bertcl_tui.kit.request import RequestScreen
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.starting import Findings
from bertcl_tui.style.wording import count
from bertcl_tui.widgets.inputs import Pick
from engine.arena.entrants import PUBLISHED, RATES, split_entrants
from engine.spec.methods import METHODS

_TAKEN: Final = "✓"


class NewTableScreen(RequestScreen[TableRequest | None]):
    """A form for one table; the answer is what was asked for, None for never mind.

    Args:
        reader: looks into the store.
        texts: what the form says at first, by field; by default what works at once, where there
            is such a thing.
    """

    PLACE: ClassVar[Place] = "new-table"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("new-table")]
    AUTO_FOCUS = "#sequences Input"

    PATH = ("Arena", "New table")
    GO = "Run what is missing"
    FIELDS = FORM_FIELDS
    LOOKED_UP = frozenset(item.name for item in FORM_FIELDS)
    SEQUENCES = frozenset({"sequences", "search_on"})

    @dataclass
    class Started(Message):
        """What can be had was asked for."""

        request: TableRequest

    def __init__(self, reader: Reader, texts: Mapping[str, str] | None = None) -> None:
        super().__init__(reader, texts or first_table_texts())

    def defaults(self) -> Mapping[str, str]:
        return table_defaults(self.texts)

    def command_on(self, store: str | None) -> str:
        return table_command(self.asked, store=store)

    def idle(self) -> Collection[str]:
        return idle_fields(self.texts)

    def look_up(self, texts: Mapping[str, str]) -> Findings:
        return look_up_table(self.store, texts)

    def start(self, texts: Mapping[str, str], pending: Pending) -> Message:
        request = read_request(texts)
        launched = launch(self.store, request, before_writing=pending.carry_out)
        # To the app: the person may look at another screen by now.
        self.app.post_message(FillTable(request, launched))
        return self.Started(request)

    @on(Started)
    def _started(self, event: Started) -> None:
        self.end(event.request)

    def picks(self) -> tuple[str, Sequence[Pick]]:
        taken = {word.partition(",")[0] for word in split_entrants(self.texts["methods"])}
        picks = [
            Pick(
                name=entry.name,
                description=entry.summary,
                mark=_TAKEN if entry.name in taken else "",
                cost=entry.takes,
                more=f"({entry.cost})" if entry.cost else "",
            )
            for entry in METHODS
            if entry.name != "profile"
        ]
        picks += [
            Pick(
                name=name,
                description=what,
                mark=_TAKEN if name in taken else "",
                cost="1×+" if name != PUBLISHED else "1×",
                more="(rates: a search first, as long as Budget says)" if name != PUBLISHED else "",
            )
            for name, what in RATES.items()
        ]
        return "Methods ─ time beside flat", picks

    def toggle(self, name: str) -> None:
        row = self.row("methods")
        row.text = with_method(row.text, name)

    def promise(self) -> str:
        if self.findings.runs is None:
            return ""
        missing, runs = self.findings.runs
        if not missing:
            return f"Nothing is missing of {count(runs, 'run')}."
        said = f"{missing} of {count(runs, 'run')} {'is' if missing == 1 else 'are'} missing."
        return f"{said} {self.findings.forecast}".rstrip()
