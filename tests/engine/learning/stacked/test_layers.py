"""A stacked backbone gives each trial the states and gradients of its own backbone."""

import pytest
import torch
import transformers as hf
from torch import Tensor, nn

from engine.errors import UsageError
from engine.learning.backbone import Backbone, first_token
from engine.learning.packed.dropout import row_masks
from engine.learning.packed.rows import is_plain_encoder, pack_rows
from engine.learning.stacked.batch import first_states
from engine.learning.stacked.layers import drop_row_by_row, stacked_backbone
from tests.engine.learning.test_packed import PACKED, PADDED

TRIALS, ROWS = 3, 4
LENGTHS = ((5, 9, 5, 2), (4, 4, 1, 3), (9, 6, 7, 8))
"""Of each trial's rows; one of a single token."""


def _backbones(kind: str) -> list[hf.PreTrainedModel]:
    torch.manual_seed(0)
    return [hf.AutoModel.from_config(PACKED[kind]()).eval() for _ in range(TRIALS)]


def _together(backbones: list[hf.PreTrainedModel]) -> dict[str, nn.Parameter]:
    each = [dict(backbone.named_parameters()) for backbone in backbones]
    return {
        name: nn.Parameter(torch.stack([weights[name].detach() for weights in each]))
        for name in each[0]
    }


def _inputs(padding: int) -> dict[str, Tensor]:
    lengths = torch.tensor(LENGTHS).flatten()
    there = torch.arange(int(lengths.max())) < lengths[:, None]
    tokens = torch.randint(5, 40, there.shape).where(there, padding)
    return {"input_ids": tokens, "attention_mask": there.long()}


@pytest.mark.parametrize("kind", PACKED)
def test_states_and_gradients_are_those_of_each_alone(kind: str) -> None:
    backbones = _backbones(kind)
    weights = _together(backbones)
    inputs = _inputs(backbones[0].config.pad_token_id or 0)
    before = {id(parameter) for parameter in backbones[0].parameters()}
    stacked = stacked_backbone(backbones[0], weights)
    assert drop_row_by_row(stacked) is None
    states = first_states(stacked, inputs)
    states.square().sum().backward()
    assert {id(parameter) for parameter in backbones[0].parameters()} == before
    for trial, backbone in enumerate(backbones):
        rows = slice(trial * ROWS, (trial + 1) * ROWS)
        own = backbone(**{name: values[rows] for name, values in inputs.items()})
        expected = own.last_hidden_state[:, 0]
        expected.square().sum().backward()
        assert torch.allclose(states[rows], expected, atol=1e-5)
        for name, parameter in backbone.named_parameters():
            if parameter.grad is not None:
                found = weights[name].grad
                assert found is not None, name
                assert torch.allclose(found[trial], parameter.grad, atol=1e-4), name


@pytest.mark.parametrize("kind", PACKED)
def test_on_a_cpu_each_row_drops_what_it_drops_alone(kind: str) -> None:
    config = PACKED[kind]()
    inputs = _inputs(config.pad_token_id or 0)
    packed = [
        pack_rows(Backbone(module, n_layers=2, hidden_size=32, summarise=first_token, dropout=0.1))
        for module in _backbones(kind)
    ]
    stacked = stacked_backbone(
        packed[0].module, _together([backbone.module for backbone in packed])
    ).train()
    masks = drop_row_by_row(stacked)
    assert masks is not None
    keys = [(trial, row) for trial in range(TRIALS) for row in range(ROWS)]
    masks.begin_batch(keys, inputs["attention_mask"])
    states = first_states(stacked, inputs, masks)
    for trial, backbone in enumerate(packed):
        rows = slice(trial * ROWS, (trial + 1) * ROWS)
        own = row_masks(backbone.module)
        assert own is not None
        own.begin((trial,), range(ROWS))
        alone = {name: values[rows] for name, values in inputs.items()}
        expected = backbone.summarise(backbone.module.train(), alone)
        assert torch.allclose(states[rows], expected, atol=1e-5)


@pytest.mark.parametrize("kind", PADDED)
def test_other_architectures_are_not_among_those_that_are_stacked(kind: str) -> None:
    assert not is_plain_encoder(PADDED[kind]())


def test_a_part_that_is_not_known_is_refused_by_name() -> None:
    backbone = hf.AutoModel.from_config(PADDED["convbert"]())
    weights = {name: nn.Parameter(value[None]) for name, value in backbone.named_parameters()}
    with pytest.raises(UsageError, match=r"has weights that are not learnt for several trials"):
        stacked_backbone(backbone, weights)
