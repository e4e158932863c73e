"""explain, over a recorded store."""

from pathlib import Path

import pytest

from engine.spec.run import derived_seed
from tests.bertcl_tui.cli.conftest import Ask
from tests.recorded import DONE, LIVE


def test_two_runs_and_the_paper_for_people(ask: Ask, store: Path) -> None:
    answer = ask("explain", f"{DONE}:3", f"{LIVE}:1", "--store", store)
    assert (answer.code, answer.err) == (0, "")
    heads, between, one, other = answer.out.split("\n\n")
    assert [line.split(" (")[0] for line in heads.splitlines()] == [f"{DONE}:3", f"{LIVE}:1"]
    rows = {line.split("  ")[0]: line.split() for line in between.splitlines()}
    assert rows["sequence"] == ["sequence", DONE, LIVE]
    assert rows["model"] == ["model", "bert-base-uncased", "sample"]
    assert rows["seed"] == ["seed", *(str(derived_seed("trial", 0, number)) for number in (3, 1))]
    assert rows["lr9"] == ["lr9", "5e-5", "–"]
    assert "batch size" not in rows
    assert "held-out" in one
    assert "sequence" not in one
    assert "sst2, rte, mrpc, mnli, qnli, qqp" in other


def test_a_run_alone_is_held_against_the_paper(ask: Ask, store: Path) -> None:
    out = ask("explain", f"{DONE}:3", "--store", store).out
    assert "between them" not in out
    (rows,) = (line for line in out.splitlines() if line.startswith("train rows"))
    assert rows.split()[:4] == ["train", "rows", "800", "all"]
    assert "The paper learns from all rows." in rows


def test_rates_are_named_by_their_layers_where_both_have_them(ask: Ask, store: Path) -> None:
    out = ask("explain", f"{LIVE}:1", f"{LIVE}:9", "--store", store).out
    assert any(line.split()[:2] == ["lr0", "embeddings"] for line in out.splitlines())
    assert any(line.split()[:3] == ["lr3", "layer", "3"] for line in out.splitlines())


def test_a_run_differs_in_nothing_from_itself(ask: Ask, store: Path) -> None:
    out = ask("explain", "1", f"{LIVE}:0", "--store", store).out
    assert "They differ in nothing but chance and the machine." in out


def test_as_data(ask: Ask, store: Path) -> None:
    facts = ask("explain", "1", "2", "--store", store, "--json").data
    one, other = facts["runs"]
    assert (one["id"], other["id"]) == (1, 2)
    seeds = [derived_seed("trial", 0, number) for number in (0, 1)]
    assert [one["facts"]["seed"], other["facts"]["seed"]] == seeds
    assert {"name": "seed", "values": seeds} in facts["between"]
    assert {item["name"]: (item["run"], item["paper"]) for item in one["against_paper"]}[
        "selection"
    ] == ("held-out", "validation")
    assert ask("explain", "1", "--store", store, "--json").data["between"] is None


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("99", "no run 99 in this store; the last one is 43"),
        ("sst2", "'sst2' names no run; write its id, or a trial of a study like sst2:mrpc:17"),
        (f"{DONE}:77", f"study '{DONE}' has no trial 77; see bertcl-tui trials {DONE}"),
        ("nothing:7", "no study named 'nothing'"),
    ],
)
def test_what_names_no_run_is_said(ask: Ask, store: Path, run: str, said: str) -> None:
    answer = ask("explain", run, "--store", store)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
