"""Looking at shifts in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.tasks.shifts.findings import Clusters, Finding, Lengths, Progress, Projection, Question
from engine.work.shifts import Look, picture_path
from tests.tiny import tiny_backbone, tiny_tasks


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
def findings(question: Question) -> list[Finding | Progress]:
    look = Look(question)
    assert list(look.kept()) == []
    return list(look.findings())


def test_the_quick_things_come_first(findings: list[Finding | Progress]) -> None:
    kinds = [type(finding) for finding in findings if not isinstance(finding, Progress)]
    assert kinds == [Lengths, Clusters, Projection, Projection]
    assert Progress(64, 64) in findings


def test_nothing_is_looked_at_twice(
    question: Question, findings: list[Finding | Progress], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")  # no process can be started
    look = Look(question)
    assert look.is_whole()
    again = list(look.findings())
    assert again == [finding for finding in findings if not isinstance(finding, Progress)]
    assert list(look.kept()) == again


def test_other_rows_are_another_question(
    question: Question, findings: list[Finding | Progress]
) -> None:
    train = Path(question.data).parent / "topic-train.csv"
    then = train.stat()
    os.utime(train, ns=(then.st_atime_ns, then.st_mtime_ns + 1))
    try:
        assert not Look(question).is_whole()
    finally:
        os.utime(train, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert Look(question).is_whole()


def test_a_look_that_was_ended_says_no_more(question: Question) -> None:
    look = Look(Question(task="mood", data=question.data, model=question.model))
    look.end()
    assert list(look.findings()) == []


def test_what_is_not_to_be_had_is_refused_in_one_line(question: Question, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no task 'moot'"):
        Look(Question(task="moot", data=question.data, model=question.model))
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    broken = Look(Question(task="mood", data=question.data, model=str(tmp_path)))
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
    program = "import engine.work.shifts, sys; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert not heavy & set(modules)
