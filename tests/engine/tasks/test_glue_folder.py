from pathlib import Path

import pytest

from engine.spec import Protocol
from engine.tasks.catalog import known_tasks
from engine.tasks.load import load_task
from engine.tasks.splits import split_rows

GLUE = Path(__file__).parents[4] / "shared" / "glue"

pytestmark = pytest.mark.skipif(not GLUE.is_dir(), reason=f"no GLUE rows in {GLUE}")


def test_the_folder_has_the_six_tasks() -> None:
    names = {entry.name for entry in known_tasks(str(GLUE))}
    assert names == {"sst2", "mrpc", "rte", "qnli", "qqp", "mnli"}


@pytest.mark.parametrize(
    ("name", "train", "validation", "classes", "single"),
    [
        ("sst2", 67_349, 872, 2, True),
        ("mrpc", 3668, 408, 2, False),
        ("rte", 2490, 277, 2, False),
        ("mnli", 22_492, 9085, 3, False),
    ],
)
def test_rows_are_read_whole(
    name: str, train: int, validation: int, classes: int, single: bool
) -> None:
    task = load_task(name, str(GLUE))
    assert (len(task.train), len(task.validation)) == (train, validation)
    assert task.classes == classes
    assert (task.train.sentence2 is None) == single


def test_the_papers_protocol_keeps_every_training_row_that_is_not_reported_on() -> None:
    task = load_task("mrpc", str(GLUE))
    splits = split_rows(task, Protocol(selection="validation"))
    assert (len(splits.train), len(splits.search)) == (3668, 408)
