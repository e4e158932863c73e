"""The published profile on real architectures of other depths, of their true shapes."""

import math

import pytest
import torch
import transformers as hf

from engine.profiles import (
    Backbone,
    count_layers,
    make_grouping,
    param_groups,
    published_profile,
    transfer,
)

SHAPES: dict[str, tuple[hf.PreTrainedConfig, int]] = {
    "distilbert": (hf.DistilBertConfig(), 6),
    "bert-large": (
        hf.BertConfig(
            hidden_size=1024,
            num_hidden_layers=24,
            num_attention_heads=16,
            intermediate_size=4096,
        ),
        24,
    ),
    "roberta-base": (
        hf.RobertaConfig(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1),
        12,
    ),
    "gpt2": (hf.GPT2Config(pad_token_id=0), 12),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_parameter_has_a_rate_by_its_relative_depth(name: str) -> None:
    config, layers = SHAPES[name]
    with torch.device("meta"):
        model = hf.AutoModelForSequenceClassification.from_config(config)
    assert count_layers(n for n, _ in model.named_parameters()) == layers
    published = published_profile()
    moved = transfer(published, Backbone(name, layers=layers, hidden=config.hidden_size))
    groups = param_groups(model, moved)
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    assert len({id(p) for group in groups for p in group["params"]}) == len(
        list(model.parameters())
    )
    assert [group["lr"] for group in groups] == list(moved.learning_rates)
    assert moved.learning_rates[0] == published.learning_rates[0]
    assert moved.learning_rates[-1] == published.learning_rates[-1]
    encoder = published.learning_rates[1:-1]
    low, high = min(encoder) * (1 - 1e-9), max(encoder) * (1 + 1e-9)
    assert all(low <= rate <= high for rate in moved.learning_rates[1:-1])


def test_twelve_layers_to_six_and_back_keeps_the_course() -> None:
    published = published_profile()
    six = transfer(published, Backbone("six", layers=6, hidden=768))
    assert six.grouping == make_grouping("original-code", 6)
    back = transfer(six, Backbone("twelve", layers=12, hidden=768))
    assert back.grouping == published.grouping
    folds = [
        abs(math.log(there / here))
        for there, here in zip(back.learning_rates, published.learning_rates, strict=True)
    ]
    assert max(folds) < math.log(2), "half the depth smooths, it does not shift"
