"""New study: every option of a search, with its default and what it does."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.kit.messages import OpenStudy, StartWorkers
from bertcl_tui.kit.pending import Pending
from bertcl_tui.kit.request import RequestScreen
from bertcl_tui.options import OPTIONS, option, search_command
from bertcl_tui.options.readers import first_texts, places, toggled
from bertcl_tui.options.study import cautions, defaults_of
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.starting import Findings, look_up, start_search
from bertcl_tui.widgets.inputs import Pick


class NewStudyScreen(RequestScreen[Mapping[str, str] | None]):
    """A form for one search; the answer is what was typed where it was not sent.

    Args:
        reader: looks into the store.
        texts: what the form says at first, by option; by default what works at once, where there
            is such a thing.
    """

    PLACE: ClassVar[Place] = "new-study"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("new-study")]
    AUTO_FOCUS = "#sequence Input"

    PATH = ("Studies", "New study")
    GO = "Start search"
    FIELDS = OPTIONS
    LOOKED_UP = frozenset({"sequence", "data", "model", "name"})
    SEQUENCES = frozenset({"sequence"})

    @dataclass
    class Started(Message):
        """The study is in the store."""

        study_id: int

    def __init__(self, reader: Reader, texts: Mapping[str, str] | None = None) -> None:
        super().__init__(reader, texts or first_texts())

    def defaults(self) -> Mapping[str, str]:
        defaults = defaults_of(self.texts)
        return {**defaults, "name": self.findings.free_name or defaults["name"]}

    def command_on(self, store: str | None) -> str:
        return search_command(self.asked, store=store)

    def look_up(self, texts: Mapping[str, str]) -> Findings:
        return look_up(self.store, texts)

    def start(self, texts: Mapping[str, str], pending: Pending) -> Message:
        study_id = start_search(
            self.store, texts, before_writing=pending.carry_out, remark=self.app.notify
        )
        # To the app: the person may have left this screen by now.
        self.app.post_message(StartWorkers())
        return self.Started(study_id)

    @on(Started)
    def _started(self, event: Started) -> None:
        self.app.post_message(OpenStudy(event.study_id))
        self.dismiss()

    def left(self) -> Mapping[str, str]:
        return dict(self.texts)

    def picks(self) -> tuple[str, Sequence[Pick]]:
        picks = [
            Pick(
                name=task.name,
                description=task.description,
                mark=",".join(map(str, places(self.texts["sequence"], task.name))),
            )
            for task in self.findings.tasks
        ]
        return f"Tasks of {self.texts['data'] or option('data').default}", picks

    def toggle(self, name: str) -> None:
        row = self.row("sequence")
        row.text = toggled(row.text, name)

    def idle(self) -> Collection[str]:
        return () if self.texts["searched_stages"] == "later" else {"first_lr"}

    def cautions(self) -> Mapping[str, str]:
        return cautions(self.texts)

    def promise(self) -> str:
        return "Runs on when this app is closed."
