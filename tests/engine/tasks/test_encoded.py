from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from engine.errors import UsageError
from engine.tasks.encoded import Encoded, encode, load_tokenizer, tokenizer_fingerprint
from engine.tasks.task import Examples

SINGLE = Examples(["the old city", "", "a bright bright river"], None, [0, 1, 1])
PAIR = Examples(["the old city", "a road"], ["yes", "no never"], [1, 0])


@pytest.fixture(scope="module")
def tokenizer(backbone: Path) -> PreTrainedTokenizerBase:
    return load_tokenizer(str(backbone))


@pytest.fixture(scope="module")
def bare() -> PreTrainedTokenizerBase:
    """Return a tokenizer like GPT-2's: no padding, no [CLS], no token types."""
    words = Tokenizer(models.WordLevel({"<end>": 0, "a": 1, "b": 2, "?": 3}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=words, eos_token="<end>", model_input_names=["input_ids", "attention_mask"]
    )


def rows(encoded: Encoded) -> list[list[int]]:
    ends = encoded.offsets.tolist()
    ids = encoded.input_ids.tolist()
    return [ids[start:end] for start, end in pairwise(ends)]


def test_rows_are_what_the_tokenizer_makes_of_them(tokenizer: PreTrainedTokenizerBase) -> None:
    encoded = encode(SINGLE, tokenizer, 64)
    assert rows(encoded) == [
        tokenizer.convert_tokens_to_ids(f"[CLS] {text} [SEP]".split()) for text in SINGLE.sentence1
    ]
    assert encoded.lengths().tolist() == [5, 2, 6]
    assert len(encoded) == 3
    assert encoded.input_ids.dtype == np.int32
    assert encoded.labels.tolist() == [0, 1, 1]


def test_some_rows_are_taken_in_any_order(tokenizer: PreTrainedTokenizerBase) -> None:
    for examples in (SINGLE, PAIR):
        encoded = encode(examples, tokenizer, 64)
        taken = encoded.take([1, 0])
        assert rows(taken) == [rows(encoded)[1], rows(encoded)[0]]
        for name, values in taken.batch([0, 1]).items():
            assert values.tolist() == encoded.batch([1, 0])[name].tolist()
    assert len(encode(SINGLE, tokenizer, 64).take([])) == 0


def test_a_pair_is_one_row_with_token_types(tokenizer: PreTrainedTokenizerBase) -> None:
    encoded = encode(PAIR, tokenizer, 64)
    assert rows(encoded)[0] == tokenizer.convert_tokens_to_ids(
        ["[CLS]", "the", "old", "city", "[SEP]", "yes", "[SEP]"]
    )
    assert encoded.token_type_ids is not None
    assert encoded.token_type_ids.tolist() == [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1]


def test_a_batch_is_padded_to_its_own_longest_row(tokenizer: PreTrainedTokenizerBase) -> None:
    encoded = encode(SINGLE, tokenizer, 64)
    batch = encoded.batch([1, 0])
    first = rows(encoded)
    assert batch["input_ids"].tolist() == [[*first[1], 0, 0, 0], first[0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]
    assert batch["token_type_ids"].tolist() == [[0] * 5, [0] * 5]
    assert batch["labels"].tolist() == [1, 0]
    assert {array.dtype for array in batch.values()} == {np.dtype(np.int64)}
    assert encoded.batch(np.array([1]))["input_ids"].shape == (1, 2)


def test_a_batch_is_what_the_tokenizer_itself_pads(tokenizer: PreTrainedTokenizerBase) -> None:
    batch = encode(PAIR, tokenizer, 64).batch([0, 1])
    padded = tokenizer(PAIR.sentence1, PAIR.sentence2, padding=True, return_tensors="np")
    for name in ("input_ids", "attention_mask", "token_type_ids"):
        assert batch[name].tolist() == padded[name].tolist()


def test_long_rows_are_truncated(tokenizer: PreTrainedTokenizerBase) -> None:
    long = Examples(["city " * 400, "a"], None, [0, 1])
    assert encode(long, tokenizer, 10).lengths().tolist() == [10, 3]
    assert encode(long, tokenizer, 10_000).lengths().tolist() == [256, 3]  # what the backbone takes


def test_a_length_without_room_for_text_is_refused(tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(UsageError, match="3 tokens leaves no room for text beside the 3 special"):
        encode(PAIR, tokenizer, 3)


def test_a_tokenizer_without_padding_or_special_tokens(bare: PreTrainedTokenizerBase) -> None:
    encoded = encode(Examples(["a b", "", "c"], None, [0, 1, 0]), bare, 8)
    batch = encoded.batch([0, 1, 2])
    assert batch["input_ids"].tolist() == [[1, 2], [0, 0], [3, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1], [1, 0], [1, 0]]
    assert "token_type_ids" not in batch


def same(one: Encoded, other: Encoded) -> bool:
    return rows(one) == rows(other) and one.labels.tolist() == other.labels.tolist()


def test_rows_are_encoded_once(
    tokenizer: PreTrainedTokenizerBase, backbone: Path, cache: Path
) -> None:
    first = encode(PAIR, tokenizer, 64)
    (file,) = cache.iterdir()
    made = file.stat().st_mtime_ns
    again = encode(PAIR, load_tokenizer(str(backbone)), 64)
    assert same(first, again)
    assert again.padding == first.padding
    assert [path.stat().st_mtime_ns for path in cache.iterdir()] == [made]


def test_other_text_length_or_tokenizer_is_another_file(
    tokenizer: PreTrainedTokenizerBase, bare: PreTrainedTokenizerBase, cache: Path
) -> None:
    for examples, words, length in (
        (PAIR, tokenizer, 64),
        (SINGLE, tokenizer, 64),
        (PAIR, tokenizer, 8),
        (PAIR, bare, 64),
    ):
        encode(examples, words, length)
    assert len(list(cache.iterdir())) == 4


def test_a_tokenizers_fingerprint_does_not_change_with_use(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    before = tokenizer_fingerprint(tokenizer)
    tokenizer(["a road"], truncation=True, max_length=4, padding="max_length")
    assert tokenizer_fingerprint(tokenizer) == before


@pytest.mark.parametrize(
    "damage", [lambda whole: b"", lambda whole: whole[:-3], lambda whole: b"x" * 99]
)
def test_a_damaged_file_is_made_again(
    tokenizer: PreTrainedTokenizerBase, cache: Path, damage: Callable[[bytes], bytes]
) -> None:
    first = encode(PAIR, tokenizer, 64)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert same(encode(PAIR, tokenizer, 64), first)
    assert file.read_bytes() == whole


def test_two_may_encode_the_same_rows_at_once(backbone: Path, cache: Path) -> None:
    def work(_: int) -> Encoded:
        return encode(PAIR, load_tokenizer(str(backbone)), 64)

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(work, range(8)))
    assert all(same(results[0], result) for result in results)
    assert len(list(cache.iterdir())) == 1


def test_rows_are_encoded_where_nothing_can_be_kept(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path / "file"))
    assert len(encode(PAIR, tokenizer, 64)) == 2
