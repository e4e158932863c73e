from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.tasks.plain_text import read_texts, texts_fingerprint

LONG = "a line that is long enough to say something about words"


def test_lines_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plain.txt"
    path.write_text(f"= Heading =\n\n  {LONG} 1  \nshort\n{LONG} 2\n{LONG} 3\n", encoding="utf-8")
    assert read_texts(str(path), 2) == (f"{LONG} 1", f"{LONG} 2")
    assert len(read_texts(str(path), 9)) == 3


def test_no_such_file() -> None:
    with pytest.raises(UsageError, match=r"no text file 'nowhere.txt'; use sample, wiki40b or"):
        read_texts("nowhere.txt", 1)


def test_a_file_without_text(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.write_text("short\n")
    with pytest.raises(UsageError, match="has no line of 40 characters or more"):
        read_texts(str(path), 1)


def test_a_file_of_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(f"{LONG} caf\xe9".encode("latin-1"))
    with pytest.raises(UsageError, match="is not UTF-8"):
        read_texts(str(path), 1)


def test_fingerprint_tells_texts_apart() -> None:
    assert texts_fingerprint(["ab", "c"]) == texts_fingerprint(["ab", "c"])
    assert texts_fingerprint(["ab", "c"]) != texts_fingerprint(["a", "bc"])


@pytest.mark.sample
def test_sample_pack_gives_texts_of_every_task_in_turn() -> None:
    texts = read_texts("sample", 40)
    assert len(set(texts)) == 40
    assert all(len(text) >= 40 for text in texts)
