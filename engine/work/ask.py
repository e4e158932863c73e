"""Asking a process of its own for what takes torch or Optuna: this one stays light.

The question goes to ``python -m engine.work.answers`` through a pipe, as JSON, so that it may be of
any length and nothing of it shows in a list of processes. Answers come back a line each, as they
are found. A process that ends with ``UsageError.exit_code`` has the error's message as the last
line of its stderr; any other code but 0 is a failure of the process itself.
"""

import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from engine.errors import EngineError, UsageError, reason_of, shown
from engine.files import check_target, expanded
from engine.spec import RunSpec, StudySpec
from engine.spec.search import Evaluator
from engine.tasks.facts import FactsQuestion, NoFacts, TaskFacts, known_facts
from engine.tasks.shift_findings import Finding, Method, Progress, StoredFindings
from engine.tasks.shift_findings import Question as ShiftQuestion
from engine.trainers.tools.tool import Head
from engine.work.machine import Machine
from engine.work.processes import hand_over, start_module
from engine.work.warm import Process

_TYPING_SECONDS: Final = 0.3
"""How long a question waits that may be typed on."""
SUFFIXES: Final = (".svg", ".png")
"""What a picture can be."""


class CheckRuns(Struct, frozen=True, kw_only=True, tag=True):
    """Whether these runs could begin: a ``Remark`` on each thing that is other than asked for."""

    specs: tuple[RunSpec, ...]


class Remark(Struct, frozen=True):
    """What is worth knowing before a run begins, in one line."""

    text: str


class DescribeMachine(Struct, frozen=True, tag=True):
    """What this machine can learn on: a ``Machine``."""


class ShareMachine(Struct, frozen=True, tag=True):
    """How fast this machine learns by few workers of many threads and by many of few: ``Rates``."""


class Rates(Struct, frozen=True):
    """Steps a second of so many workers together."""

    by_workers: dict[int, float]


class FindShifts(Struct, frozen=True, kw_only=True, tag=True):
    """What a task's shifts are: a ``Finding`` each, and ``Progress`` in between."""

    question: ShiftQuestion


class LookAtTasks(Struct, frozen=True, kw_only=True, tag=True):
    """What there is to know of tasks: of each ``TaskFacts`` without its tokens, then with them.

    Or ``NoFacts``. Nothing is fetched from the hub.
    """

    questions: tuple[FactsQuestion, ...]


class DrawShifts(Struct, frozen=True, kw_only=True, tag=True):
    """A figure of findings that are stored. No answer: it is in the file then."""

    question: ShiftQuestion
    method: Method
    path: str
    """Its suffix says what it is: SVG or PNG."""


class WeighImportance(Struct, frozen=True, kw_only=True, tag=True):
    """What matters in a study. No answer: it is in the store then."""

    store: str
    study_id: int
    evaluator: Evaluator


class NameParameters(Struct, frozen=True, kw_only=True, tag=True):
    """What the parameters of a model are called: ``Names``."""

    model: str
    head: Head


class Names(Struct, frozen=True):
    """Of all parameters, in the order of registration."""

    names: tuple[str, ...]


Question = (
    CheckRuns
    | DescribeMachine
    | ShareMachine
    | FindShifts
    | LookAtTasks
    | DrawShifts
    | WeighImportance
    | NameParameters
)


class Asking:
    """One question to a process of its own. Any thread may wait for the answers, or cancel.

    Args:
        question: what is asked.
        failure: what could not be done where the process itself fails, as its message begins.
    """

    def __init__(self, question: Question, failure: str) -> None:
        self._question = question
        self._failure = failure
        self._process: Process | None = None
        self._lock = threading.Lock()
        self._cancelled = False

    def answers(self) -> Iterator[bytes]:
        """Yield the answers as they come, each JSON; nothing more once it was cancelled.

        Raises:
            UsageError: what was asked for is not to be had.
            EngineError: the process failed.
        """
        with tempfile.TemporaryFile() as complaints:
            if self._cancelled:
                return
            process = self._start(complaints.fileno())
            with process:
                try:
                    hand_over(process, msgspec.json.encode(self._question))
                    yield from process.stdout or ()
                except BaseException:
                    process.kill()
                    raise
            complaints.seek(0)
            code = process.wait()
            if code != 0 and not self._cancelled:
                raise self._error(code, complaints.read().decode(errors="replace"))

    def wait(self) -> bytes:
        """Return the one answer when it is there; empty where there is none.

        Raises:
            UsageError: what was asked for is not to be had.
            EngineError: the process failed.
        """
        return b"".join(self.answers())

    def cancel(self) -> None:
        """End the process."""
        with self._lock:
            self._cancelled = True
            if self._process is not None:
                self._process.kill()

    def _start(self, complaints: int) -> Process:
        try:
            process = start_module("engine.work.answers", stdout=subprocess.PIPE, stderr=complaints)
        except OSError as error:
            raise EngineError(f"{self._failure}: {reason_of(error)}") from error
        with self._lock:
            self._process = process
            if self._cancelled:  # while it was started
                process.kill()
        return process

    def _error(self, code: int, complaints: str) -> EngineError:
        last = (complaints.strip().splitlines() or ["it ended without a word"])[-1]
        if code == UsageError.exit_code:
            return UsageError(last)
        return EngineError(f"{self._failure}: {last}")


def check(*specs: RunSpec) -> tuple[str, ...]:
    """Load what runs need. What was loaded and encoded is cached for the worker that comes after.

    Returns:
        What is other than asked for, a line each.

    Raises:
        UsageError: something is not to be had.
        EngineError: the check itself broke.
    """
    asking = Asking(CheckRuns(specs=specs), "the request could not be checked")
    return tuple(msgspec.json.decode(line, type=Remark).text for line in asking.answers())


def check_search(spec: StudySpec) -> tuple[str, ...]:
    """Load what every trial of a search needs, and return remarks, as ``check`` does.

    Raises:
        UsageError: something is not to be had.
        EngineError: the check itself broke.
    """
    return check(like_every_trial(spec))


def like_every_trial(spec: StudySpec) -> RunSpec:
    """Return a run that needs what every trial of a search needs, to be checked."""
    return replace(spec.trial(0, (), {"lr": 1e-5}), method="flat")


def ask_machine() -> Machine:
    """Return what this machine can learn on.

    Raises:
        EngineError: torch cannot be loaded.
    """
    answer = Asking(DescribeMachine(), "torch cannot be used").wait()
    return msgspec.json.decode(answer, type=Machine)


def measure_sharing() -> dict[int, float]:
    """Return steps a second by how many workers share this machine; takes some seconds.

    Raises:
        EngineError: it cannot be measured.
    """
    answer = Asking(ShareMachine(), "this machine could not be measured").wait()
    return msgspec.json.decode(answer, type=Rates).by_workers


class ShiftRequest:
    """The findings of one question, as they are found; those that are stored cost no time.

    Raises:
        UsageError: there is no such task or model.
    """

    def __init__(self, question: ShiftQuestion) -> None:
        self._stored = StoredFindings(question)
        self._asking = Asking(FindShifts(question=question), "looking at the shifts broke")

    def stored(self) -> Iterator[Finding]:
        """Yield what is there already."""
        return self._stored.read()

    def is_whole(self) -> bool:
        """Whether all of it is there already."""
        return self._stored.is_whole()

    def findings(self) -> Iterator[Finding | Progress]:
        """Yield everything, and in between how far it is; nothing more once it was cancelled.

        Raises:
            UsageError: rows or model are not to be had.
            EngineError: looking itself broke.
        """
        if self._stored.is_whole():
            yield from self._stored.read()
            return
        for line in self._asking.answers():
            yield msgspec.json.decode(line, type=Finding | Progress)

    def cancel(self) -> None:
        """Stop looking; any thread may ask for it."""
        self._asking.cancel()


class FactsRequest:
    """What there is to know of tasks, as it is found; what was found before costs no time."""

    def __init__(self, questions: Sequence[FactsQuestion]) -> None:
        self.questions = tuple(questions)
        self._asking: Asking | None = None
        self._cancelled = threading.Event()

    def facts(self) -> Iterator[TaskFacts | NoFacts]:
        """Yield what is known, of a task again where more is; nothing more once it was cancelled.

        Raises:
            EngineError: looking itself broke.
        """
        missing = []
        for question in self.questions:
            known: TaskFacts | NoFacts | None
            try:
                known = known_facts(question)
            except UsageError as error:
                known = NoFacts(task=question.task, reason=str(error))
            if known is not None:
                yield known
            else:
                missing.append(question)
        if not missing or self._cancelled.wait(_TYPING_SECONDS):
            return
        asked = LookAtTasks(questions=tuple(missing))
        self._asking = Asking(asked, "looking at the tasks broke")
        if self._cancelled.is_set():
            return
        for line in self._asking.answers():
            yield msgspec.json.decode(line, type=TaskFacts | NoFacts)

    def cancel(self) -> None:
        """Stop looking; any thread may ask for it."""
        self._cancelled.set()
        if self._asking is not None:
            self._asking.cancel()


def draw_shifts(picture: DrawShifts) -> Path:
    """Write a figure of what was found before, and return where it is.

    Raises:
        UsageError: it cannot be written there, or nothing was found yet.
        EngineError: drawing itself broke.
    """
    path = picture_path(picture.path)
    Asking(replace(picture, path=str(path)), "drawing the picture broke").wait()
    return path


def picture_path(text: str) -> Path:
    """Return where a picture goes.

    Raises:
        UsageError: it is neither SVG nor PNG, a folder, or in none.
    """
    path = expanded(text).absolute()
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"picture '{shown(text)}' must end in {' or '.join(SUFFIXES)}")
    check_target(path)
    return path


def weigh_importance(store: str, study_id: int, evaluator: Evaluator) -> Asking:
    """Return the question what matters in a study; the store has it when it was waited for."""
    question = WeighImportance(store=store, study_id=study_id, evaluator=evaluator)
    return Asking(question, "what matters could not be told")


def parameter_names(model: str, head: Head) -> tuple[str, ...]:
    """Return the names of a model's parameters, as transformers gives them.

    Raises:
        UsageError: there is no such model, or it cannot have that head.
        EngineError: looking itself broke.
    """
    question = NameParameters(model=model, head=head)
    answer = Asking(question, "the model could not be looked at").wait()
    return msgspec.json.decode(answer, type=Names).names
