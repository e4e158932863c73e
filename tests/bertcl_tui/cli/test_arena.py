"""``arena --offline`` and ``confirm --offline``: what a store has, printed."""

import csv
import shutil
from pathlib import Path

import pytest

from engine.arena.confirming import plan_confirmation
from engine.arena.plan import make_plan
from engine.store.connection import open_store
from engine.store.run_states import create_run
from engine.store.runs import confirm_trial, enter_run
from engine.store.studies import get_study
from tests.bertcl_tui.cli.conftest import Ask
from tests.engine.arena.doing import do, rates, searched, table_spec

STUDY = "mrpc:sst2-profile"
FLAT = ((0.60, 0.70), (0.62, 0.70), (0.64, 0.71))
COMBINED = ((0.80, 0.65), (0.83, 0.66), (0.86, 0.65))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with a search, one of its trials confirmed, and a table of two rows.

    It is not to be written to.
    """
    path = tmp_path_factory.mktemp("recorded") / "studies.db"
    store = open_store(str(path))
    trials = [(rates(1e-5), 1.5), (rates(2e-5), 1.4)]
    study = get_study(store, searched(store, "mrpc:sst2", trials))
    plan = make_plan(store, table_spec("flat,combined", seeds=3))
    for run in plan.runs:
        run_id = create_run(store, run.spec)
        scores = FLAT if run.entrant.method == "flat" else COMBINED
        do(store, ((0.9,), scores[run.spec.seed - 1000]))
        enter_run(store, run_id, run.entrant.name, run.source)
    for item in plan_confirmation(store, study, top=1, seeds=2):
        run_id = create_run(store, item.spec)
        do(store, ((0.9,), (0.7, 0.6)))
        confirm_trial(store, item.trial.id, run_id)
    store.close()
    return path


@pytest.mark.sample
def test_what_was_recorded_is_printed(ask: Ask, recorded: Path) -> None:
    answer = ask("arena", "--store", recorded, "--offline")
    assert (answer.code, answer.err) == (0, "")
    lines = [line.split() for line in answer.out.splitlines() if line.strip()]
    assert " ".join(lines[1]) == "Difference in p to flat 2e-5, over sequences:"
    assert " ".join(lines[3]) == "BERTcL combined +0.160 – – 1 unseen 1 of 1 0 of 1 – exploratory"
    assert lines[4] == ["sst2:mrpc", "tuning", "epochs", "tuned", "on"]
    assert lines[5] == ["flat", "2e-5", "p_o", "0.620±0.050", "0", "–"]
    assert lines[8] == ["BERTcL", "combined", "p_o", "0.830±0.075*▴", "8", "other", "sequences"]
    assert "No plan was declared before the first run: all of this is exploratory." in answer.out
    assert "paired t-test" in answer.out
    assert "Holm's correction for 2 comparisons" in answer.out
    assert "Data hub, model sample, preset default, epochs 2, train rows 100." in answer.out


@pytest.mark.sample
def test_other_measures_rows_and_formats(ask: Ask, recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    words = ("arena", "--store", recorded, "--offline", "--measure", "forgetting")
    assert ask(*words, "--methods", "combined,joint", "--out", out).code == 0
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["title"] for row in rows] == ["BERTcL combined", "joint 2e-5"]
    assert float(rows[0]["mean"]) == pytest.approx(0.9 - (0.80 + 0.83 + 0.86) / 3)
    assert rows[1]["reason"] == "not run"
    (table,) = ask(*words, "--json").data
    assert table["rows"][1]["cells"][0]["runs"] == 3
    markdown = ask(*words, "--format", "markdown").out
    assert markdown.startswith("| Difference in p to flat 2e-5, over sequences | difference in p |")
    assert "\n|  | sst2:mrpc |" in markdown
    assert ask(*words, "--format", "latex").out.startswith(r"\begin{table}")


@pytest.mark.sample
def test_every_layout_prints_whatever_is_missing(ask: Ask, recorded: Path) -> None:
    for layout in ("table1", "table2", "table3", "table4"):
        answer = ask("arena", "--store", recorded, "--offline", "--layout", layout)
        assert answer.code == 0, layout
        assert "in the paper" in answer.out, layout
        assert "not run" in answer.out, layout


@pytest.mark.sample
def test_searched_and_confirmed_stand_side_by_side(ask: Ask, recorded: Path) -> None:
    answer = ask("confirm", STUDY, "--store", recorded, "--offline")
    assert answer.code == 0
    header, row, *_ = answer.out.splitlines()
    assert header.split() == [
        "#",
        "searched",
        "p",
        "confirmed",
        "p",
        "seeds",
        "validation",
        "p",
        "label",
    ]
    assert row.split() == ["0", "1.500", "1.300", "±0.000", "2", "1.300"]
    (trial,) = ask("confirm", STUDY, "--store", recorded, "--offline", "--json").data
    assert trial["confirmed"] == pytest.approx(1.3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no table yet; name --sequences"),
        (("--layout", "table9"), "no layout named 'table9'"),
        (("--layout", "table2", "--sequences", "a:b"), "has its own sequences"),
        (("--sequences", "sst2", "--methods", "flat"), "sst2"),
        (
            ("--sequences", "sst2:mrpc", "--methods", "flot"),
            "no method named 'flot'; did you mean 'flat'",
        ),
        (("--sequences", "sst2:mrpd", "--methods", "flat"), "did you mean 'mrpc'?"),
        (
            ("--sequences", "sst2:mrpc", "--methods", "flat", "--measure", "f1"),
            "no measure named 'f1'",
        ),
        (("--layout", "table2", "--format", "html"), "no format named 'html'"),
        (("--offline",), "no store at"),
        (("--offline", "--seeds", "5"), "--seeds does nothing with --offline"),
        (("--offline", "--device", "cpu"), "--device does nothing with --offline"),
        (("--offline", "--seed", "3"), "--seed does nothing with --offline"),
        (("--offline", "--sampler", "gp"), "--sampler does nothing with --offline"),
        (("--offline", "--retention-rows", "8"), "--retention-rows does nothing with --offline"),
        (("--offline", "--detach"), "--detach does nothing with --offline"),
        (("--offline", "--json", "--format", "csv"), "--format does nothing with --json"),
        (("--layout", "table2", "--out", "no/a.csv"), "there is no folder"),
        (("--offline", "--out", "."), "is a folder"),
        (("--layout", "table2", "--detach", "--out", "a.csv"), "--out does nothing with --detach"),
        (("--layout", "table2", "--search-on", "a:b"), "--search-on does nothing without --budget"),
        (("--power", "--offline"), "--offline does nothing with --power"),
        (("--power", "--device", "cpu"), "--device does nothing with --power"),
        (("--power", "--methods", "flat"), "--methods does nothing with --power"),
    ],
)
def test_wrong_use_is_said_in_one_line_and_leaves_nothing(
    ask: Ask, here: Path, words: tuple[str, ...], said: str
) -> None:
    answer = ask("arena", *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert list(here.iterdir()) == []


def test_a_store_without_an_arena_says_so(ask: Ask, here: Path) -> None:
    open_store("studies.db").close()
    answer = ask("arena", "--offline")
    assert answer.code == 2
    assert "no run of the arena that fits" in answer.err


@pytest.mark.sample
def test_the_forest_plot_is_a_file(ask: Ask, recorded: Path, tmp_path: Path) -> None:
    words = ("arena", "--store", recorded, "--offline", "--out", tmp_path / "forest.svg")
    assert ask(*words).code == 0
    assert (tmp_path / "forest.svg").read_text().startswith("<svg ")
    none = ask(*words, "--methods", "flat")
    assert (none.code, none.err.count("\n")) == (2, 1)
    assert "no difference to draw yet" in none.err


PLAN = """\
sequences = ["sst2:mrpc"]
methods = ["flat", "combined"]
seeds = 3
[primary]
method = "combined"
[setting]
data = "hub"
model = "sample"
epochs = 2
train_rows = 100
"""


@pytest.mark.sample
def test_a_plan_says_everything_and_what_came_before_it_stays_exploratory(
    ask: Ask, recorded: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN)
    words = ("arena", "--store", recorded, "--offline", "--plan", plan)
    (table,) = ask(*words, "--json").data
    assert [row["standing"] for row in table["rows"]] == ["exploratory"] * 2
    refused = ask(*words, "--seeds", "4", "--model", "sample")
    assert (refused.code, refused.out) == (2, "")
    assert "--seeds does nothing with --plan, which says all of that" in refused.err
    refused = ask(*words, "--model", "sample")
    assert "--model does nothing with --plan" in refused.err
    plan.write_text(PLAN.replace("epochs", "epoch"))
    assert "no option of a plan's setting named 'epoch'; did you mean 'epochs'?" in ask(*words).err


@pytest.mark.sample
def test_a_plan_that_follows_runs_otherwise_finds_them(
    ask: Ask, recorded: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(f"{PLAN}measures_per_epoch = 2\nretention_rows = 64\n")
    (table,) = ask("arena", "--store", recorded, "--offline", "--plan", plan, "--json").data
    assert [row["cells"][0]["runs"] for row in table["rows"]] == [3, 3]


@pytest.mark.sample
def test_the_power_dial_says_what_shows_a_difference(
    ask: Ask, recorded: Path, tmp_path: Path
) -> None:
    path = shutil.copy(recorded, tmp_path / "studies.db")
    words = ("arena", "--power", "--store", path)
    assert "nothing says how much p spreads yet" in ask(*words).err
    store = open_store(str(path))
    for run in make_plan(store, table_spec("flat,combined", "mrpc:sst2 qnli:rte", seeds=3)).runs:
        run_id = create_run(store, run.spec)
        scores = FLAT if run.entrant.method == "flat" else COMBINED
        do(store, ((0.9,), scores[run.spec.seed - 1000]))
        enter_run(store, run_id, run.entrant.name, run.source)
    store.close()
    answer = ask(*words)
    assert (answer.code, answer.err) == (0, "")
    assert "Data hub, model sample" in answer.out
    assert "shows nothing: below 6 sequences no test over them does" in answer.out
    assert "not known: no search was repeated on a sequence" in answer.out
    assert "+0.010" in answer.out
    (dial,) = ask(*words, "--json").data
    assert {way["difference"] for way in dial["dial"]["ways"]} == {0.01, 0.02, 0.03}
