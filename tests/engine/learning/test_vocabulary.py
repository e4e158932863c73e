"""Only tokens that occur have embeddings, and nothing else changes."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as hf

from engine.learning.backbone import load_backbone
from engine.learning.lean import keep_tokens, pack_rows, used_tokens
from engine.learning.learner import SequenceLearner
from engine.learning.methods import make_method
from engine.learning.model import SequenceModel
from engine.learning.prepare import prepare
from engine.tasks.encoded import Encoded
from tests.engine.learning.asking import Ask, losses, same_weights, weights

TABLE = "backbone.embeddings.word_embeddings.weight"


def _encoded(*rows: list[int], padding: int = 0) -> Encoded:
    lengths = [0, *map(len, rows)]
    return Encoded(
        input_ids=np.array([token for row in rows for token in row], np.int32),
        token_type_ids=None,
        offsets=np.cumsum(lengths),
        labels=np.zeros(len(rows), np.int64),
        padding=padding,
    )


def test_used_tokens() -> None:
    parts = [_encoded([7, 3, 7], [3]), _encoded([11]), _encoded([5], padding=20)]
    assert used_tokens(iter(parts)).tolist() == [0, 3, 5, 7, 11, 20]


def test_learning_is_the_same_to_the_last_bit(ask: Ask, backbone: Path) -> None:
    lean = prepare(ask())
    whole_model = SequenceModel(pack_rows(load_backbone(str(backbone))), [2, 3], seed=0)
    whole = SequenceLearner(lean.setup, whole_model, make_method(ask()))
    pretrained = whole.model.state_dict()[TABLE].clone()
    assert losses(list(lean.events())) == losses(list(whole.events()))
    assert lean.validation_matrix == whole.validation_matrix

    tokens = used_tokens(part for task in lean.setup.tasks for part in task.parts())
    learnt, learnt_lean = weights(whole), weights(lean)
    table, lean_table = learnt.pop(TABLE), learnt_lean.pop(TABLE)
    assert same_weights(learnt, learnt_lean)
    assert len(lean_table) == len(tokens) < len(table)
    assert lean_table.equal(table[tokens])
    table[tokens] = pretrained[tokens]
    assert table.equal(pretrained)


def test_tokens_keep_their_numbers(backbone: Path) -> None:
    module = load_backbone(str(backbone)).module
    whole = module.get_input_embeddings()
    keep_tokens(module, np.array([5, 9, 30]))
    lean = module.get_input_embeddings()
    assert lean(torch.tensor([[30, 5], [9, 9]])).equal(whole(torch.tensor([[30, 5], [9, 9]])))


def test_padding_is_kept_and_has_no_gradient(backbone: Path) -> None:
    module = load_backbone(str(backbone)).module
    padding = module.config.pad_token_id
    keep_tokens(module, np.array([5, 9]))
    table = module.get_input_embeddings()
    table(torch.tensor([padding, 5])).sum().backward()
    assert table.weight.grad.abs().sum(dim=1).tolist() == [0.0, 32.0, 0.0]


def test_a_token_that_was_dropped_is_an_error(backbone: Path) -> None:
    module = load_backbone(str(backbone)).module
    keep_tokens(module, np.array([5, 9]))
    with pytest.raises(IndexError):
        module.get_input_embeddings()(torch.tensor([6]))


def test_a_table_with_other_uses_stays_whole() -> None:
    config = hf.BertConfig(
        vocab_size=40,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=48,
    )
    model = hf.BertForMaskedLM(config)  # its output layer is its table
    keep_tokens(model, np.array([5, 9]))
    assert len(model.get_input_embeddings().weight) == 40
