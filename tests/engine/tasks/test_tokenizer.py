from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.tasks.cache import cache_folder
from engine.tasks.encoded import load_tokenizer, token_lengths
from engine.tasks.task import Examples
from tests.tiny import tiny_backbone


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_backbone(tmp_path_factory.mktemp("backbone")))


def test_the_tokens_of_both_texts_count_and_special_ones_do_not(model: str) -> None:
    tokenizer = load_tokenizer(model)
    texts = ["the old city", "", "dull " * 300]
    single = token_lengths(Examples(texts, None, [0, 1, 0]), tokenizer)
    assert single.tolist() == [3, 0, 300]  # more than the backbone takes
    pairs = token_lengths(Examples(texts, ["yes", "no always", ""], [0, 1, 0]), tokenizer)
    assert pairs.tolist() == [4, 2, 300]


def test_they_are_counted_once(model: str, tmp_path: Path) -> None:
    tokenizer, rows = load_tokenizer(model), Examples(["the old city"], None, [0])
    token_lengths(rows, tokenizer)
    (kept,) = cache_folder("lengths").iterdir()
    written = kept.stat().st_mtime_ns
    assert token_lengths(rows, tokenizer).tolist() == [3]
    assert kept.stat().st_mtime_ns == written
    kept.write_bytes(b"damaged")
    assert token_lengths(rows, tokenizer).tolist() == [3]


@pytest.mark.skipif(find_spec("sentencepiece") is not None, reason="nothing is missing")
def test_a_library_that_a_tokenizer_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "deberta-v2"}')
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "DebertaV2Tokenizer"}')
    (tmp_path / "spm.model").write_bytes(b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02")
    with pytest.raises(UsageError, match="needs two more libraries: pip install sentencepiece"):
        load_tokenizer(str(tmp_path))
