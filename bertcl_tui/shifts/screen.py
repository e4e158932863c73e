"""Shifts: how a task can be shifted against itself, by length and by cluster."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.forgetting import Nothing
from bertcl_tui.kit.dialogs import Texts
from bertcl_tui.kit.messages import OpenNewStudy, Trouble
from bertcl_tui.kit.pending import carry_out
from bertcl_tui.shifts.charts import LengthHistogram, PartsTable, by_cluster, by_label
from bertcl_tui.shifts.facts import (
    METHOD_NAMES,
    Found,
    agreement_said,
    cut_said,
    plane_said,
)
from bertcl_tui.shifts.forms import ShiftList, picture_form, question_form
from bertcl_tui.shifts.question import first_question, question_of, read_question, search_texts
from bertcl_tui.store.reader import Reader
from bertcl_tui.style.wording import count
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.frame import TopBar, entitle
from bertcl_tui.widgets.keys import KeyBar, key_for
from engine.errors import EngineError, UsageError, shown
from engine.tasks.shift_findings import METHODS, Finding, Method, Progress, Projection, Question
from engine.work.ask import DrawShifts, ShiftRequest, draw_shifts


@dataclass
class Asked(Message):
    """What is to be looked at; None: there is nothing that could be."""

    question: Question | None


@dataclass
class News(Message):
    """Something was found."""

    question: Question
    finding: Finding | Progress


@dataclass
class Refused(Message):
    """It cannot be looked at; the text is one line for the person."""

    question: Question | None
    text: str


class ShiftsScreen(Screen[None]):
    """Shows the shifts of one task as they are found.

    Args:
        reader: looks into the store.
        study_id: whose first task it is; None: that of the samples, where they are installed.
    """

    PLACE: ClassVar[Place] = "shifts"
    CSS_PATH: ClassVar = ["screen.tcss", "../widgets/top_bar.tcss", "../widgets/key_bar.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("shifts")]
    AUTO_FOCUS = "ShiftList"

    def __init__(self, reader: Reader, study_id: int | None = None) -> None:
        super().__init__()
        self._reader, self._study_id = reader, study_id
        self.found: Found | None = None
        """What is known so far; None: nothing was asked yet."""
        self._look: ShiftRequest | None = None
        self._trouble: str | None = None
        self._chosen: Method | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("Studies", "Shifts")
        with Horizontal(id="above"):
            yield Chart(id="lengths", classes="panel")
            with Vertical(id="side", classes="panel"):
                yield ShiftList()
                yield Static(id="facts")
        with Horizontal(id="below"):
            yield Chart(id="clusters", classes="panel")
            yield Chart(id="labels", classes="panel")
        yield KeyBar()

    def on_mount(self) -> None:
        entitle(self.query_one("#side"), "Shifts")
        self._show()
        self._find_question()

    def on_unmount(self) -> None:
        self._stop_search()

    # the question

    @work(thread=True, group="question")
    def _find_question(self) -> None:
        try:
            record = None if self._study_id is None else self._reader.record(self._study_id)
            question = first_question() if record is None else question_of(record.spec)
        except EngineError as error:
            self.post_message(Refused(None, str(error)))
            return
        self.post_message(Asked(question))

    @on(Asked)
    def _asked(self, message: Asked) -> None:
        if message.question is not None:
            self._look_at(message.question)
        else:
            self._show()

    def _look_at(self, question: Question) -> None:
        self._stop_search()
        self.found, self._trouble, self._chosen = Found(question=question), None, None
        try:
            self._look = ShiftRequest(question)
        except UsageError as error:
            self._refuse(str(error))
        else:
            self._find(question, self._look)
        self._show()

    def _stop_search(self) -> None:
        if self._look is not None:
            self._look.cancel()

    @work(thread=True, group="look")
    def _find(self, question: Question, look: ShiftRequest) -> None:
        try:
            for finding in look.findings():
                self.post_message(News(question, finding))
        except EngineError as error:
            self.post_message(Refused(question, str(error)))

    @on(News)
    def _news(self, message: News) -> None:
        if self.found is not None and self.found.question == message.question:
            self.found = self.found.plus(message.finding)
            self._show()

    @on(Refused)
    def _refused(self, message: Refused) -> None:
        if message.question == (self.found and self.found.question):
            self._refuse(message.text)
            self._show()

    def _refuse(self, text: str) -> None:
        self._trouble = text
        # In full: a chart may be narrower than the line.
        self.app.post_message(Trouble(text))

    # showing

    @property
    def plane(self) -> Projection | None:
        """The plane that is shown: the one chosen, else the best that is there."""
        if self.found is None:
            return None
        methods = METHODS[::-1] if self._chosen is None else (self._chosen,)
        return next(filter(None, map(self.found.plane, methods)), None)

    def _show(self) -> None:
        self._show_top()
        self._show_lengths()
        self._show_planes()
        self.query_one("#facts", Static).update(PartsTable(self.found))
        self.refresh_bindings()

    def _show_top(self) -> None:
        found, facts = self.found, [""]
        if found is not None:
            facts = [found.question.model.rpartition("/")[2]]
            if found.lengths is not None:
                facts.append(count(found.lengths.train_rows, "training row"))
                facts.append(f"{found.lengths.validation_rows:,} for validation")
        task = [found.question.task] if found is not None else []
        self.query_one(TopBar).show(["Studies", "Shifts", *task], facts)

    def _show_lengths(self) -> None:
        chart = self.query_one("#lengths", Chart)
        lengths = None if self.found is None else self.found.lengths
        if lengths is None:
            entitle(chart, "Length")
            chart.show(Nothing(self._waiting_for("Reading and counting tokens…")))
        else:
            entitle(chart, f"Length ─ {cut_said(lengths)}")
            chart.show(LengthHistogram(lengths))

    def _show_planes(self) -> None:
        clusters, labels = self.query_one("#clusters", Chart), self.query_one("#labels", Chart)
        found, plane = self.found, self.plane
        if found is None or plane is None or found.clusters is None or found.lengths is None:
            entitle(clusters, "By cluster")
            entitle(labels, "By label")
            sentence = self._waiting_for(_progress_said(found))
            clusters.show(Nothing(sentence))
            labels.show(Nothing(sentence))
            return
        shown = f"{len(plane.points):,} of {found.clusters.looked_at:,} clustered rows"
        entitle(clusters, f"By cluster ─ {plane_said(plane)}", self._on_its_way() or shown)
        clusters.show(by_cluster(plane, found.clusters))
        entitle(labels, "By label", agreement_said(found.clusters))
        labels.show(by_label(plane, found.clusters, found.lengths))

    def _waiting_for(self, sentence: str) -> str:
        if self._trouble is not None:
            return f"✗ {self._trouble}"
        if self.found is not None:
            return sentence
        return f"Press {key_for(self.app, 'choose_task')} to choose a task."

    def _on_its_way(self) -> str:
        """Say which plane is still to come."""
        if self.found is None or self.found.is_whole:
            return ""
        if self._trouble is not None:
            return f"✗ {self._trouble}"
        missing = [METHOD_NAMES[m] for m in METHODS if self.found.plane(m) is None]
        return f"{', '.join(missing)} on the way…"

    # actions

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Hide what needs something that is not there yet."""
        match action:
            case "turn_plane":
                return self.found is not None and len(self.found.planes) > 1
            case "write_picture":
                return self.plane is not None
            case "search_shift":
                return self.found is not None
            case _:
                return True

    def action_choose_task(self) -> None:
        """Ask for another task, or the same one under another model."""

        def answered(texts: Texts | None) -> None:
            if texts is not None:
                self._look_at(read_question(texts))

        self.app.push_screen(question_form(self.found.question if self.found else None), answered)

    def action_turn_plane(self) -> None:
        """Show the other plane."""
        plane = self.plane
        if plane is not None:
            self._chosen = METHODS[1 - METHODS.index(plane.method)]
            self._show()

    def action_write_picture(self) -> None:
        """Ask where the picture goes, then have it drawn."""
        found, plane = self.found, self.plane
        if found is None or plane is None:
            return

        def answered(texts: Texts | None) -> None:
            if texts is not None:
                self.notify("Drawing…", markup=False)
                picture = DrawShifts(
                    question=found.question, method=plane.method, path=texts["path"]
                )
                carry_out(self.app, partial(_draw, picture), group="export")

        self.app.push_screen(picture_form(found.question), answered)

    def action_search_shift(self) -> None:
        """Set up a search on the shift under the cursor."""
        if self.found is not None:
            parts = self.query_one(ShiftList).parts
            self.app.post_message(OpenNewStudy(search_texts(self.found.question, parts)))

    def action_back(self) -> None:
        """Leave; the search for shifts ends with the screen."""
        self.dismiss()


def _draw(picture: DrawShifts) -> str:
    return f"picture written to {shown(draw_shifts(picture))}"


def _progress_said(found: Found | None) -> str:
    if found is None or found.lengths is None:
        return "Clusters come after the lengths."
    progress = found.progress
    if progress is None:
        return "Loading the model…" if found.clusters is None else "Projecting…"
    if progress.done == progress.total:
        return "Clustering…"
    return f"Embedding: {progress.done:,} of {count(progress.total, 'row')}…"
