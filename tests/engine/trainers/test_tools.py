"""What each trainer makes of its file, by its own rules, on real tiny models."""

import ast
import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace
from torch import nn
from transformers import Trainer

from engine.errors import UsageError
from engine.profiles import make_grouping, published_profile
from engine.trainers.tools import TOOLS
from tests.engine.profiles.models import CONFIGS, bare, classifier
from tests.engine.trainers.conftest import PROFILE, RATES, rates_by_name, request_for

DECODERS = ("llama", "qwen3", "gemma")
TEXT = [kind for kind in CONFIGS if kind != "vit"]


def names_of(model: nn.Module) -> list[str]:
    return [name for name, _ in model.named_parameters()]


def written(tool: str, names: list[str]) -> str:
    return TOOLS[tool].write(request_for(names))


# The rules of each trainer, in a few lines: which group a name goes with.


def by_the_last_that_is_found(arguments: Mapping[str, Any], name: str) -> float:
    rate = arguments["learning_rate"]
    for pattern, lr in arguments["learning_rate_mapping"].items():
        if re.search(pattern, name):
            rate = lr
    return float(rate)


def by_the_first_that_matches(config: Mapping[str, Any], name: str) -> float:
    for group in config["groups"]:
        if any(name == pattern or re.match(pattern, name) for pattern in group["params"]):
            return float(group["lr"])
    return float(config["lr"])


def by_the_first_piece(config: Mapping[str, Any], name: str, decaying: set[str]) -> float:
    if "embed_tokens" in name or "lm_head" in name:
        return float(config["embedding_lr"])
    if name in decaying:
        for group in config["lr_groups"]:
            if any(piece in name for piece in group["modules"]):
                return float(group["lr"])
    return float(config["learning_rate"])


def groups_of_python(text: str) -> list[tuple[str, float]]:
    """Run the configuration with a class that keeps what it is given."""
    kept: list[tuple[str, float]] = []

    class Container:
        class Config:
            def __init__(self, param_groups: list[None]) -> None:
                assert len(param_groups) == len(kept)

    def group(*, pattern: str, optimizer_name: str, optimizer_kwargs: dict[str, Any]) -> None:
        assert optimizer_name == "AdamW"
        kept.append((pattern, optimizer_kwargs["lr"]))

    code = "\n".join(line for line in text.splitlines() if not line.startswith("from torchtitan"))
    exec(code, {"OptimizersContainer": Container, "ParamGroupConfig": group})
    return kept


@pytest.mark.parametrize("kind", TEXT)
def test_sentence_transformers_gives_each_parameter_its_rate(kind: str) -> None:
    model = bare(kind)
    arguments = json.loads(written("sentence-transformers", names_of(model)))
    for below in ("model.0.model.", "model.0.auto_model."):
        assert {
            name: by_the_last_that_is_found(arguments, below + name) for name in names_of(model)
        } == rates_by_name(model)
    assert by_the_last_that_is_found(arguments, "classifier.weight") == RATES[-1]
    assert by_the_last_that_is_found(arguments, "model.2.linear.weight") == RATES[-1]


@pytest.mark.parametrize("kind", [*DECODERS, "gpt2", "bert"])
def test_axolotl_gives_weights_their_rate_and_says_what_it_cannot_say(kind: str) -> None:
    model = classifier(kind)
    text = written("axolotl", names_of(model))
    config = yaml.safe_load(text)
    decaying = set(Trainer.get_decay_parameter_names(None, model))
    for name, rate in rates_by_name(model).items():
        found = by_the_first_piece(config, name, decaying)
        assert found == (rate if name in decaying else config["learning_rate"]), name
    assert config["learning_rate"] == pytest.approx(math.prod(RATES[1:-1]) ** (1 / 3))
    assert text.startswith("# The learning rates of 'sample' for tiny.\n# axolotl's groups hold")
    assert "lm_head" not in text
    untied = [*names_of(bare("llama")), "lm_head.weight"]
    assert "# Its output layer (lm_head) learns at embedding_lr" in written("axolotl", untied)


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("tied", [True, False])
def test_fairseq2_and_torchtitan_know_decoders_by_names_of_their_own(kind: str, tied: bool) -> None:
    names = [*names_of(bare(kind)), *([] if tied else ["lm_head.weight"])]
    places = (0, 1, 2, 3, 3) if tied else (0, 1, 2, 3, 3, 4)
    recipe = yaml.safe_load(written("fairseq2", list(TOOLS["fairseq2"].own_names(names))))
    assert recipe["optimizer"]["name"] == "adamw"
    theirs = (
        "decoder_frontend.embed.weight",
        *(f"decoder.layers.{layer}.self_attn.q_proj.weight" for layer in range(3)),
        "decoder.layer_norm.weight",
        "final_proj.weight",
    )
    for name, place in zip(theirs, places, strict=False):
        assert by_the_first_that_matches(recipe["optimizer"]["config"], name) == RATES[place], name
    text = written("torchtitan", list(TOOLS["torchtitan"].own_names(names)))
    groups = groups_of_python(text)
    theirs = (
        "tok_embeddings.weight",
        *(f"layers.{layer}._orig_mod.attention.qkv_linear.wq.weight" for layer in range(3)),
        "norm.weight",
        "lm_head.weight",
    )
    for name, place in zip(theirs, places, strict=False):
        fitting = [lr for pattern, lr in groups if re.search(pattern, name)]
        assert fitting == [RATES[place]], name
    for pattern, _ in groups:  # one that fits nothing is an error there
        assert any(re.search(pattern, name) for name in theirs[: len(places)])


@pytest.mark.parametrize("tool", ["fairseq2", "torchtitan"])
def test_an_encoder_is_none_of_their_models(tool: str) -> None:
    with pytest.raises(UsageError, match=f"{tool} trains decoders such as Llama"):
        TOOLS[tool].own_names(names_of(bare("bert")))


@pytest.mark.parametrize("tool", [name for name, tool in TOOLS.items() if tool.read])
def test_what_was_written_is_read_back(tool: str) -> None:
    entry = TOOLS[tool]
    names = list(entry.own_names([*names_of(bare("llama")), "lm_head.weight"]))
    assert entry.read is not None
    rules = entry.read(written(tool, names))
    patterns = request_for(names).patterns()
    rates = {part.name: pattern.lr for pattern in patterns for part in pattern.parts}
    for part, rate in rates.items():
        if tool == "axolotl" and part.startswith("norm"):
            assert rules.rate_of(f"{part}weight") is None
            continue
        with_embeddings = tool == "axolotl" and part.startswith("lm_head")
        assert rules.rate_of(f"{part}weight") == (RATES[0] if with_embeddings else rate), part


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_written_is_of_its_kind_and_ends_a_line(tool: str) -> None:
    entry = TOOLS[tool]
    names = entry.own_names(names_of(bare("llama"))) if entry.head else ()
    text = entry.write(request_for(names))
    parsers: dict[str, Callable[[str], object]] = {
        ".py": ast.parse,
        ".json": json.loads,
        ".yaml": yaml.safe_load,
    }
    assert parsers[entry.suffix](text)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_yaml_rates_are_numbers_to_every_reader() -> None:
    text = written("fairseq2", list(TOOLS["fairseq2"].own_names(names_of(bare("llama")))))
    assert "lr: 1.0e-06" in text
    assert "e-" not in re.sub(r"\d\.\d+e-\d\d", "", text)


def test_twelve_layers_in_eight_choices() -> None:
    profile = published_profile()
    names = ["embed.weight", *(f"layers.{n}.{w}.weight" for n in range(12) for w in "abcd")]
    assert profile.grouping == make_grouping("original-code", 12)
    arguments = json.loads(
        TOOLS["sentence-transformers"].write(request_for(names, profile, "bert"))
    )
    patterns = list(arguments["learning_rate_mapping"])
    assert patterns[1] == r"^model\.0\.(?:auto_)?model\.layers\.(?:0|1)\."
    assert len(patterns) == 9


@pytest.mark.parametrize(
    ("tool", "text", "complaint"),
    [
        ("sentence-transformers", "{", "no JSON for training arguments"),
        ("sentence-transformers", '{"learning_rate": 1e-5}', "learning_rate_mapping"),
        (
            "sentence-transformers",
            '{"learning_rate_mapping": {"^a": 2}}',
            r"of '\^a' is 2; it must",
        ),
        ("axolotl", "a: [", "axolotl configuration is no YAML"),
        ("axolotl", "learning_rate: 1.0e-5", "has no lr_groups"),
        ("axolotl", "learning_rate: 1.0e-5\nlr_groups: [{name: a}]", "group 1 .* no list of mod"),
        ("fairseq2", "optimizer: {name: adamw}", "no optimizer.config.groups"),
        ("fairseq2", "optimizer: {config: {groups: [{params: a}]}}", "lr of group 1 .* is None"),
        ("torchtitan", "x = (", "is no Python"),
        ("torchtitan", "x = 1", "has no ParamGroupConfig"),
        ("torchtitan", "ParamGroupConfig(pattern=P)", "line 1: .* no pattern that is written out"),
        ("torchtitan", "ParamGroupConfig(pattern='a')", "line 1: optimizer_kwargs have no lr"),
    ],
)
def test_a_file_that_says_no_rates_is_refused(tool: str, text: str, complaint: str) -> None:
    read = TOOLS[tool].read
    assert read is not None
    with pytest.raises(UsageError, match=complaint):
        read(text)


def test_a_sequence_of_stages_is_said() -> None:
    later = replace(PROFILE, stages="later", first_lr=5e-5)
    text = TOOLS["hf-trainer"].write(request_for((), later))
    assert text.splitlines()[0] == (
        '"""The learning rates of \'sample\' for tiny, to learn a next task after one that was '
        'learnt at 5e-05."""'
    )


@pytest.mark.parametrize("tool", TOOLS)
def test_no_name_ends_the_string_that_it_stands_in(tool: str) -> None:
    entry = TOOLS[tool]
    bad = 'x"""\nraise SystemExit\n"""\\'
    names = entry.own_names(names_of(bare("llama"))) if entry.head else ()
    request = replace(request_for(names), model=bad, source=bad, profile=replace(PROFILE, name=bad))
    text = entry.write(request)
    if entry.suffix == ".py":
        assert not any(isinstance(node, ast.Raise) for node in ast.walk(ast.parse(text)))
    elif entry.suffix == ".yaml":
        assert "raise SystemExit" not in yaml.safe_load(text)


DOCUMENT = (Path(__file__).parents[3] / "docs" / "trainers.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("tool", TOOLS)
def test_the_document_has_a_section_for_it_and_its_script_as_it_is_written(tool: str) -> None:
    titles = re.findall("^## (.+)$", DOCUMENT, re.MULTILINE)
    assert tool in {title.lower().replace(" ", "-") for title in titles}
    assert f"\n| `{tool}` |" in DOCUMENT
    if TOOLS[tool].head is None:
        model = "vit_base_patch16_224" if tool == "timm" else "bert-base-uncased"
        assert TOOLS[tool].write(request_for((), published_profile(), model)) in DOCUMENT
