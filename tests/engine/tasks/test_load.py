from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from engine.errors import UsageError
from engine.tasks.load import load_task
from engine.tasks.task import TaskData
from tests.tiny import tiny_tasks


def own_task(folder: Path, rows: list[tuple[str, str]], extra: str = "") -> str:
    lines = [f"{text},{label}\n" for text, label in rows]
    (folder / "train.csv").write_text("text,label\n" + "".join(lines), encoding="utf-8")
    toml = f'[tasks.own]\ntrain = "train.csv"\nsentence1 = "text"\nlabel = "label"\n{extra}\n'
    (folder / "own.toml").write_text(toml, encoding="utf-8")
    return str(folder / "own.toml")


def numbered(labels: str) -> list[tuple[str, str]]:
    return [(f"text {number}", label) for number, label in enumerate(labels)]


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return str(tiny_tasks(tmp_path))


def test_tiny_tasks_load_as_they_were_written(tiny: str) -> None:
    mood, topic, agree = (load_task(name, tiny) for name in ("mood", "topic", "agree"))
    assert [task.classes for task in (mood, topic, agree)] == [2, 3, 2]
    assert [len(task.train) for task in (mood, topic, agree)] == [64, 64, 64]
    assert [len(task.validation) for task in (mood, topic, agree)] == [32, 32, 32]
    assert mood.train.sentence2 is None
    assert agree.train.sentence2 is not None
    assert Counter(mood.train.labels) == {0: 32, 1: 32}
    assert mood.epochs == 2
    assert not set(mood.train.sentence1) & set(mood.validation.sentence1)


def test_the_name_is_the_catalogs_however_it_was_spelled(tiny: str) -> None:
    assert load_task("MOOD", tiny).name == "mood"


def test_a_fingerprint_changes_with_one_letter(tmp_path: Path) -> None:
    rows = numbered("ab" * 10)
    before = load_task("own", own_task(tmp_path, rows)).fingerprint
    assert load_task("own", own_task(tmp_path, rows)).fingerprint == before
    rows[0] = ("Text 0", "a")
    assert load_task("own", own_task(tmp_path, rows)).fingerprint != before


def test_classes_are_the_labels_found_sorted_as_numbers_where_they_are(tmp_path: Path) -> None:
    task = load_task("own", own_task(tmp_path, [(f"text {n}", str(n % 12)) for n in range(48)]))
    assert task.labels == tuple(str(number) for number in range(12))
    assert load_task("own", own_task(tmp_path, numbered("yn" * 10))).labels == ("n", "y")


def by_text(task: TaskData) -> dict[str, int]:
    return dict(zip(task.train.sentence1, task.train.labels, strict=True))


def test_labels_asked_for_give_the_order_of_classes(tmp_path: Path) -> None:
    data = own_task(tmp_path, numbered("yn" * 10), 'labels = ["y", "n"]')
    classes = by_text(load_task("own", data))
    assert {text: 0 if int(text.split()[1]) % 2 == 0 else 1 for text in classes} == classes


def test_labels_asked_for_may_name_the_indices_in_the_file(tmp_path: Path) -> None:
    data = own_task(tmp_path, numbered("10" * 10), 'labels = ["no", "yes"]')
    task = load_task("own", data)
    assert task.labels == ("no", "yes")
    assert all(label == 1 - int(text.split()[1]) % 2 for text, label in by_text(task).items())


def test_labels_asked_for_may_be_counted_from_1_in_the_file(tmp_path: Path) -> None:
    data = own_task(tmp_path, numbered("21" * 10), 'labels = ["world", "sports"]')
    task = load_task("own", data)
    assert task.labels == ("world", "sports")
    assert all(label == 1 - int(text.split()[1]) % 2 for text, label in by_text(task).items())


def test_rows_said_to_have_no_label_are_left_out(tmp_path: Path) -> None:
    rows = [*numbered("01" * 10), ("nobody knows", "-1"), ("nobody said", " ")]
    task = load_task("own", own_task(tmp_path, rows, 'unlabelled = [-1, ""]'))
    assert (task.labels, len(task.train) + len(task.validation)) == (("0", "1"), 20)
    assert task == load_task("own", own_task(tmp_path, rows[:20]))


def test_validation_rows_are_split_off_where_a_task_has_none(tmp_path: Path) -> None:
    data = own_task(tmp_path, numbered("aab" * 20))
    task = load_task("own", data)
    assert (len(task.train), len(task.validation)) == (45, 15)
    assert Counter(task.validation.labels) == {0: 10, 1: 5}
    assert not set(task.train.sentence1) & set(task.validation.sentence1)
    assert load_task("own", data) == task


def test_the_rows_split_off_do_not_depend_on_the_order_of_the_file(tmp_path: Path) -> None:
    rows = numbered("aab" * 20)
    there = load_task("own", own_task(tmp_path, rows))
    back = load_task("own", own_task(tmp_path, rows[::-1]))
    assert set(there.validation.sentence1) == set(back.validation.sentence1)


@pytest.mark.parametrize(
    ("rows", "extra", "message"),
    [
        ([], "", "has no rows; give at least two of each class"),
        (numbered("aaaa"), "", "has one class only, 'a'; a task needs two or more"),
        (
            numbered("abab"),
            'labels = ["a", "c"]',
            "has label 'b' in rows 2 and 4; the classes are 'a', 'c'",
        ),
        ([(f"t {n}", str(n)) for n in range(50)], "", "50 different labels in 50 rows; name the"),
        (numbered("ab"), "", "has too few rows to keep some of each class for validation: 2"),
        (numbered("ab"), 'validation = "train.txt"', "train.txt is of no known kind"),
    ],
)
def test_what_is_no_task_is_refused_in_one_line(
    tmp_path: Path, rows: list[tuple[str, str]], extra: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        load_task("own", own_task(tmp_path, rows, extra))
    assert str(tmp_path / "train") in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_label_that_only_the_validation_file_has_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("text,label\nx,a\ny,c\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"v.csv has label 'c' in row 2; the classes are 'a', 'b'"):
        load_task("own", own_task(tmp_path, numbered("abab"), 'validation = "v.csv"'))


def test_labels_that_were_not_given_are_never_taken_for_indices(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("text,label\nx,0\ny,1\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"v.csv has label '0' in row 1; the classes are '1', '2'"):
        load_task("own", own_task(tmp_path, numbered("1212"), 'validation = "v.csv"'))


def test_a_folder_laid_out_like_glue(tmp_path: Path) -> None:
    for split, rows in (("train", 40), ("validation", 20)):
        table = pa.table(
            {
                "sentence1": [f"{split} {number}" for number in range(rows)],
                "sentence2": [""] * rows,
                "label": pa.array([number % 2 for number in range(rows)], pa.int8()),
            }
        )
        (tmp_path / "SST2").mkdir(exist_ok=True)
        parquet.write_table(table, tmp_path / "SST2" / f"{split}.parquet")
    task = load_task("sst-2", str(tmp_path))
    assert (task.name, task.labels, task.epochs) == ("sst2", ("negative", "positive"), 5)
    assert task.train.sentence2 is None
    assert task.validation.sentence1 == [f"validation {number}" for number in range(20)]
    assert task.validation.labels == [0, 1] * 10


def test_only_the_first_ten_thousand_rows_of_qqp_are_measured(tmp_path: Path) -> None:
    def rows(count: int) -> pa.Table:
        texts = [f"text {number}" for number in range(count)]
        labels = [number % 2 for number in range(count)]
        return pa.table({"sentence1": texts, "sentence2": texts, "label": labels})

    (tmp_path / "QQP").mkdir()
    parquet.write_table(rows(10), tmp_path / "QQP" / "train.parquet")
    parquet.write_table(rows(10_001), tmp_path / "QQP" / "validation.parquet")
    validation = load_task("qqp", str(tmp_path)).validation
    assert len(validation) == 10_000
    assert validation.sentence1[-1] == "text 9999"
