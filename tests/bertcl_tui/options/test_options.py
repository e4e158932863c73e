"""One table of options makes the form, the command line and the study."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from bertcl_tui.options import OPTIONS, build_study_spec, option, preset_defaults, search_command
from bertcl_tui.options.readers import completed, first_texts, places, toggled
from bertcl_tui.options.study import cautions
from engine.errors import UsageError
from engine.spec import Protocol, SearchSettings, StudySpec, preset

WRONG = [
    ("sequence", "sst2", "has one task"),
    ("sequence", "sst2:", "empty task name"),
    ("sequence", "sst2:sst2", "twice"),
    ("data", "nowhere-at-all", "no data 'nowhere-at-all'"),
    ("model", "./nowhere", "no model folder './nowhere'"),
    ("model", "bert base", "is no model"),
    ("preset", "papers", "no preset named 'papers'"),
    ("method", "ewc", "no method named 'ewc'; use one of profile, flat, llrd"),
    ("searched_stages", "first", "no choice of stages named 'first'; use one of all, later"),
    ("first_lr", "2", "learning rate 2 must be above 0 and at most 1"),
    ("budget", "much", "budget 'much' is no number; write one like 200"),
    ("max_length", "4", "max length is 4"),
    ("warmup", "1", "warm-up is 1; it must be at least 0 and below 1, like 0.1"),
    ("in_order", "0", "in order is 0"),
    ("trial_seeds", "3", "no trial seeds named '3'; use one of shared, own"),
    ("racing", "yes", "no racing named 'yes'; use one of on, off"),
    ("when_flat", "end", "no when flat named 'end'; use one of stop, go-on"),
    ("retention_rows", "0", "retention rows is 0"),
    ("measures_per_epoch", "0", "measures per epoch is 0"),
    ("batching", "sorted", "no batching named 'sorted'; use one of mixed, by-length"),
    ("balance", "even", "no balance named 'even'; use one of none, weights, sampling"),
    ("score", "f1", "no score named 'f1'; use one of accuracy, macro-f1"),
    ("curve_share", "-1", "curve share is -1; it must be at least 0, like 0.1"),
    ("probe_rows", "-1", "probe rows is -1; it must be at least 0, like 100"),
    ("trials", "many", "trials 'many' is no whole number"),
    ("trials", "0", "trials is 0"),
    ("epochs", "1.5", "epochs '1.5' is no whole number"),
    ("train_rows", "1", "train rows is 1"),
    ("eval_rows", "-3", "eval rows is -3"),
    ("batch_size", "0", "batch size is 0"),
    ("sampler", "bayes", "no sampler named 'bayes'; use one of tpe, gp, smooth, cma, random"),
    ("pruner", "median", "no pruner named 'median'"),
    ("seed", "-1", "seed is -1"),
    ("name", "a b", "name 'a b' may have"),
    ("name", "sst2:1-4", "ends like a choice of trials"),
    ("device", "gpu", "no device named 'gpu'"),
    ("precision", "fp16", "no precision named 'fp16'"),
]


def test_every_option_has_a_sentence_of_help_and_a_case_that_is_wrong() -> None:
    assert all(item.help.endswith(".") for item in OPTIONS)
    assert {name for name, _, _ in WRONG} == {item.name for item in OPTIONS}


@pytest.mark.parametrize(("name", "text", "said"), WRONG)
def test_wrong_text_gets_one_line(name: str, text: str, said: str) -> None:
    trouble = option(name).trouble(text)
    assert trouble is not None
    assert said in trouble
    assert "\n" not in trouble
    with pytest.raises(UsageError):
        build_study_spec({"sequence": "sst2:mrpc", name: text})


def test_defaults_alone_are_the_default_preset() -> None:
    assert build_study_spec({"sequence": "sst2:mrpc"}) == StudySpec(
        name="sst2:mrpc",
        sequence=("sst2", "mrpc"),
        data="hub",
        model="bert-base-uncased",
        protocol=preset("default").protocol,
        search=preset("default").search,
    )


def test_sample_data_come_with_a_model_of_their_own() -> None:
    typed = {"sequence": "boolq:privacy-qa", "data": "sample"}
    assert build_study_spec(typed).model == "sample"
    assert build_study_spec({**typed, "model": "bert-base-uncased"}).model == "bert-base-uncased"
    assert search_command(typed) == "bertcl-tui search boolq:privacy-qa --data sample"
    assert search_command({**typed, "model": "sample"}) == search_command(typed)
    assert "--model bert-base-uncased" in search_command({**typed, "model": "bert-base-uncased"})


def test_what_is_typed_overrides_the_preset() -> None:
    spec = build_study_spec(
        {
            "sequence": " rotten-tomatoes:privacy-qa ",
            "data": "sample",
            "model": "sample",
            "preset": "paper",
            "trials": "12",
            "epochs": "2",
            "train_rows": "800",
            "sampler": "gp",
            "seed": "7",
            "name": "first-try",
            "device": "cpu",
            "precision": "fp32",
        }
    )
    assert (spec.name, spec.seed, spec.device) == ("first-try", 7, "cpu")
    assert spec.protocol == Protocol(
        preset="paper", selection="validation", epochs=2, train_rows=800, precision="fp32"
    )
    assert (spec.search.trials, spec.search.sampler, spec.search.pruner) == (12, "gp", "hyperband")
    assert spec.search.warm_starts is False


def test_what_is_searched_and_how_long_can_be_said() -> None:
    spec = build_study_spec(
        {
            "sequence": "sst2:mrpc",
            "method": "llrd",
            "budget": "120.5",
            "max_length": "64",
            "warmup": "0.2",
            "retention_rows": "128",
            "measures_per_epoch": "2",
            "curve_share": "0.25",
            "probe_rows": "0",
            "batching": "by-length",
        }
    )
    assert (spec.method, spec.search.budget_epochs) == ("llrd", 120.5)
    assert spec.protocol == Protocol(
        max_length=64,
        warmup=0.2,
        retention_rows=128,
        measures_per_epoch=2,
        curve_share=0.25,
        batching="by-length",
    )
    assert search_command({"sequence": "a:b", "method": "flat", "budget": "48"}) == (
        "bertcl-tui search a:b --method flat --budget 48"
    )


def test_the_later_stages_can_be_searched_alone() -> None:
    typed = {"sequence": "a:b", "searched_stages": "later"}
    usual = preset("default").search
    assert build_study_spec(typed).search == replace(usual, searched_stages="later")
    spec = build_study_spec({**typed, "first_lr": "1e-4"})
    assert spec.search == replace(usual, searched_stages="later", first_lr=1e-4)
    assert preset_defaults("paper")["first_lr"] == "5e-5"
    assert search_command({**typed, "first_lr": "1e-4"}) == (
        "bertcl-tui search a:b --searched-stages later --first-lr 1e-4"
    )


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"first_lr": "1e-4", "searched_stages": ""}, "a first rate is for searches of the later"),
        (
            {"preset": "original-code", "searched_stages": "later"},
            "preset original-code carries Adam's state from stage 1 on",
        ),
    ],
)
def test_what_does_not_go_with_the_searched_stages_is_refused(
    typed: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        build_study_spec({"sequence": "a:b", **typed})


def test_curves_without_a_bound_are_asked_for_by_a_word() -> None:
    bound = build_study_spec({"sequence": "a:b", "curve_share": "0.1"})
    assert bound.protocol.curve_share == 0.1
    unbound = build_study_spec({"sequence": "a:b", "curve_share": "unbounded"}).protocol
    assert unbound == Protocol(probe_rows=bound.protocol.probe_rows)


def test_no_sequence_is_said() -> None:
    with pytest.raises(UsageError, match="no sequence yet"):
        build_study_spec({"data": "sample"})


def test_every_preset_shows_its_own_defaults() -> None:
    assert preset_defaults("default")["trials"] == str(SearchSettings().trials)
    assert preset_defaults("paper")["pruner"] == "hyperband"
    assert preset_defaults("original-code")["sampler"] == "gp"
    assert all(preset_defaults("default")[item.name] for item in OPTIONS[1:])


@pytest.mark.parametrize("preset", ["default", "paper", "original-code"])
def test_a_default_typed_out_is_the_default(preset: str) -> None:
    typed = {**preset_defaults(preset), "preset": preset, "sequence": "sst2:mrpc"}
    assert build_study_spec(typed) == build_study_spec({"sequence": "sst2:mrpc", "preset": preset})


def test_the_command_names_what_differs_from_the_preset() -> None:
    assert search_command({}) == "bertcl-tui search SEQUENCE"
    assert (
        search_command({"sequence": "sst2:mrpc", "trials": "60"}) == "bertcl-tui search sst2:mrpc"
    )
    typed = {"sequence": "a:b", "data": "my tasks", "preset": "paper", "trials": "60", "seed": "0"}
    assert (
        search_command(typed, store="other.db")
        == "bertcl-tui search a:b --data 'my tasks' --preset paper --trials 60 --store other.db"
    )


def test_the_command_asks_for_the_same_study() -> None:
    typed = {"sequence": "sst2:mrpc", "preset": "paper", "eval_rows": "500", "pruner": "none"}
    words = shlex.split(search_command(typed))[2:]
    again = {"sequence": words[0]} | {
        flag.removeprefix("--").replace("-", "_"): value
        for flag, value in zip(words[1::2], words[2::2], strict=True)
    }
    assert build_study_spec(again) == build_study_spec(typed)


def test_first_texts_are_a_search_that_can_be_built() -> None:
    texts = first_texts()
    if not texts:
        pytest.skip("the sample pack is not installed")
    assert build_study_spec(texts).sequence == ("rotten-tomatoes", "privacy-qa")


TASKS = ("sst2", "mrpc", "mnli", "qnli")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("ss", "sst2"),
        ("sst2", "sst2:mrpc"),
        ("sst2:", "sst2:mrpc"),
        ("sst2:m", "sst2:mrpc"),
        ("sst2:mrpc:m", "sst2:mrpc:mnli"),
        ("sst2:mrpc", None),
        ("sst2:s", None),
        ("x", None),
    ],
)
def test_a_sequence_is_completed(text: str, whole: str | None) -> None:
    assert completed(text, TASKS) == whole


WITH_PARTS = ("sst2", "mrpc", "sst2/short", "sst2/long", "sst2/cluster0", "sst2/cluster1")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("sst2/", "sst2/short"),
        ("sst2/c", "sst2/cluster0"),
        ("sst2/short", "sst2/short:sst2/long"),
        ("sst2/cluster1", "sst2/cluster1:sst2/cluster0"),
        ("sst2/short:", "sst2/short:sst2/long"),
        ("sst2/short:s", "sst2/short:sst2/long"),
        ("sst2/short:sst2/c", None),
        ("sst2/short:m", "sst2/short:mrpc"),
        ("sst2:sst2/", None),
        ("sst2", "sst2:mrpc"),
    ],
)
def test_a_part_of_a_task_is_completed_with_the_other_part(text: str, whole: str | None) -> None:
    assert completed(text, WITH_PARTS) == whole


def test_a_task_goes_in_at_the_end_and_out_again() -> None:
    assert toggled("", "sst2") == "sst2"
    assert toggled("sst2", "mrpc") == "sst2:mrpc"
    assert toggled("sst2:mrpc:rte", "mrpc") == "sst2:rte"
    assert toggled("sst2:", "mrpc") == "sst2:mrpc"


def test_a_task_is_in_where_its_parts_are() -> None:
    assert places("sst2:mrpc", "mrpc") == (2,)
    assert places("sst2/short: sst2/long:SST-2/cluster0", "sst2") == (1, 2, 3)
    assert places("sst2:", "rte") == ()
    assert toggled("sst2/short:mrpc:sst2/long", "sst2") == "mrpc"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"trials": "60"}, {}),
        ({"trials": "6"}, {"sampler": "Hardly asked", "pruner": "Prunes nothing"}),
        ({"trials": "6", "pruner": "none"}, {"sampler": "Hardly asked"}),
        ({"trials": "150", "sampler": "gp"}, {"sampler": "Slow after 100 trials"}),
        ({"trials": "150", "sampler": "tpe"}, {}),
        ({"trials": "many"}, {}),
        ({"trials": "6", "preset": "none such"}, {}),
    ],
)
def test_what_does_nothing_beside_the_others_is_said(
    typed: dict[str, str], said: dict[str, str]
) -> None:
    texts = {item.name: typed.get(item.name, "") for item in OPTIONS}
    found = cautions(texts)
    assert found.keys() == said.keys()
    assert all(found[name].startswith(text) for name, text in said.items())


def test_data_in_a_folder_is_remembered_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    spec = build_study_spec({"sequence": "a:b", "data": "mine"})
    assert spec.data == str((tmp_path / "mine").resolve())


@pytest.mark.process
def test_options_need_no_heavy_library() -> None:
    code = (
        "import sys, bertcl_tui.options, bertcl_tui.options.readers\n"
        "heavy = {'torch', 'transformers', 'datasets', 'optuna', 'sqlalchemy', 'textual'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
