"""studies, trials, show, workers and log, over a recorded store."""

import csv
import json
import os
from contextlib import closing
from pathlib import Path

import pytest

from engine.store.confusions import ConfusionRecord
from engine.store.connection import open_store
from engine.store.measurements import DriftRecord, record_stage_end
from engine.store.studies import control_study, find_study
from engine.store.workers import write_log
from tests.bertcl_tui.cli.conftest import Ask
from tests.recorded import DONE, FLAT_RATES, LIVE, PAUSED, RUNNING, WORKER


def test_studies_as_data(ask: Ask, store: Path) -> None:
    live, done, paused = ask("studies", "--store", store, "--json").data
    assert [study["name"] for study in (live, done, paused)] == [LIVE, DONE, PAUSED]
    assert live["sequence"] == LIVE
    assert live["model"] == "sample"
    assert live["trials"]["complete"] == 24
    assert live["trials"]["pruned"] == 3
    assert live["target"] == 60
    assert live["best"]["p"] == pytest.approx(live["best"]["p_o"] + live["best"]["p_s"])
    assert paused["state"] == "paused"
    assert paused["best"] is None


def test_studies_for_people(ask: Ask, store: Path) -> None:
    answer = ask("studies", "--store", store)
    assert answer.code == 0
    header, *rows = answer.out.splitlines()
    assert header.split()[:3] == ["name", "model", "state"]
    assert [row.split()[0] for row in rows] == [LIVE, DONE, PAUSED]
    assert "30/60" in rows[0]
    assert answer.err == ""


def test_a_study_that_waits_for_something_says_what(ask: Ask, store: Path) -> None:
    with closing(open_store(str(store))) as opened:
        study_id = find_study(opened, PAUSED).id
        control_study(opened, study_id, "paused", "no model folder '/a'")
    answer = ask("studies", "--store", store)
    assert answer.err == f"{PAUSED} failed: no model folder '/a'\n"


def test_the_store_may_be_named_before_the_command(ask: Ask, store: Path) -> None:
    assert ask("--store", store, "studies").out == ask("studies", "--store", store).out


def test_trials_as_data(ask: Ask, store: Path) -> None:
    trials = ask("trials", LIVE, "--store", store, "--json").data
    by_number = {trial["number"]: trial for trial in trials}
    assert sorted(by_number) == list(range(31))
    assert by_number[0]["learning_rates"] == [FLAT_RATES[0]] * 8
    assert by_number[7] | {"state": "pruned", "p": None} == by_number[7]
    ranked = [trial["p"] for trial in trials if trial["state"] == "complete"]
    assert ranked == sorted(ranked, reverse=True)


def test_trials_for_people(ask: Ask, store: Path) -> None:
    header, *rows = ask("trials", DONE, "--store", store).out.splitlines()
    assert header.split()[:6] == ["#", "p", "p_o", "forgetting", "p_s", "state"]
    assert len(rows) == 12
    assert "5e-6" in next(row for row in rows if row.split()[0] == "0")


def test_trials_are_sorted_and_written(ask: Ask, store: Path, here: Path) -> None:
    asked = ("trials", LIVE, "--store", store, "--sort", "lr3")
    rates = [trial["learning_rates"][3] for trial in ask(*asked, "--json").data][1:]
    assert rates == sorted(rates, reverse=True)
    assert (
        ask(*asked, "--reverse", "--out", "trials.csv").err == "31 trials written to trials.csv\n"
    )
    with (here / "trials.csv").open(newline="") as file:
        written = [float(line["lr3"]) for line in csv.DictReader(file)]
    assert written[1:] == sorted(rates)
    assert ask(*asked, "--out", "trials.xlsx").code == 2
    assert ask("trials", LIVE, "--store", store, "--sort", "colour").code == 2


def test_some_columns_of_trials(ask: Ask, store: Path) -> None:
    asked = ("trials", LIVE, "--store", store, "--sort", "number", "--columns", "number,lr0")
    header, running, first, *_ = ask(*asked).out.splitlines()
    assert (header, running.split("\t")[0]) == ("number\tlr0", "30")
    assert first == f"0\t{FLAT_RATES[0]}"
    assert ask(*asked, "--json").data[1] == {"number": 0, "lr0": FLAT_RATES[0]}


def test_trials_are_filtered(ask: Ask, store: Path) -> None:
    answer = ask("trials", LIVE, "--filter", "state:pruned,failed", "--store", store, "--json")
    assert {trial["number"] for trial in answer.data} == {7, 13, 19, 24}
    assert ask("trials", LIVE, "--filter", "colour:red", "--store", store).code == 2


def test_a_study_is_known_by_how_its_name_begins(ask: Ask, store: Path) -> None:
    whole = ask("trials", DONE, "--store", store)
    assert ask("trials", "sst2", "--store", store) == whole


def test_show_study(ask: Ask, store: Path) -> None:
    out = ask("show", DONE, "--store", store).out
    assert "12/12: " in out
    assert "default with train_rows 800, eval_rows 1000" in out
    assert "best trial: #" in out
    assert "embeddings" in out
    facts = ask("show", DONE, "--store", store, "--json").data
    assert facts["data"] == "hub"
    assert facts["search"]["sampler"] == "tpe"
    assert facts["protocol"]["train_rows"] == 800


def test_show_trial(ask: Ask, store: Path) -> None:
    out = ask("show", LIVE, "7", "--store", store).out
    assert "pruned: p 1.08 after step 150 is below the 75th percentile" in out
    assert "150 of 200" in out
    facts = ask("show", LIVE, "7", "--store", store, "--json").data
    assert facts["study"] == LIVE
    assert facts["tasks"] == ["rotten-tomatoes", "privacy-qa"]
    assert facts["accuracy"] == {}
    assert [layer["layer"] for layer in facts["layers"]][::7] == ["embeddings", "heads"]


def test_show_trial_tells_how_far_each_layer_moved(ask: Ask, store: Path) -> None:
    drift = DriftRecord(stage=0, place=1, layer="layer 1", drift=0.0123)
    record_stage_end(open_store(str(store)), RUNNING, WORKER, [drift])
    facts = ask("show", LIVE, "30", "--store", store, "--json").data
    assert facts["layers"][1]["drift"] == [0.0123]
    assert facts["layers"][1]["learning_rate"] == facts["learning_rates"][1]
    out = ask("show", LIVE, "30", "--store", store).out
    assert next(line for line in out.splitlines() if line.startswith("layer 1")).endswith(" 1.2%")
    assert "seed" in out


def test_show_trial_tells_which_classes_were_forgotten(ask: Ask, store: Path) -> None:
    labels = ("rotten", "fresh")
    before, after = ((0, 0, 40), (0, 1, 10), (1, 1, 50)), ((0, 0, 45), (0, 1, 5), (1, 0, 20))
    counted = [
        ConfusionRecord(stage=0, task=0, labels=labels, cells=before),
        ConfusionRecord(stage=1, task=0, labels=labels, cells=(*after, (1, 1, 30))),
        ConfusionRecord(stage=1, task=1, labels=("no", "yes"), cells=((0, 0, 3),)),
    ]
    record_stage_end(open_store(str(store)), RUNNING, WORKER, confusions=counted)
    first, second = ask("show", LIVE, "30", "--store", store, "--json").data["classes"]
    assert (first["task"], first["after"], second["task"]) == ("rotten-tomatoes", 1, "privacy-qa")
    assert first["classes"][1] == {
        "label": "fresh",
        "rows": 50,
        "recall_before": 1.0,
        "recall": 0.6,
        "taken_for": {"rotten": 20},
    }
    assert [each["recall"] for each in second["classes"]] == [1.0, None]
    _, told = ask("show", LIVE, "30", "--store", store).out.split("recall on each class of ")
    assert told.startswith("rotten-tomatoes before and after privacy-qa is learnt")
    assert [line.split() for line in told.splitlines()[2:]] == [
        ["rotten", "50", "0.800", "0.900", "−0.100"],
        ["fresh", "50", "1.000", "0.600", "0.400", "rotten", "+20"],
    ]


def test_workers(ask: Ask, store: Path) -> None:
    (worker,) = ask("workers", "--store", store, "--json").data
    assert worker["pid"] == os.getpid()
    assert (worker["study"], worker["trial"]) == (LIVE, 30)
    assert str(os.getpid()) in ask("workers", "--store", store).out


@pytest.fixture
def said(store: Path) -> Path:
    """Return a store in which something was said of a trial, of no trial, and by another worker."""
    opened = open_store(str(store))
    write_log(opened, "error", "#30 failed: no memory", worker_id=1, run_id=RUNNING)
    write_log(opened, "debug", "a detail", worker_id=1)
    write_log(opened, "info", "by another", worker_id=2)
    opened.close()
    return store


@pytest.mark.parametrize(
    ("flags", "texts"),
    [
        (["-n", "2"], ["a detail", "by another"]),
        (["--level", "warning"], ["#30 failed: no memory"]),
        (["--study", LIVE], ["#30 failed: no memory"]),
        (["--run", RUNNING], ["#30 failed: no memory"]),
        (["--search", "ANOTHER"], ["by another"]),
        (["--search", "%"], []),
        (
            ["--worker", os.getpid(), "--level", "info"],
            [f"#30 begins · {LIVE}", "#30 failed: no memory"],
        ),
    ],
)
def test_what_was_said(ask: Ask, said: Path, flags: list[object], texts: list[str]) -> None:
    answer = ask("log", "--store", said, "--json", *flags)
    lines = [json.loads(line) for line in answer.out.splitlines()]
    assert [line["text"] for line in lines] == texts
    plain = ask("log", "--store", said, *flags).out.splitlines()
    assert all(line.endswith(text) for line, text in zip(plain, texts, strict=True))


def test_no_such_level(ask: Ask, said: Path) -> None:
    answer = ask("log", "--store", said, "--level", "loud")
    assert answer.code == 2
    assert "no level named 'loud'" in answer.err


def test_importance(ask: Ask, store: Path) -> None:
    told = ask("importance", LIVE, "--store", store, "--json").data
    assert (told["evaluator"], told["trials"]) == ("ped-anova", 24)
    assert [choice["choice"] for choice in told["choices"]][:2] == ["heads", "layer 6"]
    assert sum(choice["share"] for choice in told["choices"]) == pytest.approx(1)
    lines = ask("importance", LIVE, "--evaluator", "fanova", "--store", store).out.splitlines()
    assert lines[0] == f"{LIVE}: fANOVA, 24 trials"
    assert lines[2].split()[:2] == ["heads", "0.50"]


def test_importance_of_too_few_trials(ask: Ask, store: Path) -> None:
    answer = ask("importance", PAUSED, "--store", store)
    assert answer.code == 2
    assert "has 0 complete trials; what matters can be told from 10 on" in answer.err


def test_marks_and_notes_are_found_again(ask: Ask, store: Path) -> None:
    assert ask("mark", LIVE, "4,7-8", "--store", store).out == "3 trials marked: #4 #7 #8\n"
    assert ask("note", LIVE, 4, "low layers hardly move #keep", "--store", store).code == 0
    found = ask("trials", LIVE, "--filter", "note:#keep", "--store", store, "--json").data
    assert [(trial["number"], trial["marked"]) for trial in found] == [(4, 1)]
    assert found[0]["note"] == "low layers hardly move #keep"
    assert "low layers hardly move #keep" in ask("show", LIVE, 4, "--store", store).out
    assert ask("mark", LIVE, 7, "--off", "--store", store).out == "2 trials marked: #4 #8\n"
    assert ask("mark", LIVE, "--off", "--store", store).out == "0 trials marked\n"


def test_a_trial_that_is_not_there_is_neither_marked_nor_noted(ask: Ask, store: Path) -> None:
    for words in (("mark", LIVE, "4,99"), ("note", LIVE, 99, "good")):
        answer = ask(*words, "--store", store)
        assert answer.code == 2
        assert f"study '{LIVE}' has no trial 99; see bertcl-tui trials {LIVE}" in answer.err
    assert ask("mark", LIVE, "--store", store).out == "0 trials marked\n"
