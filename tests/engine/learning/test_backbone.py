"""Backbones other than BERT, and folders that hold no whole one."""

import json
import shutil
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest
import torch
import transformers as hf
from msgspec import Struct
from msgspec.structs import replace
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from engine.errors import UsageError
from engine.learning.backbone import (
    BackboneShape,
    backbone_shape,
    first_token,
    last_token,
    load_backbone,
)
from engine.learning.masked import load_masked_model
from engine.learning.model import SequenceModel, make_optimizer
from engine.learning.prepare import prepare
from engine.profiles.grouping import make_grouping
from engine.spec import RunSpec
from engine.tasks.encoded import load_tokenizer
from engine.tasks.models import Shape, backbone_of, stated_shape
from engine.work.answers import answer
from engine.work.ask import CheckRuns, Remark
from tests.engine.learning.asking import Ask, learn
from tests.tiny import ANSWERS, FILLERS, MOODS, tiny_tasks

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (*SPECIAL, *FILLERS, *chain(*MOODS, *ANSWERS))
VOCABULARY = {word: index for index, word in enumerate(WORDS)}


def _gpt2(folder: Path) -> None:
    config = hf.GPT2Config(
        vocab_size=len(WORDS),
        n_positions=64,
        n_embd=32,
        n_layer=2,
        n_head=2,
        initializer_range=0.1,
        bos_token_id=2,
        eos_token_id=3,
    )
    hf.GPT2Model(config).save_pretrained(folder)
    words = Tokenizer(WordLevel(VOCABULARY, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    hf.PreTrainedTokenizerFast(
        tokenizer_object=words,
        unk_token="[UNK]",
        eos_token="[SEP]",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(folder)


def _distilbert(folder: Path) -> None:
    config = hf.DistilBertConfig(
        vocab_size=len(WORDS),
        dim=32,
        n_layers=2,
        n_heads=2,
        hidden_dim=64,
        max_position_embeddings=64,
        initializer_range=0.1,
    )
    hf.DistilBertModel(config).save_pretrained(folder)
    hf.DistilBertTokenizer(
        vocab=VOCABULARY, model_input_names=["input_ids", "attention_mask"]
    ).save_pretrained(folder)


_SMALL: dict[str, int] = {
    "vocab_size": len(WORDS),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
KINDS = {
    "bert": hf.BertConfig(**_SMALL),
    "roberta": hf.RobertaConfig(**_SMALL, max_position_embeddings=18),
    "electra": hf.ElectraConfig(**_SMALL, embedding_size=16),
    "deberta": hf.DebertaV2Config(**_SMALL, relative_attention=True, pos_att_type=["p2c", "c2p"]),
    "modernbert": hf.ModernBertConfig(**_SMALL, pad_token_id=0, bos_token_id=2, eos_token_id=3),
    "albert": hf.AlbertConfig(**_SMALL, embedding_size=16),
    "gpt2": hf.GPT2Config(vocab_size=len(WORDS), n_embd=32, n_layer=2, n_head=2),
    "distilbert": hf.DistilBertConfig(
        vocab_size=len(WORDS), dim=32, n_layers=2, n_heads=2, hidden_dim=64
    ),
}


def _masked(model: str) -> object:
    return load_masked_model(model, (), torch.device("cpu"))


MAKERS: dict[str, Callable[[Path], None]] = {"gpt2": _gpt2, "distilbert": _distilbert}


@pytest.fixture(scope="module", params=MAKERS)
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    folder = tmp_path_factory.mktemp(request.param)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        MAKERS[request.param](folder)
    return Ask(tiny_tasks(folder / "tasks", train_rows=192, validation_rows=64), folder)


def test_learns_both_tasks(other: Ask) -> None:
    learner, _ = learn(other(("mood", "agree"), epochs=3, measures_per_epoch=1, lr=5e-3))
    assert learner.validation_matrix.rows[0][0] > 0.75
    assert learner.validation_matrix.p_s > 0.75


def test_has_no_token_types(other: Ask) -> None:
    setup = prepare(other(("mood", "agree"))).setup
    assert setup.tasks[1].train.token_type_ids is None


def test_where_a_row_is_read_off(other: Ask) -> None:
    backbone = load_backbone(str(other.model))
    expected = last_token if backbone.module.config.model_type == "gpt2" else first_token
    assert backbone.summarise is expected


def test_summary_of_the_last_token_does_not_depend_on_padding() -> None:
    config = hf.GPT2Config(vocab_size=20, n_positions=16, n_embd=32, n_layer=2, n_head=2)
    module = hf.GPT2Model(config).eval()
    tokens, mask = torch.tensor([[4, 5, 6, 0, 0]]), torch.tensor([[1, 1, 1, 0, 0]])
    with torch.no_grad():
        padded = last_token(module, {"input_ids": tokens, "attention_mask": mask})
        alone = module(input_ids=tokens[:, :3]).last_hidden_state[:, 2]
    assert torch.allclose(padded, alone, atol=1e-5)


def test_bert_has_token_types_and_is_read_off_at_its_first_token(ask: Ask) -> None:
    learner = prepare(ask(("mood", "agree")))
    types = learner.setup.tasks[1].train.token_type_ids
    assert types is not None
    assert set(types.tolist()) == {0, 1}
    assert load_backbone(str(ask.model)).summarise is first_token


def test_shape(backbone: Path) -> None:
    assert backbone_shape(str(backbone)) == BackboneShape(
        n_layers=2, hidden_size=32, longest_input=256
    )


def test_roberta_counts_positions_from_behind_its_padding(tmp_path: Path) -> None:
    hf.RobertaConfig(num_hidden_layers=3, max_position_embeddings=514).save_pretrained(tmp_path)
    assert backbone_shape(str(tmp_path)).longest_input == 512


def test_positions_without_an_end(tmp_path: Path) -> None:
    hf.XLNetConfig(d_model=32, n_layer=2, n_head=2, d_inner=48).save_pretrained(tmp_path)
    assert backbone_shape(str(tmp_path)).longest_input == sys.maxsize


@pytest.mark.parametrize("groups", [1, 2])
def test_albert_has_as_many_layers_to_group_as_sets_of_weights(tmp_path: Path, groups: int) -> None:
    _albert(tmp_path, num_hidden_layers=12, num_hidden_groups=groups)
    shape = backbone_shape(str(tmp_path))
    assert (shape.n_layers, shape.hidden_size) == (groups, 32)
    assert load_backbone(str(tmp_path)).n_layers == groups
    assert stated_shape(str(tmp_path)) == Shape(n_layers=groups, hidden_size=32)
    assert backbone_of(str(tmp_path), groups + 2).layers == groups
    layers = [f"layer {place}" for place in range(1, groups + 1)]
    assert make_grouping("paper", groups).labels() == ("embeddings", *layers, "heads")


def test_a_head_has_the_dropout_that_its_config_says_of_heads(tmp_path: Path) -> None:
    _albert(tmp_path / "albert", classifier_dropout_prob=0.3, hidden_dropout_prob=0.0)
    assert load_backbone(str(tmp_path / "albert")).dropout == 0.3
    _distilbert(tmp_path / "distilbert")
    assert load_backbone(str(tmp_path / "distilbert")).dropout == 0.2


def _albert(folder: Path, **said: float) -> None:
    config = hf.AlbertConfig(
        vocab_size=len(WORDS),
        embedding_size=16,
        hidden_size=32,
        num_attention_heads=2,
        intermediate_size=32,
        **said,
    )
    hf.AlbertModel(config).save_pretrained(folder)


def test_the_pooler_is_dropped(backbone: Path) -> None:
    names = [name for name, _ in load_backbone(str(backbone)).module.named_parameters()]
    assert not [name for name in names if "pooler" in name]


def _without(folder: Path, to: Path, part: str) -> str:
    """Copy a model, but for the weights whose name has that part."""
    to.mkdir()
    (to / "config.json").write_text((folder / "config.json").read_text())
    weights = load_file(folder / "model.safetensors")
    kept = {name: value for name, value in weights.items() if part not in name}
    save_file(kept, to / "model.safetensors", {"format": "pt"})
    return str(to)


def test_a_backbone_that_lacks_weights(backbone: Path, tmp_path: Path) -> None:
    model = _without(backbone, tmp_path / "model", "layer.1.")
    with pytest.raises(UsageError, match=r"lacks 16 weights .* encoder\.layer\.1\.") as error:
        load_backbone(model)
    assert "\n" not in str(error.value)


def test_a_backbone_without_its_pooler_is_whole(backbone: Path, tmp_path: Path) -> None:
    model = _without(backbone, tmp_path / "model", "pooler")
    assert load_backbone(model).n_layers == 2


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"config\.json"):
        load_backbone(str(tmp_path))


@pytest.mark.parametrize("load", [load_backbone, backbone_shape, load_tokenizer, _masked])
def test_a_model_that_needs_code_of_its_own_is_refused_and_nobody_is_asked(
    load: Callable[[str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"from pathlib import Path\nPath({str(tmp_path / 'mark')!r}).touch()\n"
    tmp_path.joinpath("own.py").write_text(code, encoding="utf-8")
    kinds = ("AutoConfig", "AutoModel", "AutoModelForMaskedLM")
    auto_map: dict[str, object] = dict.fromkeys(kinds, "own.Own")
    auto_map["AutoTokenizer"] = ["own.Own", None]
    config = json.dumps({"model_type": "own", "auto_map": auto_map})
    for name in ("config.json", "tokenizer_config.json"):
        tmp_path.joinpath(name).write_text(config, encoding="utf-8")
    monkeypatch.setattr("builtins.input", lambda _: "y")
    with pytest.raises(UsageError) as raised:
        load(str(tmp_path))
    assert str(raised.value) == (
        f"model folder {tmp_path} needs code of its own, which is never run here; use --model "
        "sample or another folder"
    )
    assert not tmp_path.joinpath("mark").exists()


def test_code_that_a_known_architecture_brings_along_is_left_alone(
    backbone: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(backbone, tmp_path / "model")
    config = json.loads(folder.joinpath("config.json").read_text(encoding="utf-8"))
    config["auto_map"] = {"AutoConfig": "own.Own", "AutoModel": "own.Own"}
    folder.joinpath("config.json").write_text(json.dumps(config), encoding="utf-8")
    folder.joinpath("own.py").write_text("raise SystemExit\n", encoding="utf-8")
    assert load_backbone(str(folder)).n_layers == 2


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_backbone_learns_a_step_with_every_choice(kind: str, tmp_path: Path) -> None:
    hf.AutoModel.from_config(KINDS[kind]).half().save_pretrained(tmp_path)
    backbone = load_backbone(str(tmp_path))
    assert backbone.n_layers == (1 if kind == "albert" else 2)
    assert {value.dtype for value in backbone.module.parameters()} == {torch.float32}
    model = SequenceModel(backbone, [2, 3], seed=0)
    grouping = make_grouping("paper", backbone.n_layers)
    optimizer = make_optimizer(model, grouping, [1e-3] * grouping.n_choices)
    tokens = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]])
    logits = model({"input_ids": tokens, "attention_mask": (tokens > 0).long()}, 1)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 2])).backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    assert logits.shape == (2, 3)
    assert all(value.isfinite().all() for value in model.parameters())
    assert len(optimizer.param_groups) == grouping.n_choices


def _remarks(spec: RunSpec) -> list[Struct]:
    said: list[Struct] = []
    answer(CheckRuns(specs=(spec, spec)), said.append)
    return said


def test_an_input_that_is_cut_shorter_than_asked_for_is_told_once(ask: Ask, tmp_path: Path) -> None:
    assert _remarks(ask(max_length=256)) == []
    text = f"model '{ask.model}' takes 256 tokens at most, not 300: cut there"
    assert _remarks(ask(max_length=300)) == [Remark(text)]


def test_layers_that_share_their_weights_are_told(ask: Ask, tmp_path: Path) -> None:
    folder = shutil.copytree(ask.model, tmp_path / "model")
    albert = hf.AlbertConfig(**_SMALL, embedding_size=16)
    albert.vocab_size = hf.AutoConfig.from_pretrained(folder).vocab_size
    hf.AlbertModel(albert).save_pretrained(folder)
    text = f"model '{folder}' uses the same weights again: it has 1 layer to tune"
    assert _remarks(replace(ask(), model=str(folder))) == [Remark(text)]


def test_weights_that_are_no_weights_are_told_before_anything_begins(
    ask: Ask, tmp_path: Path
) -> None:
    folder = shutil.copytree(ask.model, tmp_path / "model")
    folder.joinpath("model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(UsageError, match="is a Git LFS pointer"):
        _remarks(replace(ask(), model=str(folder)))
    with pytest.raises(UsageError, match="is a Git LFS pointer"):
        load_backbone(str(folder))
