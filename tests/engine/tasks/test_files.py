import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from engine.errors import UsageError
from engine.tasks.rows import Columns, Rows
from engine.tasks.sources.files import read_rows

PAIR = Columns(sentence1="q", sentence2="p", label="y")
SINGLE = Columns(sentence1="q", label="y")


def texts(rows: Rows) -> tuple[list[str], list[str] | None, list[str]]:
    return rows.sentence1, rows.sentence2, rows.labels


def test_csv_with_quotes_newlines_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('\ufeffq,other,p,y\n"a, b",1,"c ""d""\ne",yes\nNA,2,,0\n', encoding="utf-8")
    assert texts(read_rows(path, PAIR)) == (["a, b", "NA"], ['c "d"\ne', ""], ["yes", "0"])


def test_tsv_takes_a_quotation_mark_for_a_letter(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text('q\ty\n"He said\t1\n5" disk\t0\n', encoding="utf-8")
    assert texts(read_rows(path, SINGLE)) == (['"He said', '5" disk'], None, ["1", "0"])


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"q": "ü", "y": true}\n\n{"y": 0, "q": 12, "z": []}\n', encoding="utf-8")
    assert texts(read_rows(path, SINGLE)) == (["ü", "12"], None, ["True", "0"])


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"q": ["a", "b"], "p": ["c", "d"], "y": [1.0, 0.0]}), path)
    assert texts(read_rows(path, PAIR)) == (["a", "b"], ["c", "d"], ["1", "0"])


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
def test_compressed_files(tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"t.csv{suffix}"
    path.write_bytes(compress(b"q,y\na,1\n"))
    assert texts(read_rows(path, SINGLE)) == (["a"], None, ["1"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"q,z\na,1\n", "has no column 'y'; it has q, z"),
        ("t.csv", b"q,y,y\na,1,2\n", "has column 'y' twice"),
        ("t.csv", b"q,y\na,1\nb\n", "row 2: 1 columns where the header has 2"),
        ("t.csv", b"q,y\na,\n", "row 1: column 'y' is empty"),
        ("t.csv", b"", "is empty; its first line must name the columns"),
        ("t.csv", b"q,y\n\xff,1\n", "cannot be read as .csv: 'utf-8' codec"),
        ("t.csv", b'q,y\n"a,1\n', "cannot be read as .csv: unexpected end of data"),
        ("t.jsonl", b'{"q": "a", "y": 1}\n{"q"', "line 2: no JSON object"),
        ("t.jsonl", b"[1]\n", "line 1: no JSON object"),
        ("t.jsonl", b'{"q": "a"}\n', "has no column 'y'; it has q"),
        ("t.jsonl", b'{"q": "a", "y": 1}\n{"y": 1}\n', "row 2: column 'q' is empty"),
        ("t.jsonl", b'{"q": ["a"], "y": 1}\n', "row 1: column 'q' holds no text"),
        ("t.parquet", b"PAR", "cannot be read as .parquet"),
        ("t.csv.gz", b"q,y", "cannot be read: Not a gzipped file"),
        ("t.csv.bz2", bz2.compress(b"q,y\na,1\n")[:-4], "cannot be read as .csv: Compressed file"),
        ("t.csv.xz", b"q,y", "cannot be read as .csv: Input format not supported"),
        ("t.xlsx", b"", "is of no known kind; give one that ends in .parquet, .csv, .tsv"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as raised:
        read_rows(path, SINGLE)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_column_of_parquet_is_named_with_those_there_are(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"text": ["a"], "y": [1]}), path)
    with pytest.raises(UsageError, match="has no column 'q'; it has text, y"):
        read_rows(path, SINGLE)


def test_a_missing_value_of_parquet_is_named_by_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"q": ["a", "b"], "y": [1.0, float("nan")]}), path)
    with pytest.raises(UsageError, match="row 2: column 'y' is empty"):
        read_rows(path, SINGLE)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_rows(tmp_path / "none.csv", SINGLE)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_rows(tmp_path / "folder.csv", SINGLE)
