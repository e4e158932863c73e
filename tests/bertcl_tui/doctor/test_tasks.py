"""What doctor says of the tasks that studies learn."""

from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from bertcl_tui.doctor.tasks import find_tasks
from engine.spec import StudySpec
from engine.store.connection import open_store
from engine.store.studies import create_study
from tests.engine.store.conftest import study_spec


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a task of nine rows in ten of one class, and one of as many of each."""
    for name, rare in (("skewed", 10), ("even", 2)):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        rows = [f"text {row},,{int(row % rare == 0)}" for row in range(40)]
        lines = "\n".join(["sentence1,sentence2,label", *rows])
        (folder / "train.csv").write_text(f"{lines}\n", encoding="utf-8")
    return tmp_path / "data"


def _said(tmp_path: Path, *specs: StudySpec) -> list[tuple[str, str]]:
    path = str(tmp_path / "studies.db")
    with closing(open_store(path)) as store:
        for number, spec in enumerate(specs):
            create_study(store, replace(spec, name=f"study {number}"))
    return [(finding.verdict, finding.text) for finding in find_tasks(path)]


def _spec(
    data: object, *, tasks: tuple[str, str] = ("skewed", "even"), **protocol: str
) -> StudySpec:
    spec = replace(study_spec(), data=str(data), sequence=tasks)
    return replace(spec, protocol=replace(spec.protocol, **protocol))


def test_a_skewed_task_is_told_once_with_the_way_out(tmp_path: Path, data: Path) -> None:
    ((verdict, text),) = _said(tmp_path, _spec(data), _spec(data))
    assert verdict == "note"
    assert text.startswith("task 'skewed' is skewed, 90% of its training rows are of one class: ")
    assert "--balance weights" in text
    assert "--score macro-f1" in text


def test_nothing_is_said_against_it_where_both_ways_are_taken(tmp_path: Path, data: Path) -> None:
    said = _said(tmp_path, _spec(data, balance="sampling", score="macro-f1"))
    assert said == [("good", "2 tasks of studies read, nothing amiss")]


def test_rows_that_are_gone_are_told_of_and_the_hub_is_left_alone(tmp_path: Path) -> None:
    gone, hub = tmp_path / "gone", _spec("hub", tasks=("sst2", "mrpc"))
    ((verdict, text),) = _said(tmp_path, _spec(gone), hub)
    assert verdict == "note"
    assert text.startswith(f"no data '{gone}'")


def test_nothing_is_said_where_there_is_no_store(tmp_path: Path) -> None:
    assert list(find_tasks(str(tmp_path / "none.db"))) == []
    assert list(tmp_path.iterdir()) == []
