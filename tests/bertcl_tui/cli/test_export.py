"""A profile for other trainers, as it is asked for on the command line."""

import json
from pathlib import Path

import pytest
from transformers import BertConfig

from engine.profiles import make_grouping, write_profile
from engine.trainers.tools import TOOLS
from tests.bertcl_tui.cli.conftest import Ask
from tests.engine.profiles.samples import sample_profile

LAYERS = 3
RATES = (1e-6, 2e-6, 3e-6, 4e-6, 5e-4)


@pytest.fixture
def model(here: Path) -> Path:
    """Return a model's folder, without weights; ``mine.json`` beside it is a profile for it."""
    profile = sample_profile(RATES, make_grouping("paper", LAYERS), name="mine")
    write_profile(profile, here / "mine.json")
    config = BertConfig(num_hidden_layers=LAYERS, hidden_size=32, num_attention_heads=2)
    config.save_pretrained(here / "model")
    return here / "model"


def test_a_script_is_printed_as_it_is_to_be_run(ask: Ask, model: Path) -> None:
    answer = ask("export", "mine.json", "--for", "hf-trainer", "--model", "model")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith('"""The learning rates of \'mine\' for ')
    assert f'from_pretrained("{model}")' in answer.out
    assert 'profile=read_profile("mine.json"),' in answer.out
    compile(answer.out, "script", "exec")


@pytest.mark.process
@pytest.mark.usefixtures("forked")
def test_patterns_are_those_of_the_model_that_is_named(ask: Ask, model: Path) -> None:
    words = ("--for", "sentence-transformers", "--model", model, "--out", "rates.json")
    answer = ask("export", "mine.json", *words)
    assert (answer.code, answer.out) == (0, "")
    assert "arguments for SentenceTransformerTrainingArguments written to rates.json" in answer.err
    arguments = json.loads(Path("rates.json").read_text())
    assert list(arguments["learning_rate_mapping"].values()) == [*RATES[:-1]]
    assert arguments["learning_rate"] == RATES[-1]


def test_a_profile_of_another_depth_is_carried_over_and_that_is_said(ask: Ask, model: Path) -> None:
    answer = ask("export", "published", "--for", "peft", "--model", model, "--head-names", "fc, x")
    assert answer.code == 0
    assert answer.err == "carried over from 12 layers to 3 by relative depth\n"
    assert "from engine.profiles import published_profile, transfer\n" in answer.out
    assert "profile = transfer(published_profile(), 3)\n" in answer.out
    assert 'weight_decay=0.01, head_names=["fc", "x"]' in answer.out


def test_that_nothing_is_known_of_a_model_is_said(ask: Ask, model: Path) -> None:
    answer = ask("export", "published", "--for", "peft", "--model", "nobody/none")
    assert answer.code == 0
    assert answer.err == (
        "nothing on this machine says how many layers 'nobody/none' has; taken for 12, as the "
        "profile has\n"
    )
    assert ask("export", "published", "--for", "peft").err == ""


def test_what_cannot_be_is_said_in_one_line_and_nothing_is_written(ask: Ask, model: Path) -> None:
    for words, complaint in [
        (
            ("mine.json", "--for", "axolotls"),
            "no trainer named 'axolotls'; did you mean 'axolotl'?",
        ),
        (("gone.json", "--for", "timm"), "cannot read profile gone.json: no such file"),
        (("mine.json", "--for", "timm", "--model", "./gone"), "no model folder './gone'"),
        (("mine.json", "--for", "timm", "--out", "no/x.py"), "there is no folder"),
        (("mine.json",), "Missing option '--for'"),
    ]:
        answer = ask("export", *words, *(() if "--out" in words else ("--out", "x.py")))
        assert (answer.code, answer.out) == (2, ""), words
        assert complaint in answer.err
        assert answer.err.count("\n") == 1
        assert not Path("x.py").exists()


def test_a_backbone_that_was_a_folder_is_asked_for(ask: Ask, here: Path) -> None:
    from msgspec.structs import replace

    from engine.profiles import Backbone

    profile = sample_profile(RATES, make_grouping("paper", LAYERS))
    local = replace(profile, backbone=Backbone("mine@3f2a9c1b", layers=LAYERS))
    write_profile(local, here / "local.json")
    answer = ask("export", "local.json", "--for", "lightning")
    assert answer.code == 2
    assert "'mine@3f2a9c1b' was a folder; name the model with --model" in answer.err


def test_help_names_every_trainer(ask: Ask) -> None:
    answer = ask("export", "--help")
    assert all(name in answer.out for name in TOOLS)
