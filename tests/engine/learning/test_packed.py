"""Rows laid end to end, and a vocabulary of the tokens that occur, change no result."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as hf
from torch import Tensor
from torch.nn import functional

from engine.learning.backbone import Backbone, first_token, last_token, load_backbone
from engine.learning.learner import SequenceLearner
from engine.learning.methods import make_method
from engine.learning.model import SequenceModel
from engine.learning.packed.dropout import RowMasks, row_masks
from engine.learning.packed.rows import late_parts, look_at_no_mask, pack_rows
from engine.learning.prepare import prepare
from engine.learning.vocabulary import keep_tokens, used_tokens
from engine.tasks.encoded import Encoded
from tests.engine.learning.asking import Ask, learn, losses, same_weights, weights

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


@pytest.mark.parametrize("kind", PACKED)
def test_a_mask_that_is_not_looked_at_hides_the_same(kind: str) -> None:
    config = PACKED[kind]()
    backbone = _backbone(config)
    unlooked = look_at_no_mask(backbone)
    for lengths in ([5, 9, 5, 2], [4, 4]):
        inputs = _inputs(lengths, config.pad_token_id or 0)
        expected = backbone.summarise(backbone.module, inputs)
        assert torch.allclose(unlooked.summarise(unlooked.module, inputs), expected, atol=1e-5)


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


@pytest.mark.parametrize("kind", PACKED)
def test_what_a_row_drops_is_its_own(kind: str) -> None:
    config = PACKED[kind]()
    config.update({name: 0.3 for name in vars(config) if "dropout" in name and "class" not in name})
    lengths, numbers = [5, 9, 5, 2, 7], [30, 10, 20, 50, 40]
    inputs = _inputs(lengths, config.pad_token_id or 0)
    backbone = pack_rows(_backbone(config))
    backbone.module.train()
    masks = row_masks(backbone.module)
    assert masks is not None
    masks.begin((1, 2), numbers)
    together, gradients = _summaries_and_gradients(backbone, inputs)
    masks.begin((1, 3), numbers)
    assert not torch.allclose(_summaries_and_gradients(backbone, inputs)[0], together, atol=1e-2)

    backbone.module.zero_grad()
    pull = torch.randn(together.shape, generator=_generator())
    for row in (4, 0, 3, 1, 2):
        masks.begin((1, 2), [numbers[row]])
        alone = backbone.summarise(
            backbone.module,
            {name: values[row : row + 1, : lengths[row]] for name, values in inputs.items()},
        )
        assert torch.allclose(alone[0], together[row], atol=1e-5)
        (alone[0] * pull[row]).sum().backward()
    for name, parameter in backbone.module.named_parameters():
        if name in gradients:
            assert torch.allclose(parameter.grad, gradients[name], atol=1e-4), name


@pytest.mark.parametrize("kind", PACKED)
def test_nothing_is_lost_by_asking_the_last_layer_for_what_is_read_alone(kind: str) -> None:
    config = PACKED[kind]()
    config.update({name: 0.3 for name in vars(config) if "dropout" in name and "class" not in name})
    inputs = _inputs([5, 9, 5, 2], config.pad_token_id or 0)
    backbone = pack_rows(_backbone(config))
    masks = row_masks(backbone.module)
    assert masks is not None
    late, tokens = late_parts(backbone.module), []
    parts = () if late is None else late.behind
    for part in parts:
        part.register_forward_hook(lambda *call: tokens.append(call[2].shape[1]))
    found, drawn = [], []
    for reads_early in (late is not None, False):
        summarise = replace(backbone.summarise, reads_early=reads_early)  # type: ignore[type-var]
        backbone.module.train()
        masks.begin((1, 2), [30, 10, 20, 50])
        found.append(_summaries_and_gradients(replace(backbone, summarise=summarise), inputs))
        drawn.append(masks.of_rows(8, 0.5))
    (early, gradients), (whole, expected) = found
    assert torch.allclose(early, whole, atol=1e-6)
    assert all(torch.allclose(gradients[name], expected[name], atol=1e-5) for name in expected)
    assert drawn[0].equal(drawn[1]), "the streams went on as far"
    assert tokens == [4] * len(parts) + [21] * len(parts)


def test_so_many_are_dropped_as_is_asked() -> None:
    masks = RowMasks()
    masks.begin((0,), [4, 2])
    masks.lay_out([1, 0], [300, 200])
    kept = masks.of_tokens(100, 0.3)
    assert kept.shape == (50_000,)
    assert kept.unique().tolist() == pytest.approx([0.0, 1 / 0.7], abs=1e-4)
    assert float(kept.mean()) == pytest.approx(1.0, abs=0.02)
    assert float((kept[1:] * kept[:-1]).mean()) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_attention_that_drops(dtype: torch.dtype) -> None:
    """As its definition says: what is looked at is dropped after the softmax."""
    pack_rows(_backbone(PACKED["bert"]()))
    attend = hf.AttentionInterface()["bertcl_within_rows"]
    lengths = [6, 4, 4, 1]
    states = [
        torch.randn(1, 15, 2, 8, generator=_generator(), requires_grad=True) for _ in range(3)
    ]
    masks = RowMasks()
    masks.lay_out([2, 0, 1, 3], lengths)
    masks.begin((5,), [0, 1, 2, 3])
    query, key, value = (part.transpose(1, 2).to(dtype) for part in states)
    runs = [(1, 6), (2, 4), (1, 1)]
    found, _ = attend(None, query, key, value, None, row_runs=runs, row_masks=masks, dropout=0.4)

    masks.begin((5,), [0, 1, 2, 3])
    kept = masks.of_looks(2, 0.4)
    rows = []
    for length in lengths:
        first = sum(len(row) for row in rows)
        q, k, v = (part[0, first : first + length].transpose(0, 1) for part in states)
        keep, kept = kept[: 2 * length**2].view(2, length, length), kept[2 * length**2 :]
        looks = functional.softmax(q @ k.transpose(1, 2) / 8**0.5, dim=-1) * keep
        rows.append((looks @ v).transpose(0, 1))
    expected = torch.cat(rows)[None]
    close = 1e-5 if dtype is torch.float32 else 0.1
    assert torch.allclose(found.float(), expected, atol=close)
    pull = torch.randn(expected.shape, generator=_generator())
    ours = torch.autograd.grad((found.float() * pull).sum(), states)
    theirs = torch.autograd.grad((expected * pull).sum(), states)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=close)


@pytest.mark.parametrize("kind", PADDED)
def test_other_architectures_stay_as_they_are(kind: str) -> None:
    backbone = _backbone(PADDED[kind]())
    assert pack_rows(backbone) is backbone
    assert look_at_no_mask(backbone) is backbone


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
