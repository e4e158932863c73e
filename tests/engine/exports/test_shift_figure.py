"""The picture of what was found, drawn in a process of its own."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.errors import UsageError
from engine.tasks.shift_findings import Question
from engine.work.ask import DrawShifts, draw_shifts
from tests.shift_findings import keep_findings

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("forked")]


@pytest.fixture
def question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Question:
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path / "cache"))
    return keep_findings(tmp_path)


@pytest.mark.parametrize(
    ("name", "beginning"), [("shifts.svg", b"<?xml"), ("shifts.PNG", b"\x89PNG")]
)
def test_a_picture_is_what_its_suffix_says(
    question: Question, tmp_path: Path, name: str, beginning: bytes
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    path = draw_shifts(DrawShifts(question=question, method="tsne", path=str(folder / name)))
    assert path == folder / name
    assert path.read_bytes().startswith(beginning)
    assert list(folder.iterdir()) == [path]


def test_a_picture_of_what_was_not_looked_at_is_refused(question: Question, tmp_path: Path) -> None:
    unseen = DrawShifts(
        question=replace(question, task="mood"), method="pca", path=str(tmp_path / "mood.svg")
    )
    with pytest.raises(UsageError, match="task 'mood' was not looked at yet; do that first"):
        draw_shifts(unseen)
