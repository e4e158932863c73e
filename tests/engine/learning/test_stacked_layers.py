"""A stacked backbone gives each trial the states and gradients of its own backbone."""

import pytest
import torch
import transformers as hf
from torch import Tensor, nn

from engine.errors import UsageError
from engine.learning.lean import is_plain_encoder
from engine.learning.stacked_layers import first_states, stacked_backbone
from tests.engine.learning.test_lean import PACKED, PADDED

TRIALS, ROWS = 3, 4
LENGTHS = ((5, 9, 5, 2), (4, 4, 1, 3), (9, 6, 7, 8))
"""Of each trial's rows; one of a single token."""


def _backbones(kind: str) -> list[hf.PreTrainedModel]:
    torch.manual_seed(0)
    return [hf.AutoModel.from_config(PACKED[kind]()).eval() for _ in range(TRIALS)]


def _inputs(padding: int) -> dict[str, Tensor]:
    lengths = torch.tensor(LENGTHS).flatten()
    there = torch.arange(int(lengths.max())) < lengths[:, None]
    tokens = torch.randint(5, 40, there.shape).where(there, padding)
    return {"input_ids": tokens, "attention_mask": there.long()}


@pytest.mark.parametrize("kind", PACKED)
def test_states_and_gradients_are_those_of_each_alone(kind: str) -> None:
    backbones = _backbones(kind)
    names = dict(backbones[0].named_parameters())
    weights = {
        name: nn.Parameter(torch.stack([dict(one.named_parameters())[name] for one in backbones]))
        for name in names
    }
    inputs = _inputs(backbones[0].config.pad_token_id or 0)
    before = {id(parameter) for parameter in backbones[0].parameters()}
    stacked = stacked_backbone(backbones[0], weights)
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


@pytest.mark.parametrize("kind", PADDED)
def test_other_architectures_are_not_among_those_that_are_stacked(kind: str) -> None:
    assert not is_plain_encoder(PADDED[kind]())


def test_a_part_that_is_not_known_is_refused_by_name() -> None:
    backbone = hf.AutoModel.from_config(PADDED["convbert"]())
    weights = {name: nn.Parameter(value[None]) for name, value in backbone.named_parameters()}
    with pytest.raises(UsageError, match=r"has weights that are not learnt for several trials"):
        stacked_backbone(backbone, weights)
