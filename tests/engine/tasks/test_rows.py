from collections.abc import Sequence

import pytest

from engine.errors import UsageError
from engine.tasks.rows import (
    Columns,
    RawTask,
    Rows,
    classes_of,
    require_columns,
    rows_from,
)


def rows(*labels: object, where: str = "file t.csv", names: tuple[str, ...] = ()) -> Rows:
    table = {"sentence1": [f"text {row}" for row in range(len(labels))], "label": labels}
    return rows_from(table, Columns(), where, names)


def task(*labels: object, validation: Sequence[object] | None = None) -> RawTask:
    apart = None if validation is None else rows(*validation, where="file v.csv")
    return RawTask(train=rows(*labels), validation=apart)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["bad", " bad", "bad ", "good\u00a0", "good", "\ufeffgood"], ("bad", "good")),
        (["d\u00e9faut", "de\u0301faut", "bon"], ("bon", "d\u00e9faut")),
        (["very\u00a0 good", "very good", "bad"], ("bad", "very good")),
        (["0", "0.0", "1.", "1", 0.0, 1], ("0", "1")),
        (["-1", "1", "-1.0"], ("-1", "1")),
        (["-2", "-1", "0", "1"], ("-2", "-1", "0", "1")),
        (["v1", "v1.5"], ("v1", "v1.5")),
        ([True, False], ("False", "True")),
    ],
)
def test_labels_that_look_the_same_are_one_class(
    labels: list[object], names: tuple[str, ...]
) -> None:
    assert classes_of(task(*labels)).names == names


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "", "b", " "], r"file t.csv has no label in rows 2 and 4; .* unlabelled = \[\"\"\]"),
        (["a", None, "b"], "has no label in row 2"),
        (["0", "1", "-1", "1"], r"has label '-1' in row 3, which is no class; .*= \[\"-1\"\]"),
        (["yes", "no", "N/A"], "has label 'N/A' in row 3, which is no class"),
        (["bad", "good", "Bad", "bad"], r"'Bad' in row 3, .* from 'bad' by case only; .*\[\"bad\""),
        (["1", "0", "01", "1"], r"has label '01' in row 3, .* from '1' by spelling only; spell"),
        (["+1", "0", "1", "+1"], r"has label '1' in row 3, .* from '\+1' by spelling only"),
        (["pos", "\uff50os", "neg", "neg"], "in row 2, which differs from 'pos' by spelling only"),
        (["pos", "po\u200bs", "neg", "neg"], r"'po\\u200bs' in row 2, .* by spelling only"),
        (["1.5", "2", "3.0"], "has label '1.5' in row 1: 1 of 3 labels are numbers with decimals"),
        (["10", "9.5", "1.5"], r"in a task file: labels = \[\"1.5\", \"9.5\", \"10\"\]$"),
        (["1,5", "2,5"], "2 of 2 labels are numbers with decimals"),
        ([0.25, float("inf")], "2 of 2 labels are numbers with decimals"),
        (
            ["a", "b", "a;b", "b"],
            "'a;b' in row 3, .* like 2 labels: 'a', 'b'; a row has one",
        ),
        (["x|y", "y|z", "x|z"], "'x|y' in row 1, which looks like 2 labels: 'x', 'y'; a row has"),
        (["['a', 'b']", "['c']", "['c']"], "in row 1, which looks like 2 labels: 'a', 'b'; a row"),
        ([["a", "b"], ["a"]], r"row 1: column 'label' holds a list of labels, \['a', 'b'\]; a row"),
        ([str(n % 26) for n in range(50)], "has 26 different labels in 50 rows; name the column"),
    ],
)
def test_labels_that_are_hardly_classes_are_refused_with_their_rows(
    labels: list[object], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        classes_of(task(*labels))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("labels", "asked", "indices"),
    [
        (["Bad", "GOOD", "bad"], ("good", "bad"), [1, 0, 1]),
        (["Bad", "bad", "good"], ("Bad", "bad", "good"), [0, 1, 2]),
        (["0", "1.0", "0"], ("no", "yes"), [0, 1, 0]),
        (["1", "2", "2.0"], ("no", "yes"), [0, 1, 1]),
        (["1", "2"], ("2", "1"), [1, 0]),
        (["-1", "0", "1"], ("-1", "0", "1"), [0, 1, 2]),
        (["1.5", "2.0"], ("1.5", "2.0"), [0, 1]),
        (["true", "False"], ("False", "True"), [1, 0]),
    ],
)
def test_names_that_were_declared_are_kept_to(
    labels: list[str], asked: tuple[str, ...], indices: list[int]
) -> None:
    raw = task(*labels)
    classes = classes_of(raw, asked)
    assert classes.names == asked
    assert [classes.indices[label] for label in raw.train.labels] == indices


@pytest.mark.parametrize(
    ("labels", "asked", "message"),
    [
        (
            ["a", "b", "c", "c"],
            ("a", "b"),
            "has label 'c' in rows 3 and 4; the classes are 'a', 'b'$",
        ),
        (["0", "1", "2"], ("a", "b"), "has label '2' in row 3; .*; as numbers they count from 0"),
        (["a", "-1", "b"], ("a", "b"), "has label '-1' in row 2, which is no class; label such"),
        (["A", "x"], ("a", "b"), "has label 'x' in row 2"),
        (["A", "x"], ("a", "A "), "has label 'x' in row 2"),
    ],
)
def test_a_label_that_is_none_of_the_declared_is_refused_with_its_rows(
    labels: list[str], asked: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        classes_of(task(*labels), asked)


def test_labels_that_only_the_validation_rows_have_are_named_there() -> None:
    with pytest.raises(UsageError, match=r"file v.csv has label 'A' in row 2, which differs from"):
        classes_of(task("a", "b", validation=["b", "A"]))
    with pytest.raises(UsageError, match=r"file v.csv has no label in row 1"):
        classes_of(task("a", "b", validation=["", "a"]))


def test_rows_said_to_have_no_label_have_no_class() -> None:
    raw = task("0", "1", "-1", "", validation=["1", "-1.0", "0"])
    assert classes_of(raw, unlabelled=("-1", "")).indices == {"0": 0, "1": 1}


def test_names_that_the_source_knows_are_as_good_as_declared_ones() -> None:
    raw = RawTask(train=rows(1, 0, 1, names=("neg", "pos")), validation=None)
    assert classes_of(raw).names == ("neg", "pos")
    unlabelled = RawTask(train=rows(1, -1, 0, names=("neg", "pos")), validation=None)
    with pytest.raises(UsageError, match="has label '-1' in row 2, which is no class"):
        classes_of(unlabelled)


def test_a_name_with_a_comma_is_one_class() -> None:
    raw = task("news, sports", "weather", "news, sports", "arts; culture")
    assert classes_of(raw).names == ("arts; culture", "news, sports", "weather")
    declared = ("a", "b", "a;b")
    assert classes_of(task("a", "b", "a;b"), declared).names == declared


@pytest.mark.parametrize(
    ("label", "there", "several"),
    [
        ("label", ["text", "label_rude", "label_angry"], "'label_rude', 'label_angry'"),
        ("rude, angry", ["text", "rude", "angry"], "'rude', 'angry'"),
    ],
)
def test_a_label_in_several_columns_is_refused(label: str, there: list[str], several: str) -> None:
    said = f"file t.csv has 2 columns for '{label}': {several}; a row has one label here: keep one"
    with pytest.raises(UsageError, match=said):
        require_columns(Columns(sentence1="text", label=label), there, "file t.csv")
