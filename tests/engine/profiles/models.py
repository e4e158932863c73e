"""Tiny models with random weights, one of each kind that names its parameters in its own way."""

from collections.abc import Callable
from typing import Any

import torch
import transformers as hf
from torch import nn

LAYERS = 3

_BERT_LIKE: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 32,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 40,
}
_DECODER_IDS: dict[str, Any] = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}

CONFIGS: dict[str, Callable[[], hf.PreTrainedConfig]] = {
    "bert": lambda: hf.BertConfig(**_BERT_LIKE),
    "roberta": lambda: hf.RobertaConfig(**_BERT_LIKE),
    "distilbert": lambda: hf.DistilBertConfig(
        vocab_size=40, dim=32, n_layers=LAYERS, n_heads=2, hidden_dim=48
    ),
    "electra": lambda: hf.ElectraConfig(**_BERT_LIKE, embedding_size=16),
    "deberta-v2": lambda: hf.DebertaV2Config(
        **_BERT_LIKE,
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
        norm_rel_ebd="layer_norm",
        conv_kernel_size=3,
    ),
    "mpnet": lambda: hf.MPNetConfig(**_BERT_LIKE),
    "nomic-bert": lambda: hf.NomicBertConfig(**_BERT_LIKE, head_dim=16),
    "gpt2": lambda: hf.GPT2Config(
        vocab_size=40, n_positions=40, n_embd=32, n_layer=LAYERS, n_head=2, **_DECODER_IDS
    ),
    "modernbert": lambda: hf.ModernBertConfig(
        **_BERT_LIKE, **_DECODER_IDS, cls_token_id=1, sep_token_id=2
    ),
    "opt": lambda: hf.OPTConfig(
        vocab_size=40,
        hidden_size=32,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        ffn_dim=48,
        max_position_embeddings=40,
        word_embed_proj_dim=16,
        **_DECODER_IDS,
    ),
    "llama": lambda: hf.LlamaConfig(**_BERT_LIKE, **_DECODER_IDS),
    "qwen3": lambda: hf.Qwen3Config(
        **_BERT_LIKE, **_DECODER_IDS, num_key_value_heads=1, head_dim=16
    ),
    "gemma": lambda: hf.GemmaConfig(
        **_BERT_LIKE, **_DECODER_IDS, num_key_value_heads=1, head_dim=16
    ),
    "vit": lambda: hf.ViTConfig(
        hidden_size=32,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=48,
        image_size=8,
        patch_size=4,
    ),
}


def bare(kind: str) -> nn.Module:
    model: nn.Module = hf.AutoModel.from_config(CONFIGS[kind]())
    return model


def classifier(kind: str) -> nn.Module:
    auto = (
        hf.AutoModelForImageClassification
        if kind == "vit"
        else (hf.AutoModelForSequenceClassification)
    )
    model: nn.Module = auto.from_config(CONFIGS[kind]())
    return model


class Held(nn.Module):
    """Holds a module under any dotted path, as wrappers do."""

    def __init__(self, path: str, module: nn.Module) -> None:
        super().__init__()
        name, _, rest = path.partition(".")
        self.add_module(name, Held(rest, module) if rest else module)


class LowRank(nn.Module):
    """A frozen linear layer with a trainable low-rank update, named as PEFT names its parts."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base_layer = base.requires_grad_(requires_grad=False)
        self.lora_A = nn.ModuleDict({"default": nn.Linear(base.in_features, 2, bias=False)})
        self.lora_B = nn.ModuleDict({"default": nn.Linear(2, base.out_features, bias=False)})


class SavedModule(nn.Module):
    """A head that PEFT trains in full, beside its frozen original."""

    def __init__(self, original: nn.Module) -> None:
        super().__init__()
        self.original_module = original.requires_grad_(requires_grad=False)
        self.modules_to_save = nn.ModuleDict({"default": nn.Linear(32, 2)})


def adapted_bert() -> nn.Module:
    """Return a BERT classifier as PEFT wraps it, with LoRA on every query."""
    model: Any = classifier("bert").requires_grad_(requires_grad=False)
    for layer in model.bert.encoder.layer:
        layer.attention.self.query = LowRank(layer.attention.self.query)
    model.classifier = SavedModule(model.classifier)
    return Held("base_model.model", model)


class TimmStyle(nn.Module):
    """A vision transformer that keeps everything, its head too, at the top level."""

    def __init__(self, head: str = "head") -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 32))
        self.pos_embed = nn.Parameter(torch.zeros(1, 5, 32))
        self.patch_embed = nn.Conv2d(3, 32, 4)
        self.norm_pre = nn.LayerNorm(32)
        self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(32, 2, 48) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(32)
        self.add_module(head, nn.Linear(32, 2))
