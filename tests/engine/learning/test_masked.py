from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

from engine.errors import UsageError
from engine.learning.backbone import load_backbone
from engine.learning.device import pick_device
from engine.learning.fisher import masked_fisher
from engine.learning.masked import (
    MaskedText,
    Tied,
    load_masked_model,
    mask_texts,
    require_mask,
)
from engine.learning.vocabulary import among_kept_tokens, keep_tokens
from engine.tasks.encoded import load_tokenizer

TEXTS = [
    f"the {mood} {place} and the old road to the {mood} house"
    for mood in ("bright", "dull", "warm")
    for place in ("city", "river", "moon")
]
CPU = pick_device("cpu", "fp32")


@pytest.fixture(scope="module")
def text_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "plain.txt"
    path.write_text("\n".join(TEXTS), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def masked(backbone: Path) -> list[MaskedText]:
    tokenizer = load_tokenizer(str(backbone))
    mask = require_mask(tokenizer, str(backbone))
    return mask_texts(TEXTS, tokenizer, mask, max_length=64)


def test_some_tokens_are_hidden_but_never_special_ones(
    backbone: Path, masked: list[MaskedText]
) -> None:
    tokenizer = load_tokenizer(str(backbone))
    for text, found in zip(TEXTS, masked, strict=True):
        whole = tokenizer(text)["input_ids"]
        shown = found.input_ids[0].clone()
        assert (shown[found.places] == tokenizer.mask_token_id).all()
        assert len(found.places) == round(0.15 * (len(whole) - 2))
        shown[found.places] = found.hidden
        assert shown.tolist() == whole
        assert not {0, len(whole) - 1} & set(found.places.tolist())


def test_a_head_that_is_missing_is_fitted_and_the_backbone_stays(
    backbone: Path, masked: list[MaskedText]
) -> None:
    before = load_backbone(str(backbone)).module.state_dict()
    fitted = load_masked_model(str(backbone), masked, torch.device("cpu"))
    assert isinstance(fitted, Tied)
    torch.manual_seed(0)
    raw = Tied(load_backbone(str(backbone)).module).eval()

    def loss(model: Tied) -> float:
        with torch.no_grad():
            losses = [torch.nn.functional.cross_entropy(model(t), t.hidden) for t in masked]
        return float(torch.stack(losses).mean())

    assert loss(fitted) < loss(raw)
    after = fitted.backbone.state_dict()
    assert all(after[name].equal(value) for name, value in before.items())


def test_a_head_that_was_pretrained_is_used(
    backbone: Path, masked: list[MaskedText], tmp_path: Path
) -> None:
    config = BertConfig.from_pretrained(backbone)
    whole = BertForMaskedLM(config).eval()
    whole.save_pretrained(tmp_path)
    loaded = load_masked_model(str(tmp_path), masked, torch.device("cpu"))
    assert not isinstance(loaded, Tied)
    text = masked[0]
    with torch.no_grad():
        expected = whole(text.input_ids).logits[0, text.places]
        torch.testing.assert_close(loaded(text), expected)
    assert dict(loaded.backbone.named_parameters()).keys() == {
        name.removeprefix("bert.") for name, _ in whole.bert.named_parameters()
    }


def test_fisher_is_of_every_weight_and_kept_on_disk(
    backbone: Path, text_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path))
    fisher = masked_fisher(str(backbone), str(text_file), 6, CPU)
    weights = dict(load_backbone(str(backbone)).module.named_parameters())
    assert {name: value.shape for name, value in fisher.items()} == {
        name: weight.shape for name, weight in weights.items()
    }
    assert all((value >= 0).all() for value in fisher.values())
    assert fisher["encoder.layer.1.output.dense.weight"].sum() > 0
    (file,) = (tmp_path / "fisher").iterdir()
    made = file.stat().st_mtime_ns
    again = masked_fisher(str(backbone), str(text_file), 6, CPU)
    assert all(again[name].equal(fisher[name]) for name in fisher)
    assert file.stat().st_mtime_ns == made
    masked_fisher(str(backbone), str(text_file), 5, CPU)
    assert len(list((tmp_path / "fisher").iterdir())) == 2


def test_fisher_of_kept_tokens(backbone: Path) -> None:
    module = load_backbone(str(backbone)).module
    name = "embeddings.word_embeddings.weight"
    whole = {key: torch.rand_like(weight) for key, weight in module.named_parameters()}
    keep_tokens(module, np.array([0, 3, 7]))
    found = among_kept_tokens(module, whole)
    assert found[name].equal(whole[name][[0, 3, 7]])
    assert all(found[key] is whole[key] for key in whole if key != name)


def test_a_tokenizer_without_a_mask(backbone: Path) -> None:
    tokenizer = load_tokenizer(str(backbone))
    tokenizer.mask_token = None
    with pytest.raises(UsageError, match=r"'gpt' was not pretrained by masking .* use method ewc"):
        require_mask(tokenizer, "gpt")
