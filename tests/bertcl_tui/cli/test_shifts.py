"""shifts, over findings that are kept: no model is loaded."""

from pathlib import Path

import pytest

from engine.tasks.shift_findings import Question
from tests.bertcl_tui.cli.conftest import Answer, Ask
from tests.shift_findings import keep_findings


@pytest.fixture
def question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Question:
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path / "cache"))
    return keep_findings(tmp_path)


def shifts(ask: Ask, question: Question, *words: object) -> Answer:
    return ask("shifts", question.task, "--data", question.data, "--model", question.model, *words)


def test_sizes_cut_and_classes_for_people(ask: Ask, question: Question) -> None:
    answer = shifts(ask, question)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].split() == ["part", "rows", "goal", "soup", "moon"]
    assert lines[1].split() == ["short", "32", "31%", "34%", "34%"]
    assert lines[4].split() == ["cluster1", "24", "50%", "42%", "8%"]
    assert "length: cut at 6 tokens; 64 training rows" in lines
    assert "adjusted Rand index 0.12" in answer.out
    assert "by cluster: 30 training rows, t-SNE" in lines
    assert "● cluster0 20  ▲ cluster1 10" in lines
    assert "● goal 10  ▲ soup 10  ■ moon 10" in lines


def test_everything_for_programs(ask: Ask, question: Question) -> None:
    data = shifts(ask, question, "--projection", "pca", "--json").data
    assert data["task"] == "topic"
    assert data["length"]["cut"] == 6.0
    assert [part["name"] for part in data["cluster"]["parts"]] == ["cluster0", "cluster1"]
    assert data["projections"]["pca"]["share"] == 0.41
    assert len(data["projections"]["pca"]["points"]) == 30
    assert data["picture"] is None


def test_a_picture_is_written_instead_of_drawn(ask: Ask, question: Question, here: Path) -> None:
    answer = shifts(ask, question, "--out", "shifts.svg")
    assert answer.code == 0
    assert answer.out.splitlines()[-1] == f"picture: {here / 'shifts.svg'}"
    assert "●" not in answer.out
    assert (here / "shifts.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_a_part_stands_for_its_task(ask: Ask, question: Question) -> None:
    words = ["--data", question.data, "--model", question.model, "--json"]
    assert ask("shifts", "topic/short", *words).data["task"] == "topic"


def test_caches_that_nothing_reaches_are_refused_at_the_start(
    ask: Ask, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTCL_CACHE", "stfp://me:sesame@host/x")
    answer = shifts(ask, question)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: caches stfp://me:***@host/x: nothing is known of stfp://")
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["moot"], "no task 'moot'"),
        (["topic/middle"], "task 'topic' has no part 'middle'; use one of topic/short"),
        (["topic", "--projection", "umap"], "no projection named 'umap'; use one of pca, tsne"),
        (["topic", "--preset", "mine"], "no preset named 'mine'"),
        (["topic", "--max-length", "x"], "max length 'x' is no whole number"),
        (["topic", "--out", "shifts.pdf"], "picture 'shifts.pdf' must end in .svg or .png"),
        (["topic", "--rows", "5"], "--rows"),
    ],
)
def test_what_is_asked_wrongly_is_said_in_one_line(
    ask: Ask, question: Question, words: list[str], message: str
) -> None:
    answer = ask("shifts", *words, "--data", question.data)
    assert answer.code == 2
    assert message in answer.err
    assert answer.err.count("\n") == 1
