"""A run in words: at its top, as accuracy matrix, as parameters; and the panel that holds them."""

from collections.abc import Mapping, Sequence
from itertools import chain
from textwrap import wrap
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.words import cut, fill, fill_before, width_of
from bertcl_tui.store.trial_rows import RunFacts
from bertcl_tui.style.looks import (
    STATE_LOOKS,
    KeyOf,
    Looks,
    Write,
    looks_of,
    state_text,
    state_word,
)
from bertcl_tui.style.wording import (
    confirmation_text,
    duration,
    score,
    seeds_text,
    signed,
    steps_rate,
    tokens_rate,
)
from bertcl_tui.trial.look import SPLIT_TITLES, Accuracies, RunLook, lost_lines
from bertcl_tui.trial.parameters import parameters_of
from bertcl_tui.widgets.frame import Sized
from engine.spec import sequence_name
from engine.store.states import ENDED, RETRIED

_NEXT: Final[Mapping[str, tuple[str, str]]] = {
    "paused": ("pause_or_resume", "lets it go on"),
    "lost": ("pause_or_resume", "starts a worker if there is none; it goes on from its checkpoint"),
    "queued": ("pause_or_resume", "starts a worker if there is none"),
    "stalled": ("show_part_6", "shows what was said of it"),
    "pruned": ("retry", "runs it once more, to its end"),
    "collapsed": ("retry", "runs it once more"),
    "stopped": ("retry", "runs it once more, from its first step"),
    "failed": ("retry", "runs it once more, from its first step"),
}
"""Which action can be done about a state, and what comes of it."""


_CELL: Final = len("0.884")
_GAP: Final = 2
_NARROW: Final = 10  # columns that a text has at least
_MOST_OF_A_NAME: Final = 16
MEASURES: Final = {
    "ACC": "average accuracy after the last stage",
    "BWT": "backward transfer: below 0 where earlier tasks were forgotten",
    "forgetting": "mean fall from each earlier task's best before the last stage",
}


def path_to(run: RunFacts) -> list[str]:
    """Return where one is."""
    if run.study is not None:
        return ["Studies", run.study, run.name]
    called = f"{run.label or run.spec.method} · seed {run.spec.seed}"
    return ["Arena", sequence_name(run.spec.sequence), called]


def facts_in_short(run: RunFacts) -> list[str]:
    """Return what stands on top of a run's screen, the most important first."""
    scores = ""
    if run.p is not None:
        scores = f"p {score(run.p)} = {score(run.p_o)} + {score(run.p_s)}"
    facts = [
        state_word(run.state, run.desired),
        scores,
        seeds_text(run.raced) if run.raced else "",
        confirmation_text(run.confirmation) if run.confirmation else "",
        f"step {run.step} of {run.steps}" if run.steps else "",
        steps_rate(run.rate),
        tokens_rate(run.tokens_rate),
        duration(run.busy_seconds) if run.busy_seconds else "",
    ]
    return [fact for fact in facts if fact]


def accuracies_text(look: RunLook) -> Write:
    """Return what writes the accuracy matrix."""
    tasks, accuracies, run = look.run.spec.sequence, look.accuracies, look.run

    def write(width: int, looks: Looks) -> Text:
        if not accuracies:
            return Text(_why_no_matrix(run), style=looks.muted)
        text = matrix_text(tasks, accuracies, width, looks)
        text.append("\n")
        for name, said in MEASURES.items():
            meaning = said.replace("accuracy", accuracies[0].name)
            text.append(f"\n{name}", style=looks.text).append(f": {meaning}", style=looks.muted)
        return text

    return write


def _why_no_matrix(run: RunFacts) -> str:
    if run.imported:
        return "It was imported: only its result is known."
    if run.state == "complete":
        return "Nothing was measured at the ends of its stages."
    return "It ended before a stage was over." if run.state in ENDED else "No stage is over yet."


def matrix_text(
    tasks: Sequence[str], accuracies: Sequence[Accuracies], width: int, looks: Looks
) -> Text:
    """Write a matrix for each split, and what follows from it once all stages are over.

    Args:
        tasks: of the sequence.
        accuracies: on each split; not empty.
        width: columns there are.
        looks: of the theme.
    """
    text = Text()
    for item in accuracies:
        if text:
            text.append("\n\n")
        text.append(f"{_of(item)}on the {SPLIT_TITLES[item.split]}\n", style=looks.muted)
        text.append(_table(tasks, item, width, looks))
        if item.is_whole(len(tasks)):
            text.append("\n")
            text.append(_measures(item, looks))
            if item.other:
                text.append(f"\n{item.other}", style=looks.muted)
            for line in lost_lines(tasks, item):
                text.append(f"\n{line}", style=looks.text)
    return text


def _of(item: Accuracies) -> str:
    return "" if item.score == "accuracy" else f"{item.name} "


def _table(tasks: Sequence[str], item: Accuracies, width: int, looks: Looks) -> Text:
    at_once = item.is_at_once(len(tasks))
    stages = ["all at once"] if at_once else tasks
    measured = dict(zip(item.stages, item.rows, strict=True))
    first = min(max(map(width_of, ("after", *stages))), _MOST_OF_A_NAME)
    room = max(_CELL, (width - first) // len(tasks) - _GAP)
    cell = min(max(_CELL, *map(width_of, tasks)), room, _MOST_OF_A_NAME)
    text = Text(fill(cut("after", first), first), style=looks.muted)
    for task in tasks:
        text.append(" " * _GAP + fill_before(cut(task, cell), cell), style=looks.muted)
    for i, stage in enumerate(stages):
        if i < max(measured) and i not in measured:
            continue
        text.append(f"\n{fill(cut(stage, first), first)}")
        row = measured.get(i)
        for j in range(len(tasks) if at_once else i + 1):
            known = row is not None and j < len(row)
            value = f"{row[j]:.3f}" if row is not None and known else "–"
            learnt_just_now = at_once or i == j
            style = ("bold " if learnt_just_now else "") + looks.text if known else looks.muted
            text.append(" " * _GAP + value.rjust(cell), style=style)
    return text


def _measures(item: Accuracies, looks: Looks) -> Text:
    matrix = item.matrix
    found = {
        "ACC": matrix.average_accuracy,
        "BWT": matrix.backward_transfer,
        "forgetting": matrix.forgetting,
    }
    text = Text()
    for name, value in found.items():
        if value is not None:
            text.append(" · " if text else "")
            text.append(f"{name} ", style=looks.muted)
            text.append(signed(value))
    return text


def next_step(run: RunFacts, key_of: KeyOf) -> str:
    """Say what can be done about the state a run is in."""
    action, outcome = _NEXT.get(run.state, ("", ""))
    if not action or (run.imported and run.state in RETRIED):
        return ""
    return f"{key_of(action)} {outcome}"


def parameters_text(run: RunFacts, key_of: KeyOf) -> Write:
    """Return what writes the parameters, every reason in full."""
    sections, step = tuple(parameters_of(run)), next_step(run, key_of)

    def write(width: int, looks: Looks) -> Text:
        text = state_text(run.state, run.desired, looks)
        text.append(f" · {STATE_LOOKS[run.state].meaning}\n", style=looks.muted)
        if step:
            text.append(f"{step}\n", style=looks.text)
        for heading, facts in sections:
            text.append(f"\n{heading}\n" if heading else "", style=f"bold {looks.text}")
            text.append(_lines(facts, width, looks))
        text.rstrip()
        return text

    return write


def _lines(facts: Mapping[str, str], width: int, looks: Looks) -> Text:
    """Write names with their texts beside them, wrapped."""
    left = max(map(len, facts)) + _GAP
    text = Text()
    for name, fact in facts.items():
        style = looks.bad if name == "reason" else looks.text
        words = [wrap(line, max(width - left, _NARROW)) or [""] for line in fact.splitlines()]
        for number, line in enumerate(chain.from_iterable(words)):
            text.append(("" if number else name).ljust(left), style=looks.muted)
            text.append(f"{line}\n", style=style)
    return text


class TextPanel(VerticalScroll, Sized):
    """Shows a text that is written anew for another width or theme."""

    PLACE: ClassVar[Place] = "text"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("text")]
    ALLOW_MAXIMIZE = True
    DEFAULT_CSS: ClassVar[str] = """
    TextPanel { height: 1fr; width: 1fr; }
    TextPanel > Static { width: 1fr; height: auto; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._write: Write | None = None
        self._written = Text()

    def compose(self) -> ComposeResult:
        yield Static(id="text")

    def show(self, write: Write) -> None:
        """Show what this writes from now on."""
        self._write = write
        self._show()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._show())

    def on_resize(self) -> None:
        self._show()

    def watch_show_vertical_scrollbar(self) -> None:
        self._show()

    def _show(self) -> None:
        if self._write is None or not self.size.width:
            return
        text = self._write(self.scrollable_content_region.width, looks_of(self.app))
        if text == self._written and text.spans == self._written.spans:
            return
        self._written = text
        self.query_one("#text", Static).update(text)
