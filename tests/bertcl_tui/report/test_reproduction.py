"""What a report gives to be pasted asks for the very same run, or search."""

import re
import shlex
from pathlib import Path

import pytest

from bertcl_tui.cli.run import run_spec
from bertcl_tui.options import build_study_spec
from bertcl_tui.options.study import texts_of_study
from bertcl_tui.report.reproduction import command_of_search, commands_of_run
from engine.spec import Protocol, RunSpec, SearchSettings, StudySpec, preset

SEQUENCE = ("sst2", "mrpc")
RATES = tuple(1e-5 * 1.37**choice for choice in range(10))


def _run(**changes: object) -> RunSpec:
    usual = {
        "sequence": SEQUENCE,
        "data": "hub",
        "model": "bert-base-uncased",
        "protocol": preset("default").protocol,
        "options": {"lr": 2e-5},
    }
    return RunSpec(**{**usual, **changes})  # type: ignore[arg-type]


RUNS = [
    _run(),
    _run(seed=1_512_345_678, device="cpu", options={"lr": 7.303373414315319e-05}),
    _run(method="llrd", options={"lr": 1e-4, "decay": 0.9}),
    _run(method="ewc-task", options={"lr": 1e-4, "importance": 500.0}),
    _run(first_lr=5e-5),
    _run(method="profile", options={}, learning_rates=RATES, seed=3),
    _run(method="profile", options={}, learning_rates=RATES, first_lr=3e-5),
    _run(method="replay", options={"share": 0.1}, learning_rates=RATES),
    _run(
        method="profile",
        options={},
        learning_rates=RATES,
        protocol=preset("original-code").protocol,
    ),
    _run(protocol=Protocol(epochs=1, train_rows=400, curve_share=None, warmup=0.2)),
]


def pasted(commands: str, folder: Path) -> RunSpec:
    """Return the run that these lines ask for, its profile written as they say."""
    for name, content in re.findall(r"cat > (\S+) <<'END'\n(.*)\nEND\n", commands):
        (folder / name).write_text(content, encoding="utf-8")
    program, command, sequence, *words = shlex.split(commands.splitlines()[-1])
    assert (program, command) == ("bertcl-tui", "run")
    flags = list(zip(words[::2], words[1::2], strict=True))
    texts = {flag.removeprefix("--").replace("-", "_"): value for flag, value in flags}
    options = [value for flag, value in flags if flag == "--option"]
    profile, lr, first_lr = (texts.pop(name, None) for name in ("profile", "lr", "first_lr"))
    texts.pop("option", None)
    method = texts.pop("method", "")
    return run_spec(
        {**texts, "sequence": sequence},
        method,
        None if lr is None else float(lr),
        None if profile is None else folder / profile,
        options,
        first_lr=None if first_lr is None else float(first_lr),
    )


@pytest.mark.parametrize("spec", RUNS)
def test_a_run_is_the_same_again(spec: RunSpec, tmp_path: Path) -> None:
    assert pasted(commands_of_run(spec, "trial-3"), tmp_path) == spec


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    spec = _run(model="/nowhere/at/all", options={}, method="profile", learning_rates=RATES)
    assert commands_of_run(spec, "trial-3").startswith("# nothing here says which layers of all")


STUDIES = [
    StudySpec(name="sst2:mrpc", sequence=SEQUENCE, data="hub", model="bert-base-uncased"),
    StudySpec(
        name="mine",
        sequence=SEQUENCE,
        data="hub",
        model="bert-base-uncased",
        method="llrd",
        protocol=preset("paper").protocol,
        search=preset("paper").search,
        seed=7,
    ),
    StudySpec(
        name="sst2:mrpc",
        sequence=SEQUENCE,
        data="hub",
        model="bert-base-uncased",
        protocol=Protocol(train_rows=50, eval_rows=60),
        search=SearchSettings(
            trials=7, budget_epochs=40.0, in_order=2, searched_stages="later", first_lr=3e-5
        ),
        device="cpu",
    ),
]


@pytest.mark.parametrize("spec", STUDIES)
def test_a_search_is_the_same_again(spec: StudySpec) -> None:
    assert build_study_spec(texts_of_study(spec)) == spec
    words = shlex.split(command_of_search(spec))
    assert words[:3] == ["bertcl-tui", "search", "sst2:mrpc"]
