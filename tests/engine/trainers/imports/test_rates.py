"""Rates of parameters and groups, back to one per choice."""

import json
from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from torch import nn

from engine.errors import UsageError
from engine.profiles import make_grouping, param_groups, write_profile
from engine.trainers import decayed_groups, write_groups
from engine.trainers.imports import kind_of, rates_of_choices, read_rates, read_saved_groups
from engine.trainers.tools import TOOLS
from tests.engine.profiles.models import CONFIGS, bare, classifier
from tests.engine.profiles.samples import sample_profile
from tests.engine.trainers.conftest import PROFILE, RATES, request_for

NAMES = ["embed.weight", *(f"layers.{n}.{w}" for n in range(12) for w in "abcd"), "head.weight"]


def names_of(model: nn.Module) -> list[str]:
    return [name for name, _ in model.named_parameters()]


@pytest.mark.parametrize("kind", CONFIGS)
def test_an_optimizers_groups_come_back_as_the_profile(kind: str, tmp_path: Path) -> None:
    model = classifier(kind)
    optimizer = torch.optim.AdamW(decayed_groups(model, PROFILE, 0.01))
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
    optimizer.step()
    scheduler.step()
    write_groups(optimizer, model, tmp_path / "groups.json")
    found = read_saved_groups((tmp_path / "groups.json").read_text()).rates("paper")
    assert (found.learning_rates, found.grouping) == (RATES, PROFILE.grouping)
    assert found.notes == ()


def test_groups_whose_names_are_those_of_choices_need_no_parameters() -> None:
    groups = [
        {"name": group["name"].replace("–", "-"), "lr": group["lr"]}
        for group in param_groups(
            classifier("bert"), sample_profile(RATES, make_grouping("paper", 3))
        )
    ]
    assert read_saved_groups(json.dumps(groups)).rates("paper").learning_rates == RATES
    labels = make_grouping("original-code", 12).labels()
    named = [{"name": label, "lr": 1e-5, "params": [1]} for label in labels]
    assert read_saved_groups(json.dumps(named)).rates("paper").grouping.preset == "original-code"


@pytest.mark.parametrize("tool", [name for name, tool in TOOLS.items() if tool.read])
def test_a_trainers_file_comes_back_as_the_profile(tool: str, tmp_path: Path) -> None:
    names = [*names_of(bare("llama")), "lm_head.weight"]
    own = TOOLS[tool].own_names(names)
    path = tmp_path / f"rates{TOOLS[tool].suffix}"
    path.write_text(TOOLS[tool].write(request_for(own)))
    assert kind_of(path) == tool
    found = read_rates(path, tool, "paper", lambda head: names)
    with_embeddings = (*RATES[:-1], RATES[0])
    assert found.learning_rates == (with_embeddings if tool == "axolotl" else RATES)


def test_a_profile_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    write_profile(PROFILE, path)
    assert kind_of(path) == "profile"
    found = read_rates(path, "profile", "original-code", lambda head: [])
    assert (found.learning_rates, found.grouping) == (RATES, PROFILE.grouping)
    write_profile(replace(PROFILE, stages="later", first_lr=5e-5), path)
    with pytest.raises(UsageError, match="is for later stages, and imported trials are for all"):
        read_rates(path, "profile", "paper", lambda head: [])


def test_layers_of_one_choice_give_their_geometric_mean_and_that_is_said() -> None:
    def rate(name: str) -> float:
        layer = int(name.split(".")[1]) if name.startswith("layers") else 0
        return 1e-6 * 2.0**layer

    found = rates_of_choices(NAMES, rate, "original-code")
    assert found.learning_rates[1] == pytest.approx(1e-6 * 2**0.5)
    assert found.learning_rates[2] == 4e-6
    assert found.notes[0] == "layers 1–2 had rates of their own: their geometric mean is taken"
    assert len(found.notes) == 4


def test_what_has_no_heads_yet_has_the_last_layers_rate_for_them() -> None:
    found = rates_of_choices(NAMES[:-1], lambda name: 1e-5, "paper")
    assert found.learning_rates[-1] == 1e-5
    assert found.notes == ("nothing says the rate of the heads: they have that of the last layer",)
    assert rates_of_choices(NAMES[:-1], lambda name: 1e-5, "paper", heads=1e-3).notes == ()


def test_rates_that_are_none_of_a_profile_are_refused_with_the_place() -> None:
    with pytest.raises(
        UsageError, match=r"layer 1 has several rates, such as 1e-5 for 'layers.0.a"
    ):
        rates_of_choices(NAMES, lambda name: 2e-5 if name == "layers.0.b" else 1e-5, "paper")
    with pytest.raises(UsageError, match="nothing says the rate of layer 4; add it"):
        rates_of_choices(NAMES, lambda name: None if "s.3." in name else 1e-5, "paper")
    with pytest.raises(UsageError, match="nothing says the rate of the embeddings; add it"):
        rates_of_choices(NAMES, lambda name: None if "embed" in name else 1e-5, "paper")


@pytest.mark.parametrize(
    ("groups", "complaint"),
    [
        ("{", "groups are no JSON"),
        ("{}", "no list of param_groups"),
        ("[]", "there is no group"),
        ('[{"lr": 1e-5, "params": [0, 1]}]', "group 1 has neither param_names nor a name"),
        ('[{"name": "a"}]', "lr of group 1 is None; it must be a rate"),
        ('[{"name": "a", "lr": 2}]', "lr of group 1 is 2; it must be a rate above 0"),
        ('[{"name": "body", "lr": 1e-5}]', "groups named 'body' are none of a profile"),
        ('[{"name": "a", "lr": 1e-5}, {"name": "a", "lr": 1e-4}]', "two groups named 'a' have sev"),
        ('[{"lr": 1e-5, "params": ["x"]}, {"lr": 1e-5, "params": ["x"]}]', "'x' is in two groups"),
    ],
)
def test_groups_that_say_no_rates_are_refused(groups: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        read_saved_groups(groups).rates("paper")


def test_kinds_are_told_by_what_is_in_a_file(tmp_path: Path) -> None:
    for name, text, kind in [
        ("a.csv", "0.9,0.8,", "log"),
        ("b.csv", "p_o,p_s\n", "trials"),
        ("c.json", '{"learning_rate_mapping": {}}', "sentence-transformers"),
        ("d.json", "[]", "param-groups"),
        ("e.yml", "lr_groups:", "axolotl"),
        ("f.yaml", "optimizer:", "fairseq2"),
        ("g.py", "", "torchtitan"),
    ]:
        (tmp_path / name).write_text(text)
        assert kind_of(tmp_path / name) == kind
    assert kind_of(tmp_path / "a.csv", "trials") == "trials"
    with pytest.raises(
        UsageError, match="no kind of file named 'axolotls'; did you mean 'axolotl'"
    ):
        kind_of(tmp_path / "a.csv", "axolotls")
    with pytest.raises(UsageError, match=r"cannot read .*gone.csv: no such file"):
        kind_of(tmp_path / "gone.csv")
