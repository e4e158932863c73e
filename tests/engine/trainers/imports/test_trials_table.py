"""CSVs of trials, as people and programs write them, and what is wrong with others."""

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.profiles import make_grouping
from engine.store.studies import FinishedTrial
from engine.trainers.imports import read_trials_table
from engine.trainers.imports.trials_table import is_trials_table

GROUPING = make_grouping("paper", 2)
RATES = (1e-6, 2e-6, 3e-6, 4e-4)
ROW = "1e-6,2e-6,3e-6,4e-4"


def table(folder: Path, *lines: str) -> Path:
    path = folder / "trials.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(folder: Path, *lines: str, **columns: str) -> tuple[FinishedTrial, ...]:
    return read_trials_table(table(folder, *lines), GROUPING, columns).trials


@pytest.mark.parametrize(
    "header",
    [
        "p_o,p_s,lr0,lr1,lr2,lr3",
        "P_O,p_s ,embeddings,layer 1,layer 2,heads",
        "user_attrs_p_o,user_attrs_p_s,params_lr0,params_lr1,params_lr2,params_lr3",
        "\ufeffp_o,p_s,config/lr0,config/lr1,config/lr2,config/lr3",
    ],
)
def test_rates_stand_below_many_names(tmp_path: Path, header: str) -> None:
    (trial,) = read(tmp_path, header, f"0.9,0.75,{ROW}")
    assert trial == FinishedTrial(learning_rates=RATES, accuracies=((), (0.9, 0.75)))
    assert trial.scores.p == pytest.approx(1.65)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_order_and_more_columns_do_not_matter(tmp_path: Path, separator: str) -> None:
    header = ("note", "lr3", "lr2", "lr1", "lr0", "p_s", "p_o", "p_o_before", "label")
    row = ("old", "4e-4", "3e-6", "2e-6", "1e-6", "0.7", "0.8", "0.9", "by hand")
    (trial,) = read(tmp_path, separator.join(header), separator.join(row))
    assert trial == FinishedTrial(
        learning_rates=RATES, accuracies=((0.9,), (0.8, 0.7)), label="by hand"
    )


def test_a_cell_may_have_any_letter_and_several_lines(tmp_path: Path) -> None:
    label = "one\u2028two\nthree\x0bfour"
    first, second = read(
        tmp_path, "label,p_o,p_s,lr0,lr1,lr2,lr3", f'"{label}",1,1,{ROW}', f"next,1,0.5,{ROW}"
    )
    assert (first.label, second.label) == (label, "next")


def test_a_rate_for_all_and_a_decay_from_layer_to_layer(tmp_path: Path) -> None:
    flat, *_ = read(tmp_path, "lr,p_o,p_s", "2e-5,0.9,0.8")
    assert flat.learning_rates == (2e-5,) * 4
    llrd, *_ = read(tmp_path, "lr,decay,p_o,p_s", "2e-5,0.5,0.9,0.8")
    assert llrd.learning_rates == pytest.approx((5e-6, 1e-5, 2e-5, 2e-5))


def test_columns_can_be_named(tmp_path: Path) -> None:
    header = "old acc,new acc,emb,lr1,lr2,lr3"
    names = {"p_o": "old acc", "p_s": "new acc", "lr0": "emb"}
    (trial,) = read(tmp_path, header, f"0.9,0.75,{ROW}", **names)
    assert trial.learning_rates == RATES
    with pytest.raises(UsageError, match=r"no column 'acc'; it has 'old acc', .*--columns p_o=COL"):
        read(tmp_path, header, f"0.9,0.75,{ROW}", p_o="acc")


def test_trials_that_did_not_end_are_left_out_and_counted(tmp_path: Path) -> None:
    found = read_trials_table(
        table(
            tmp_path,
            "state,p_o,p_s,lr0,lr1,lr2,lr3",
            f"COMPLETE,0.9,0.75,{ROW}",
            f"pruned,0.9,0.75,{ROW}",
            f"COMPLETE,,,{ROW}",
            "",
            f",0.8,0.75,{ROW}",
        ),
        GROUPING,
    )
    assert [trial.scores.p_o for trial in found.trials] == [0.9, 0.8]
    assert found.left_out == 2


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["p_o,lr0,lr1,lr2,lr3"], r"no column 'p_s'; it has 'p_o', .* with --columns p_s=COLUMN"),
        (["p_o,p_s,rate", "0.9,0.8,1e-5"], "no learning rates of 4 choices: neither lr0 to lr3"),
        (
            [f"p_o,p_s,{','.join(f'lr{n}' for n in range(6))}"],
            "column lr4, and the backbone has 4",
        ),
        (["p_o,p_s,lr"], "no trial that came to its end"),
        ([""], "has no learning rates"),
        (["p_o,p_s,lr", "0.9,0.8,1e-5", "x,0.8,1e-5"], "row 2: column 'p_o' is 'x'; an accuracy"),
        (["p_o,p_s,lr", "91.5,80,1e-5"], "row 1: column 'p_o' is '91.5'; .*divide percents by 100"),
        (["p_o,p_s,lr", "0.9,nan,1e-5"], "row 1: column 'p_s' is 'nan'; an accuracy from 0 to 1"),
        (["p_o,p_s,lr", "0.9,0.8,3"], "row 1: column 'lr' is '3'; a rate above 0 and at most 1"),
        (["p_o,p_s,lr", f"0.9,0.8,{'1' * 200_000}"], r"is no CSV \(field larger than .*save it"),
        (["p_o,p_s,lr", "0.9,0.8"], "row 1: column 'lr' is ''; a learning rate belongs there"),
    ],
)
def test_what_is_wrong_is_said_with_its_row_and_column(
    tmp_path: Path, lines: list[str], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint) as caught:
        read(tmp_path, *lines)
    assert str(tmp_path / "trials.csv") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_column_that_is_there_twice_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has column 'p_o' twice; rename one of them"):
        read(tmp_path, "p_o,p_o,p_s,lr", "0.9,0.1,0.8,2e-5")
    with pytest.raises(UsageError, match="has column 'mine' twice"):
        read(tmp_path, "mine,mine,p_s,lr", "0.9,0.1,0.8,2e-5", p_o="mine")


def test_of_two_columns_that_could_be_meant_one_is_named(tmp_path: Path) -> None:
    lines = ("p_o,p_s,params_lr,lr", "0.9,0.8,1e-5,2e-5")
    with pytest.raises(UsageError, match=r"'params_lr' and 'lr'.* --columns lr=COLUMN"):
        read(tmp_path, *lines)
    (trial,) = read(tmp_path, *lines, lr="params_lr")
    assert set(trial.learning_rates) == {1e-5}


def test_a_column_twice_that_is_not_read_does_not_matter(tmp_path: Path) -> None:
    (trial,) = read(tmp_path, "note,note,p_o,p_s,lr", "a,b,0.9,0.8,2e-5")
    assert trial.scores.p_o == 0.9


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read table .*gone.csv: no such file"):
        read_trials_table(tmp_path / "gone.csv", GROUPING)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is no text"):
        read_trials_table(tmp_path / "binary.csv", GROUPING)


@pytest.mark.parametrize(
    ("line", "is_table"), [("p_o,p_s", True), ("0.9,0.8,1e-6,", False), ("", False), ("a", True)]
)
def test_a_table_has_names_above_it_and_a_log_has_not(line: str, is_table: bool) -> None:
    assert is_trials_table(line) == is_table
