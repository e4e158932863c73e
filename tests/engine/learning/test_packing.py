"""Rows laid end to end give what padded rows give."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers as hf
from torch import Tensor

from engine.learning.backbone import Backbone, first_token, last_token, load_backbone
from engine.learning.lean import pack_rows
from tests.engine.learning.asking import Ask, learn

SIZES = {
    "vocab_size": 40,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 40,
}
FROM_BEHIND_PADDING = {"pad_token_id": 1}
PACKED: dict[str, Callable[[], hf.PreTrainedConfig]] = {
    "albert": lambda: hf.AlbertConfig(**SIZES, embedding_size=16),
    "bert": lambda: hf.BertConfig(**SIZES),
    "camembert": lambda: hf.CamembertConfig(**SIZES, **FROM_BEHIND_PADDING),
    "distilbert": lambda: hf.DistilBertConfig(
        vocab_size=40, dim=32, n_layers=2, n_heads=2, hidden_dim=48
    ),
    "electra": lambda: hf.ElectraConfig(**SIZES, embedding_size=16),
    "ernie": lambda: hf.ErnieConfig(**SIZES),
    "roberta": lambda: hf.RobertaConfig(**SIZES, **FROM_BEHIND_PADDING),
    "xlm-roberta": lambda: hf.XLMRobertaConfig(**SIZES, **FROM_BEHIND_PADDING),
}
PADDED: dict[str, Callable[[], hf.PreTrainedConfig]] = {
    "bert as a decoder": lambda: hf.BertConfig(**SIZES, is_decoder=True),
    "convbert": lambda: hf.ConvBertConfig(**SIZES),
    "mpnet": lambda: hf.MPNetConfig(**SIZES),
}


def _backbone(config: hf.PreTrainedConfig) -> Backbone:
    torch.manual_seed(0)
    module = hf.AutoModel.from_config(config).eval()
    return Backbone(module=module, n_layers=2, hidden_size=32, summarise=first_token, dropout=0.0)


def _inputs(lengths: list[int], padding: int) -> dict[str, Tensor]:
    tokens = torch.randint(5, 40, (len(lengths), max(lengths)), generator=_generator())
    there = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return {"input_ids": tokens.where(there, padding), "attention_mask": there.long()}


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def _summaries_and_gradients(
    backbone: Backbone, inputs: dict[str, Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    summaries = backbone.summarise(backbone.module, inputs)
    backbone.module.zero_grad()
    (summaries * torch.randn(summaries.shape, generator=_generator())).sum().backward()
    parameters = backbone.module.named_parameters()
    return summaries.detach(), {
        name: value.grad.clone() for name, value in parameters if value.grad is not None
    }


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("lengths", [[5, 9, 5, 2, 7, 9, 1], [4, 4], [6]])
def test_same_states_and_gradients_as_padded(kind: str, lengths: list[int]) -> None:
    config = PACKED[kind]()
    inputs = _inputs(lengths, config.pad_token_id or 0)
    padded, gradients = _summaries_and_gradients(_backbone(config), inputs)
    packed_backbone = pack_rows(_backbone(config))
    assert packed_backbone.summarise is not first_token
    packed, packed_gradients = _summaries_and_gradients(packed_backbone, inputs)
    assert torch.allclose(packed, padded, atol=1e-5)
    assert packed_gradients.keys() == gradients.keys()
    for name, gradient in gradients.items():
        assert torch.allclose(packed_gradients[name], gradient, atol=1e-4), name


def test_token_types_are_packed_too(backbone: Path) -> None:
    inputs = _inputs([3, 6, 4], 0)
    inputs["token_type_ids"] = (torch.arange(6) > 2).long() * inputs["attention_mask"]
    padded = load_backbone(str(backbone))
    packed = pack_rows(load_backbone(str(backbone)))
    padded.module.eval()
    packed.module.eval()
    with torch.no_grad():
        expected = padded.summarise(padded.module, inputs)
        assert torch.allclose(packed.summarise(packed.module, inputs), expected, atol=1e-5)
        inputs["token_type_ids"].zero_()
        assert not torch.allclose(packed.summarise(packed.module, inputs), expected, atol=1e-2)


def test_no_row_sees_another(backbone: Path) -> None:
    packed = pack_rows(load_backbone(str(backbone)))
    packed.module.eval()
    inputs = _inputs([5, 3, 5], 0)
    with torch.no_grad():
        before = packed.summarise(packed.module, inputs)
        inputs["input_ids"][2, 1:] = 7
        after = packed.summarise(packed.module, inputs)
    assert torch.allclose(before[:2], after[:2], atol=1e-6)
    assert not torch.allclose(before[2], after[2], atol=1e-2)


@pytest.mark.parametrize("kind", PADDED)
def test_other_architectures_stay_as_they_are(kind: str) -> None:
    backbone = _backbone(PADDED[kind]())
    assert pack_rows(backbone) is backbone


def test_decoders_stay_as_they_are() -> None:
    config = hf.GPT2Config(vocab_size=40, n_positions=40, n_embd=32, n_layer=2, n_head=2)
    module = hf.AutoModel.from_config(config)
    backbone = Backbone(
        module=module, n_layers=2, hidden_size=32, summarise=last_token, dropout=0.0
    )
    assert pack_rows(backbone) is backbone


def test_a_run_on_a_cpu_is_packed(ask: Ask) -> None:
    learner, _ = learn(ask(epochs=1))
    assert learner.model.summarise is not first_token
