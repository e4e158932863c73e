"""Where every parameter of every kind of model goes, with adapters or without."""

import re
from collections.abc import Iterator, Sequence

import peft
import pytest
import transformers as hf
from torch import nn

from engine.errors import UsageError
from engine.profiles import Profile, make_grouping, param_groups
from engine.trainers import Pattern, make_patterns
from tests.engine.profiles.models import CONFIGS, LAYERS, TimmStyle, bare, classifier
from tests.engine.profiles.samples import sample_profile

RATES = (1e-6, 2e-6, 3e-6, 4e-6, 5e-4)
PROFILE = sample_profile(RATES, make_grouping("paper", LAYERS))
HEADS = LAYERS + 1
TEXT_MODELS = [kind for kind in CONFIGS if kind != "vit"]
ADAPTERS = {
    "lora": lambda inside: peft.LoraConfig(r=2, target_modules=inside, task_type="SEQ_CLS"),
    "dora": lambda inside: peft.LoraConfig(
        r=2, target_modules=inside, use_dora=True, task_type="SEQ_CLS"
    ),
    "ia3": lambda inside: peft.IA3Config(
        target_modules=inside, feedforward_modules=[], task_type="SEQ_CLS"
    ),
}
_LAYER = re.compile(r"\.(?:layers?|h|albert_layers)\.(\d+)\.")
_EMBEDS = re.compile(r"embed|\.wte\.|\.wpe\.|relative_attention_bias|encoder\.LayerNorm")
_HEAD = re.compile(r"(?:^|\.)(?:classifier|pre_classifier|score|head)\.|^(?:\w+\.)*pooler\.")

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def place_by_eye(kind: str, name: str) -> int:
    """Say where a parameter of a classifier belongs as a reader of its name would."""
    if layer := _LAYER.search(name):
        return int(layer[1]) + 1
    if ".conv." in name:  # DeBERTa's, over the first layer's output
        return 1
    if _EMBEDS.search(name) or "project_in" in name:
        return 0
    if kind != "deberta-v2" and ".pooler." in name:
        return LAYERS
    return HEADS if _HEAD.search(name) else LAYERS


def adapted(kind: str, adapter: str) -> nn.Module:
    return with_adapter(classifier(kind), adapter)


def with_adapter(model: nn.Module, adapter: str) -> nn.Module:
    """Put an adapter into every linear layer of the stack; the head learns in full."""
    linear = (nn.Linear, hf.pytorch_utils.Conv1D)
    inside = [
        name
        for name, module in model.named_modules()
        if isinstance(module, linear) and _LAYER.search(name)
    ]
    return peft.get_peft_model(model, ADAPTERS[adapter](inside))


def rate_of_each(model: nn.Module, profile: Profile = PROFILE) -> dict[str, float]:
    """Return the rate of every trainable parameter by name; each is in exactly one group."""
    groups = param_groups(model, profile)
    rates = [(id(parameter), group["lr"]) for group in groups for parameter in group["params"]]
    trainable = {id(p): name for name, p in model.named_parameters() if p.requires_grad}
    assert sorted(key for key, _ in rates) == sorted(trainable)
    return {trainable[key]: rate for key, rate in rates}


@pytest.mark.parametrize("kind", TEXT_MODELS)
def test_every_parameter_is_where_a_reader_would_look_for_it(kind: str) -> None:
    rates = rate_of_each(classifier(kind))
    assert rates == {name: RATES[place_by_eye(kind, name)] for name in rates}
    assert set(rates.values()) == set(RATES)


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("kind", TEXT_MODELS)
def test_adapters_learn_with_the_layer_that_they_are_in(kind: str, adapter: str) -> None:
    model = adapted(kind, adapter)
    rates = rate_of_each(model)
    assert rates == {name: RATES[place_by_eye(kind, name)] for name in rates}
    adapters = [name for name in rates if re.search("lora_|ia3_", name)]
    assert {rates[name] for name in adapters} == set(RATES[1:-1])
    assert RATES[HEADS] in rates.values()


def fits(patterns: Sequence[Pattern], name: str) -> Iterator[float]:
    return (pattern.lr for pattern in patterns if re.search(pattern.regex, name))


@pytest.mark.parametrize("kind", CONFIGS)
def test_each_parameter_fits_exactly_one_pattern_and_gets_the_rate_of_its_group(kind: str) -> None:
    for model in (bare(kind), classifier(kind)):
        names = [name for name, _ in model.named_parameters()]
        patterns = make_patterns(names, PROFILE)
        rates = rate_of_each(model)
        assert {name: list(fits(patterns, name)) for name in names} == {
            name: [rates[name]] for name in names
        }
        assert all(pattern.regex.startswith("^") for pattern in patterns)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_patterns_hold_for_what_an_adapter_adds_later(adapter: str) -> None:
    names = [name for name, _ in classifier("llama").named_parameters()]
    patterns = make_patterns(names, PROFILE, below=r"base_model\.model\.")
    model = adapted("llama", adapter)
    rates = rate_of_each(model)
    assert {name: list(fits(patterns, name)) for name in rates} == {
        name: [rate] for name, rate in rates.items()
    }


def test_layer_1_is_not_layer_10() -> None:
    names = ["embed.weight", *(f"layers.{n}.{w}" for n in range(12) for w in "abcd")]
    profile = sample_profile(
        tuple(n * 1e-6 for n in range(1, 11)), make_grouping("original-code", 12)
    )
    found = {name: list(fits(make_patterns(names, profile), name)) for name in names}
    assert found["layers.1.a"] == [2e-6]
    assert found["layers.10.a"] == [8e-6]
    assert all(len(rates) == 1 for rates in found.values())


def test_a_pattern_is_short_enough_to_be_read() -> None:
    names = [name for name, _ in classifier("bert").named_parameters()]
    assert [pattern.regex for pattern in make_patterns(names, PROFILE)] == [
        r"^bert\.embeddings\.",
        r"^bert\.encoder\.layer\.0\.",
        r"^bert\.encoder\.layer\.1\.",
        r"^(?:bert\.pooler\.|bert\.encoder\.layer\.2\.)",
        r"^classifier\.",
    ]


def test_albert_has_one_layer_and_patterns_for_it() -> None:
    config = hf.AlbertConfig(
        vocab_size=40,
        embedding_size=16,
        hidden_size=32,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=48,
    )
    model = hf.AlbertForSequenceClassification(config)
    names = [name for name, _ in model.named_parameters()]
    with pytest.raises(UsageError, match="shares weights among its layers and has 1 to group"):
        make_patterns(names, PROFILE)
    one = sample_profile((1e-6, 2e-6, 3e-4), make_grouping("paper", 1))
    for learner in (model, with_adapter(model, "lora")):
        rates = rate_of_each(learner, one)
        assert {rate for name, rate in rates.items() if "albert_layer_groups" in name} == {2e-6}


def test_what_cannot_be_placed_is_named_with_the_heads_that_were_named() -> None:
    model = TimmStyle(head="fc")
    model.extra = nn.Linear(32, 2)
    with pytest.raises(UsageError, match=r"'fc.weight' .*name its module in head_names, such as"):
        param_groups(model, PROFILE)
    with pytest.raises(UsageError, match=r"'extra.weight' .*such as head_names=\('fc', 'extra'\)"):
        param_groups(model, PROFILE, head_names=("fc",))
    groups = param_groups(model, PROFILE, head_names=("fc", "extra"))
    assert [group["name"] for group in groups if len(group["params"]) == 4] == ["heads"]


def test_a_head_that_the_model_has_not_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"no module named 'clasifier', which head_names has; .*'classifier'"
    ):
        param_groups(classifier("bert"), PROFILE, head_names=("clasifier",))
