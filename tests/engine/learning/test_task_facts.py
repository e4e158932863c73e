"""What is told of a task before it is learnt is what its rows and its tokenizer say."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from engine.learning.task_facts import look_at_task
from engine.spec import Protocol
from engine.tasks.encoded import encode, load_tokenizer
from engine.tasks.facts import FactsQuestion, NoFacts, StoredFacts, TaskFacts, known_facts
from engine.tasks.load import load_task
from engine.tasks.splits import split_rows
from engine.work.answers import look_at_tasks
from engine.work.ask import FactsRequest
from tests.tiny import tiny_tasks


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_tasks(tmp_path_factory.mktemp("tasks"))


@pytest.fixture
def question(tasks: Path, backbone: Path) -> FactsQuestion:
    return FactsQuestion(task="agree", data=str(tasks), model=str(backbone), eval_rows=10)


def last(facts: Iterator[TaskFacts]) -> TaskFacts:
    return list(facts)[-1]


def test_rows_and_labels_come_first_then_the_tokens_that_are_learnt(
    question: FactsQuestion, backbone: Path
) -> None:
    rows, found = look_at_task(question)
    assert rows == replace(found, tokens=None, counted=0, longest=None)
    task = load_task("agree", question.data)
    splits = split_rows(task, Protocol(eval_rows=10))
    assert (found.rows, found.scored, found.validation) == (54, 10, 32)
    assert found.rows == len(splits.train)
    assert dict(zip(range(2), found.classes, strict=True)) == Counter(splits.train.labels)
    assert found.example.sentence1 in task.train.sentence1
    tokenizer = load_tokenizer(str(backbone))
    whole, cut = (encode(task.train, tokenizer, most).lengths() for most in (256, 12))
    assert found.tokens == tuple(sorted(Counter(whole.tolist()).items()))
    assert found.longest == 256
    assert found.mean_tokens(12) == pytest.approx(cut.mean())
    assert found.share_cut(12) == pytest.approx((whole > 12).mean())
    assert found.quantile(0.5) == np.quantile(whole, 0.5, method="inverted_cdf")


def test_without_its_rules_in_one_file_a_tokenizer_counts_the_same(
    question: FactsQuestion, backbone: Path, tmp_path: Path
) -> None:
    for file in backbone.iterdir():
        if file.name != "tokenizer.json":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "tokenizer.json").write_text("{}")
    found = last(look_at_task(question))
    (tmp_path / "tokenizer.json").unlink()
    words = load_tokenizer(str(backbone)).get_vocab()
    (tmp_path / "vocab.txt").write_text("\n".join(sorted(words, key=words.__getitem__)))
    assert last(look_at_task(replace(question, model=str(tmp_path)))).tokens == found.tokens


def test_a_part_by_length_is_told_of_and_one_by_cluster_as_the_whole(
    question: FactsQuestion,
) -> None:
    whole = last(look_at_task(question))
    short = last(look_at_task(replace(question, task="agree/short")))
    assert short.counted < whole.counted
    assert (short.mean_tokens(256) or 0) < (whole.mean_tokens(256) or 0)
    cluster = last(look_at_task(replace(question, task="agree/cluster0")))
    assert cluster == replace(whole, task="agree/cluster0", whole=True)


def test_it_is_kept_and_what_cannot_be_told_says_why(question: FactsQuestion) -> None:
    said: list[object] = []
    broken = replace(question, task="mood", eval_rows=None, model="nobody/has-this")
    look_at_tasks([question, broken], said.append)
    rows, of_broken, found, reason = said
    assert isinstance(rows, TaskFacts)
    assert isinstance(of_broken, TaskFacts)
    assert (rows.task, of_broken.task) == ("agree", "mood")
    assert reason == NoFacts(task="mood", reason="not on this machine yet: the start fetches it")
    assert known_facts(question) == found == StoredFacts(question).read()
    assert known_facts(broken) is None
    assert list(FactsRequest([question]).facts()) == [found]
