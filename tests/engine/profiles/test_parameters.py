"""Every trainable parameter in exactly one group, for every way of naming them."""

import peft
import pytest
import torch
from torch import nn

from engine.errors import UsageError
from engine.profiles import (
    choice_of_parameters,
    count_layers,
    make_grouping,
    param_groups,
    published_profile,
)
from tests.engine.profiles.models import (
    CONFIGS,
    LAYERS,
    Held,
    TimmStyle,
    adapted_bert,
    bare,
    classifier,
)
from tests.engine.profiles.samples import sample_profile

GROUPING = make_grouping("paper", LAYERS)
EMBEDDINGS, LAST_LAYER, HEADS = 0, LAYERS, LAYERS + 1
RATES = (1e-6, 2e-6, 3e-6, 4e-6, 5e-4)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def choices(model: nn.Module, **options: tuple[str, ...]) -> dict[str, int]:
    return choice_of_parameters((name for name, _ in model.named_parameters()), GROUPING, **options)


def outside_layers(model: nn.Module) -> dict[str, int]:
    """Choices of modules that are in no numbered list, shortened to the modules' names."""
    return {
        name.removesuffix(".weight").removesuffix(".bias"): choice
        for name, choice in choices(model).items()
        if not any(part.isdecimal() for part in name.split("."))
    }


def assert_exact_cover(model: nn.Module) -> None:
    groups = param_groups(model, (GROUPING, RATES))
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    trainable = [id(parameter) for parameter in model.parameters() if parameter.requires_grad]
    assert sorted(grouped) == sorted(trainable)
    for group in groups:
        assert group["lr"] == RATES[group["choice"]]
        assert group["name"] == GROUPING.labels()[group["choice"]]


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_parameter_of_a_bare_backbone_is_in_one_group(kind: str) -> None:
    model = bare(kind)
    assert_exact_cover(model)
    assert set(choices(model).values()) == {0, 1, 2, 3}


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_parameter_of_a_classifier_is_in_one_group(kind: str) -> None:
    model = classifier(kind)
    assert_exact_cover(model)
    assert set(choices(model).values()) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("path", ["module", "_orig_mod", "base_model.model", "0.auto_model"])
def test_a_wrapper_changes_no_choice(kind: str, path: str) -> None:
    model = classifier(kind)
    wrapped = choices(Held(path, model))
    assert {f"{path}.{name}": choice for name, choice in choices(model).items()} == wrapped


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_layers_parameters_go_with_the_layer(kind: str) -> None:
    for name, choice in choices(classifier(kind)).items():
        for marker in (".layer.", ".layers.", ".h."):
            if marker in name:
                assert choice == int(name.split(marker)[1].split(".")[0]) + 1, name


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("bert", {"bert.pooler.dense": LAST_LAYER, "classifier": HEADS}),
        ("roberta", {"classifier.dense": HEADS, "classifier.out_proj": HEADS}),
        ("distilbert", {"pre_classifier": HEADS, "classifier": HEADS}),
        ("electra", {"electra.embeddings_project": EMBEDDINGS, "classifier.dense": HEADS}),
        (
            "deberta-v2",
            {
                "deberta.encoder.rel_embeddings": EMBEDDINGS,
                "deberta.encoder.LayerNorm": EMBEDDINGS,
                "deberta.encoder.conv.conv": 1,
                "deberta.encoder.conv.LayerNorm": 1,
                "pooler.dense": HEADS,
                "classifier": HEADS,
            },
        ),
        (
            "mpnet",
            {"mpnet.encoder.relative_attention_bias": EMBEDDINGS, "classifier.out_proj": HEADS},
        ),
        (
            "gpt2",
            {
                "transformer.wte": EMBEDDINGS,
                "transformer.wpe": EMBEDDINGS,
                "transformer.ln_f": LAST_LAYER,
                "score": HEADS,
            },
        ),
        (
            "modernbert",
            {
                "model.embeddings.norm": EMBEDDINGS,
                "model.final_norm": LAST_LAYER,
                "head.dense": HEADS,
                "head.norm": HEADS,
                "classifier": HEADS,
            },
        ),
        (
            "opt",
            {
                "model.decoder.embed_tokens": EMBEDDINGS,
                "model.decoder.embed_positions": EMBEDDINGS,
                "model.decoder.project_in": EMBEDDINGS,
                "model.decoder.project_out": LAST_LAYER,
                "model.decoder.final_layer_norm": LAST_LAYER,
                "score": HEADS,
            },
        ),
        (
            "llama",
            {"model.embed_tokens": EMBEDDINGS, "model.norm": LAST_LAYER, "score": HEADS},
        ),
        (
            "vit",
            {
                "vit.embeddings.cls_token": EMBEDDINGS,
                "vit.embeddings.patch_embeddings.projection": EMBEDDINGS,
                "vit.layernorm": LAST_LAYER,
                "classifier": HEADS,
            },
        ),
    ],
)
def test_what_stands_outside_the_layers(kind: str, expected: dict[str, int]) -> None:
    found = outside_layers(classifier(kind))
    assert {module: found[module] for module in expected} == expected
    assert all(choice == EMBEDDINGS for module, choice in found.items() if ".embeddings." in module)


def test_peft_adapters_go_with_their_layer_and_saved_heads_with_the_heads() -> None:
    model = adapted_bert()
    assert_exact_cover(model)
    groups = param_groups(model, (GROUPING, RATES))
    assert [(group["name"], len(group["params"])) for group in groups] == [
        ("layer 1", 2),
        ("layer 2", 2),
        ("layer 3", 2),
        ("heads", 2),
    ]


@pytest.mark.parametrize(
    "config",
    [
        peft.PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=4),
        peft.PromptEncoderConfig(task_type="SEQ_CLS", num_virtual_tokens=4, encoder_hidden_size=16),
        peft.PrefixTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=4),
    ],
    ids=lambda config: config.peft_type.value,
)
def test_soft_prompts_stand_before_the_layers_and_learn_as_embeddings_do(
    config: peft.PeftConfig,
) -> None:
    model = peft.get_peft_model(classifier("bert"), config)
    assert_exact_cover(model)
    for group in param_groups(model, (GROUPING, RATES)):
        names = [
            name for name, value in model.named_parameters() for p in group["params"] if p is value
        ]
        assert group["name"] == ("embeddings" if "prompt" in names[0] else "heads")


def test_groups_keep_their_own_peak_under_a_scheduler_and_after_resuming() -> None:
    def at_work(model: nn.Module) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.LambdaLR]:
        optimizer = torch.optim.AdamW(param_groups(model, (GROUPING, RATES)))
        return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))

    optimizer, scheduler = at_work(classifier("bert"))
    optimizer.step()
    scheduler.step()
    assert [group["lr"] for group in optimizer.param_groups] == [rate / 2 for rate in RATES]
    resumed, scheduler_then = at_work(classifier("bert"))
    resumed.load_state_dict(optimizer.state_dict())
    scheduler_then.load_state_dict(scheduler.state_dict())
    resumed.step()
    scheduler_then.step()
    assert [group["lr"] for group in resumed.param_groups] == [rate / 3 for rate in RATES]
    frozen = classifier("bert")
    frozen.get_submodule("bert.embeddings").requires_grad_(requires_grad=False)
    with pytest.raises(ValueError, match="different number of parameter groups"):
        at_work(frozen)[0].load_state_dict(optimizer.state_dict())


def test_timm_style_models_keep_everything_at_the_top() -> None:
    model = TimmStyle()
    assert_exact_cover(model)
    assert outside_layers(model) == {
        "cls_token": EMBEDDINGS,
        "pos_embed": EMBEDDINGS,
        "patch_embed": EMBEDDINGS,
        "norm_pre": EMBEDDINGS,
        "norm": LAST_LAYER,
        "head": HEADS,
    }


def test_a_backbone_beside_one_head_per_task() -> None:
    model = nn.Module()
    model.backbone = bare("bert")
    model.heads = nn.ModuleDict({"sst2": nn.Linear(32, 2), "mnli": nn.Linear(32, 3)})
    assert_exact_cover(model)
    assert outside_layers(model)["heads.mnli"] == HEADS
    assert outside_layers(model)["backbone.pooler.dense"] == LAST_LAYER


def test_a_module_that_may_be_either_is_asked_about() -> None:
    model = TimmStyle(head="fc")
    with pytest.raises(UsageError, match=r"parameter 'fc.weight' is the backbone's or a head's; "):
        choices(model)
    assert choices(model, head_names=("fc",))["fc.weight"] == HEADS


def test_a_tied_parameter_counts_once_where_it_is_named_first() -> None:
    model = TimmStyle()
    model.decoder_norm = model.norm
    assert_exact_cover(model)


def test_frozen_parameters_are_left_out() -> None:
    model = classifier("bert")
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith("classifier")
    (group,) = param_groups(model, (GROUPING, RATES))
    assert (group["name"], group["choice"], group["lr"]) == ("heads", HEADS, 5e-4)
    model.requires_grad_(requires_grad=False)
    with pytest.raises(UsageError, match="no trainable parameter; unfreeze"):
        param_groups(model, (GROUPING, RATES))


def test_an_optimizer_moves_each_choice_at_its_own_rate() -> None:
    model = classifier("bert")
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimizer = torch.optim.SGD(param_groups(model, sample_profile(RATES, GROUPING)))
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    choice_of = choices(model)
    for name, parameter in model.named_parameters():
        step = (before[name] - parameter.detach()).double().mean().item()
        assert step == pytest.approx(RATES[choice_of[name]], rel=0.1), name


def test_another_depth_is_refused_with_the_way_out() -> None:
    with pytest.raises(UsageError, match="model has 3 layers but the profile has 12; transfer the"):
        param_groups(bare("bert"), published_profile())


def test_albert_has_one_layer_to_group() -> None:
    import transformers

    model = transformers.AlbertForSequenceClassification(
        transformers.AlbertConfig(
            vocab_size=40,
            embedding_size=16,
            hidden_size=32,
            num_hidden_layers=LAYERS,
            num_attention_heads=2,
            intermediate_size=48,
        )
    )
    names = [name for name, _ in model.named_parameters()]
    assert count_layers(names) == 1
    with pytest.raises(UsageError, match="shares weights among its layers and has 1 to group, but"):
        param_groups(model, (GROUPING, RATES))
    choice_of = choice_of_parameters(names, make_grouping("paper", 1))
    assert choice_of["albert.encoder.embedding_hidden_mapping_in.weight"] == 0
    assert choice_of["albert.pooler.weight"] == 1
    assert choice_of["classifier.weight"] == 2
    assert len(choice_of) == len(names)


def test_models_without_one_clear_stack_are_refused() -> None:
    import transformers

    with pytest.raises(UsageError, match="no repeated layers to group"):
        choices(nn.Linear(3, 3))
    both = transformers.T5Model(
        transformers.T5Config(vocab_size=40, d_model=32, d_kv=16, d_ff=48, num_layers=LAYERS)
    )
    with pytest.raises(UsageError, match=r"stacks of layers \(encoder.block and decoder.block\)"):
        choices(both)


def test_rates_that_do_not_fit_the_grouping_are_refused() -> None:
    with pytest.raises(UsageError, match="cannot group parameters: 2 learning rates for 5 choices"):
        param_groups(bare("bert"), (GROUPING, (1e-5, 1e-5)))
