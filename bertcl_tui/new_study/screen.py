"""New study: every option of a search, with its default and what it does."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from msgspec.structs import replace
from textual import on, work
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.kit.messages import OpenStudy, StartWorkers
from bertcl_tui.kit.pending import Pending
from bertcl_tui.kit.request import RequestScreen
from bertcl_tui.new_study.facts import largest_share
from bertcl_tui.new_study.facts_panel import FactsPanel
from bertcl_tui.new_study.forecast import forecast
from bertcl_tui.options import OPTIONS, option, search_command
from bertcl_tui.options.readers import first_texts, places, toggled
from bertcl_tui.options.study import build_protocol, cautions, defaults_of
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.starting import Findings, look_up, start_search
from bertcl_tui.widgets.inputs import Pick
from engine.errors import EngineError, UsageError
from engine.spec import Protocol
from engine.tasks.facts import SKEWED, FactsQuestion, NoFacts, TaskFacts
from engine.work.ask import FactsRequest


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
    LOOKED_UP = frozenset(item.name for item in OPTIONS)
    SEQUENCES = frozenset({"sequence"})

    @dataclass
    class Started(Message):
        """The study is in the store."""

        study_id: int

    @dataclass
    class Looked(Message):
        """Something was found of tasks. Not folding: each says something else."""

        request: FactsRequest
        found: TaskFacts | NoFacts | None
        """None: that was all."""

    def __init__(self, reader: Reader, texts: Mapping[str, str] | None = None) -> None:
        self._wanted: tuple[FactsQuestion, ...] = ()
        self._found_of: dict[FactsQuestion, TaskFacts | NoFacts] = {}
        self._request: FactsRequest | None = None
        self._since: float | None = None
        self._protocol = Protocol()
        super().__init__(reader, texts or first_texts())

    def defaults(self) -> Mapping[str, str]:
        defaults = defaults_of(self.texts)
        return {**defaults, "name": self.findings.free_name or defaults["name"]}

    def command_on(self, store: str | None) -> str:
        return search_command(self.asked, store=store)

    def beside(self) -> Iterable[Widget]:
        yield FactsPanel()

    def look_up(self, texts: Mapping[str, str]) -> Findings:
        found = look_up(self.store, texts)
        if found.troubles:
            return found
        try:
            said = forecast(self.store, texts, dict(self.facts))
        except EngineError:  # what is wrong with the store is said when the study is started
            return found
        return replace(found, forecast=said)

    # what is known of the tasks

    @property
    def facts(self) -> Mapping[str, TaskFacts]:
        """What was found of the tasks that are named, by name."""
        found = {question.task: self._found_of.get(question) for question in self._wanted}
        return {task: facts for task, facts in found.items() if isinstance(facts, TaskFacts)}

    def _show(self) -> None:
        super()._show()
        if self.findings.questions != self._wanted:
            self._look_at_tasks()
        self._show_facts()

    def _look_at_tasks(self) -> None:
        self._wanted = self.findings.questions
        self._stop_looking()
        missing = [each for each in self._wanted if not _is_whole(self._found_of.get(each))]
        if missing:
            self._request, self._since = FactsRequest(missing), time.monotonic()
            self._look_at(self._request)

    @work(thread=True, group="facts")
    def _look_at(self, request: FactsRequest) -> None:
        try:
            for found in request.facts():
                self.post_message(self.Looked(request, found))
        except EngineError as error:
            for question in request.questions:
                none = NoFacts(task=question.task, reason=str(error))
                self.post_message(self.Looked(request, none))
        self.post_message(self.Looked(request, None))

    @on(Looked)
    def _looked(self, event: Looked) -> None:
        if event.request is not self._request:
            return
        found = event.found
        if found is None:
            self._since = None
        else:
            question = next(each for each in self._wanted if each.task == found.task)
            known = self._found_of.get(question)
            if isinstance(found, TaskFacts) or known is None:
                self._found_of[question] = found
            elif isinstance(known, TaskFacts) and known.tokens is None:
                self._found_of[question] = replace(known, tokens=())
        if found is None or _is_whole(found):
            self._look_up(self.asked)
        self._show()

    def _stop_looking(self) -> None:
        if self._request is not None:
            self._request.cancel()
        self._request = self._since = None

    def on_unmount(self) -> None:
        self._stop_looking()

    def _show_facts(self) -> None:
        with suppress(UsageError):  # said where it is typed
            self._protocol = build_protocol(self.asked)
        # On what stands beside the fields alone: on the screen, all fields would be styled anew.
        self.query_one("#side").set_class(bool(self._wanted), "-told")
        found = {each.task: self._found_of[each] for each in self._wanted if each in self._found_of}
        tasks = [each.task for each in self._wanted]
        self.query_one(FactsPanel).show(tasks, found, self._protocol, since=self._since)

    # the form

    def start(self, texts: Mapping[str, str], pending: Pending) -> Message:
        remark = partial(self.app.notify, markup=False)
        study_id = start_search(self.store, texts, before_writing=pending.carry_out, remark=remark)
        # To the app: the person may look at another screen by now.
        self.app.post_message(StartWorkers())
        return self.Started(study_id)

    @on(Started)
    def _started(self, event: Started) -> None:
        self.end(None)
        self.app.post_message(OpenStudy(event.study_id))

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
        found = cautions(self.texts)
        skewed = [task for task, facts in self.facts.items() if largest_share(facts) > SKEWED]
        if skewed and (self.texts["balance"], self.texts["score"]) == ("none", "accuracy"):
            share = largest_share(self.facts[skewed[0]])
            found["balance"] = f"{share:.0%} of {skewed[0]} is one label; weights evens that out."
        return found

    def promise(self) -> str:
        return self.findings.forecast or "Runs on when this app is closed."


def _is_whole(found: TaskFacts | NoFacts | None) -> bool:
    return isinstance(found, NoFacts) or (found is not None and found.tokens is not None)
