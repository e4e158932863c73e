"""Parts of a task: which rows, under which backbone, and that it is told once."""

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.learning.plan import PreparedTask
from engine.learning.prepare import prepare_task
from engine.learning.shift_sides import Pretrained, sides_of
from engine.spec import Protocol
from engine.tasks.cache import cache_folder
from engine.tasks.encoded import load_tokenizer
from engine.tasks.load import load_task
from engine.tasks.shift_sides import take_side
from engine.tasks.splits import example_keys, split_rows
from engine.tasks.subsets import SUBSETS
from engine.tasks.task import TaskData
from engine.work.answers import check
from tests.engine.learning.asking import Ask, learn, measured
from tests.tiny import tiny_backbone

PROTOCOL = Protocol(epochs=1)


def parts(ask: Ask, task: str, protocol: Protocol = PROTOCOL) -> dict[str, TaskData]:
    whole = load_task(task, str(ask.data))
    pretrained = Pretrained(str(ask.model), load_tokenizer(str(ask.model)), 256, "cpu")
    return {
        subset.name: take_side(whole, subset, sides_of(whole, subset.shift, protocol, pretrained))
        for subset in SUBSETS
    }


def prepared(ask: Ask, name: str, protocol: Protocol = PROTOCOL) -> PreparedTask:
    return prepare_task(name, str(ask.data), str(ask.model), protocol, "cpu")


def words(texts: list[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def test_the_parts_by_length_are_the_halves_of_the_training_rows(ask: Ask) -> None:
    found = parts(ask, "topic")
    short, long = found["short"], found["long"]
    assert len(short.train) == len(long.train) == 32
    cut = max(words(short.train.sentence1))
    assert cut <= min(words(long.train.sentence1))
    # validation rows are cut where the training rows are
    assert max(words(short.validation.sentence1)) <= cut <= min(words(long.validation.sentence1))
    assert len(short.validation) + len(long.validation) == 32


def test_the_length_of_a_pair_is_that_of_both_texts(ask: Ask) -> None:
    found = parts(ask, "agree")

    def lengths(name: str) -> list[int]:
        rows = found[name].train
        return [
            one + other
            for one, other in zip(words(rows.sentence1), words(rows.sentence2 or []), strict=True)
        ]

    assert max(lengths("short")) <= min(lengths("long"))


def test_the_authors_split_is_another(ask: Ask) -> None:
    ours = parts(ask, "topic")
    theirs = parts(ask, "topic", Protocol(length_split="authors"))
    assert len(theirs["short"].train) == 32
    assert max(words(theirs["short"].train.sentence1)) > min(words(theirs["long"].train.sentence1))
    assert theirs["short"].fingerprint != ours["short"].fingerprint
    assert theirs["cluster0"].fingerprint == ours["cluster0"].fingerprint


def test_every_row_is_in_one_part_of_a_shift(ask: Ask) -> None:
    whole = load_task("topic", str(ask.data))
    found = parts(ask, "topic")
    for one, other in (("short", "long"), ("cluster0", "cluster1")):
        together = [*found[one].train.sentence1, *found[other].train.sentence1]
        assert sorted(together) == sorted(whole.train.sentence1)
    assert len(found["cluster0"].train) >= len(found["cluster1"].train) > 0


@pytest.mark.parametrize("shift", [("short", "long"), ("cluster0", "cluster1")])
def test_no_text_is_in_two_splits_of_both_parts(ask: Ask, shift: tuple[str, str]) -> None:
    found = parts(ask, "topic")
    splits = [split_rows(found[name], PROTOCOL) for name in shift]
    disjoint = [
        set(example_keys(rows))
        for each in splits
        for rows in (each.train, each.search, each.validation)
    ]
    assert len(set().union(*disjoint)) == sum(map(len, disjoint))


def test_parts_are_tasks_of_their_own_to_a_learner(ask: Ask) -> None:
    names = ("topic", "topic/short", "topic/long", "topic/cluster0", "topic/cluster1")
    tasks = [prepared(ask, name) for name in names]
    assert tuple(task.name for task in tasks) == names
    assert len({task.fingerprint for task in tasks}) == len(tasks)


def test_a_shift_is_learnt(ask: Ask) -> None:
    spec = ask(("agree/cluster0", "agree/cluster1"), epochs=1)
    check([spec])
    learner, events = learn(spec)
    assert [plan.task for plan in learner.setup.plans] == ["agree/cluster0", "agree/cluster1"]
    assert learner.search_matrix.p_o is not None
    assert measured(events)


def test_clusters_are_found_once(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path / "cache"))
    model = tiny_backbone(tmp_path / "model")
    asked = Ask(data=ask.data, model=model)
    first = parts(asked, "topic")["cluster0"]
    kept = {file: file.stat().st_mtime_ns for file in cache_folder("shifts").iterdir()}
    assert parts(asked, "topic")["cluster0"] == first
    assert kept == {file: file.stat().st_mtime_ns for file in cache_folder("shifts").iterdir()}
    for file in kept:
        file.unlink()
    (model / "model.safetensors").write_bytes(b"")
    with pytest.raises(UsageError, match="model folder"):  # whoever embeds would load this
        parts(asked, "topic")


def test_what_was_found_for_one_backbone_is_not_taken_for_another(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path / "cache"))
    model = tiny_backbone(tmp_path / "model")
    parts(Ask(data=ask.data, model=model), "topic")
    once = len(list(cache_folder("shifts").iterdir()))
    config = model / "config.json"
    config.write_text(config.read_text().replace('"gelu"', '"relu"'), encoding="utf-8")
    parts(Ask(data=ask.data, model=model), "topic")
    assert len(list(cache_folder("shifts").iterdir())) == 2 * once


def test_rows_to_learn_from_are_drawn_within_the_part(ask: Ask) -> None:
    task = prepared(ask, "topic/cluster0", Protocol(train_rows=6))
    assert len(task.train) == 6
    assert set(task.train.labels.tolist()) == {0, 1, 2}


def test_a_cluster_without_one_of_the_classes_is_refused(ask: Ask) -> None:
    with pytest.raises(UsageError, match="mood/cluster1 has no training row of class '1'; use"):
        check([ask(("mood/cluster0", "mood/cluster1"))])


def test_a_part_that_the_catalog_does_not_know_is_refused_before_a_row_is_read(ask: Ask) -> None:
    with pytest.raises(UsageError, match="task 'mood' has no part 'middle'; use one of mood/short"):
        check([ask(("mood/middle", "topic"))])
