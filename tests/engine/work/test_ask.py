"""Asking a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import psutil
import pytest

from engine.errors import EngineError, UsageError
from engine.spec import RunSpec
from engine.store.connection import open_store
from engine.tasks.shift_findings import Clusters, Finding, Lengths, Progress, Projection, Question
from engine.work.ask import (
    Asking,
    CheckRuns,
    FindShifts,
    ShiftRequest,
    ask_machine,
    check,
    measure_sharing,
    picture_path,
    weigh_importance,
)
from engine.work.machine import core_count
from tests.forking import forking
from tests.tiny import tiny_backbone, tiny_tasks

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("forked")]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTCL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Question:
    return Question(
        task="topic",
        data=str(tiny_tasks(tmp_path_factory.mktemp("tasks"))),
        model=str(tiny_backbone(tmp_path_factory.mktemp("backbone"))),
        rows=30,
    )


@pytest.fixture(scope="module")
def findings(question: Question, place_of_forks: str) -> list[Finding | Progress]:
    look = ShiftRequest(question)
    assert list(look.stored()) == []
    with forking(place_of_forks):
        return list(look.findings())


def test_the_quick_things_come_first(findings: list[Finding | Progress]) -> None:
    kinds = [type(finding) for finding in findings if not isinstance(finding, Progress)]
    assert kinds == [Lengths, Clusters, Projection, Projection]
    assert Progress(64, 64) in findings


def test_nothing_is_looked_at_twice(
    question: Question, findings: list[Finding | Progress], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")  # no process can be started
    look = ShiftRequest(question)
    assert look.is_whole()
    again = list(look.findings())
    assert again == [finding for finding in findings if not isinstance(finding, Progress)]
    assert list(look.stored()) == again


def test_other_rows_are_another_question(
    question: Question, findings: list[Finding | Progress]
) -> None:
    train = Path(question.data).parent / "topic-train.csv"
    then = train.stat()
    os.utime(train, ns=(then.st_atime_ns, then.st_mtime_ns + 1))
    try:
        assert not ShiftRequest(question).is_whole()
    finally:
        os.utime(train, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert ShiftRequest(question).is_whole()


def test_a_request_that_was_cancelled_says_no_more(question: Question) -> None:
    look = ShiftRequest(Question(task="mood", data=question.data, model=question.model))
    look.cancel()
    assert list(look.findings()) == []


def test_what_is_not_to_be_had_is_refused_in_one_line(question: Question, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no task 'moot'"):
        ShiftRequest(Question(task="moot", data=question.data, model=question.model))
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    broken = ShiftRequest(Question(task="mood", data=question.data, model=str(tmp_path)))
    with pytest.raises(UsageError, match=r"model folder .*; use --model sample or another folder"):
        list(broken.findings())


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("shifts.pdf", "must end in .svg or .png"),
        ("no/where.svg", "there is no folder"),
        ("folder.svg", "is a folder; name a file in it"),
    ],
)
def test_a_picture_goes_where_one_can_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(UsageError, match=message):
        picture_path(path)


def test_asking_is_light() -> None:
    heavy = {"torch", "transformers", "sklearn", "matplotlib", "datasets", "numpy", "pyarrow"}
    program = "import engine.work.ask, sys; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert not heavy & set(modules)


def test_the_machine_is_described_by_another_process() -> None:
    assert ask_machine().cores == core_count()


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="forks are safe on Linux alone")
def test_how_the_machine_is_shared_best_is_measured_in_processes_of_their_own() -> None:
    rates = measure_sharing()
    assert {1, core_count()} <= rates.keys()
    assert all(rate > 0 for rate in rates.values())


def test_a_question_may_be_longer_than_a_pipe_or_a_command_line_holds(question: Question) -> None:
    spec = RunSpec(
        sequence=("topic", "x" * 2**20),
        data=question.data,
        model=question.model,
        method="flat",
        options={"lr": 1e-5},
    )
    with pytest.raises(UsageError, match="no task 'xxx"):
        check(spec)


@pytest.mark.as_typed
def test_nothing_of_a_question_shows_in_a_list_of_processes(question: Question) -> None:
    asking = Asking(FindShifts(question=msgspec.structs.replace(question, rows=29)), "broke")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(asking.wait)
        child = the_process(asking)
        words = child.cmdline()
        asking.cancel()
        waiting.result()
    assert words[1:] == ["-P", "-m", "engine.work.answers"]


def test_cancelling_ends_the_process_and_what_was_said_is_all(question: Question) -> None:
    asking = Asking(FindShifts(question=msgspec.structs.replace(question, rows=28)), "broke")
    answers = asking.answers()
    next(answers)
    child = the_process(asking)
    asking.cancel()
    list(answers)
    assert not child.is_running()


def test_who_stops_listening_ends_the_process(question: Question) -> None:
    asking = Asking(FindShifts(question=msgspec.structs.replace(question, rows=27)), "broke")
    answers = asking.answers()
    next(answers)
    child = the_process(asking)
    answers.close()  # type: ignore[attr-defined]
    assert not child.is_running()


def test_a_failure_of_the_process_is_told_by_its_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.chdir("/")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(EngineError, match=r"^it broke: it ended without a word$"):
        Asking(CheckRuns(specs=()), "it broke").wait()
    monkeypatch.setattr(sys, "executable", "/nowhere")
    with pytest.raises(EngineError, match=r"^it broke: no such file or directory$") as caught:
        Asking(CheckRuns(specs=()), "it broke").wait()
    assert not isinstance(caught.value, UsageError)


def test_what_cannot_be_weighed_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no store at .*none\.db; start a search first"):
        weigh_importance(str(tmp_path / "none.db"), 1, "ped-anova").wait()
    open_store(str(tmp_path / "empty.db")).close()
    assert weigh_importance(str(tmp_path / "empty.db"), 1, "ped-anova").wait() == b""


def the_process(asking: Asking) -> psutil.Process:
    """Return the process that answers, once it is there."""
    while asking._process is None:
        time.sleep(0.001)
    return psutil.Process(asking._process.pid)


def test_what_answers_listens_to_nobody_and_prints_to_stderr() -> None:
    program = """
import os, subprocess, sys
from engine.work.answers import _answer_pipe
from engine.work.processes import read_message
assert read_message() == b"question"
assert sys.stdin.read() == "" and subprocess.check_output(["cat"]) == b""
pipe = _answer_pipe()
print("from a library", flush=True)
os.system("echo from its child")
pipe.write(b"answer")
pipe.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], input=b"question", capture_output=True, check=True
    )
    assert done.stdout == b"answer"
    assert done.stderr == b"from a library\nfrom its child\n"
