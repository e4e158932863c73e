import bz2
import csv
import gzip
import lzma
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from engine.errors import UsageError
from engine.tasks.rows import Columns, Rows
from engine.tasks.sources.files import FileOrigin, read_rows

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


def test_tsv_as_pandas_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text('q\ty\n"she ""said"" so"\t1\nb\t0\n', encoding="utf-8")
    assert texts(read_rows(path, SINGLE)) == (['she "said" so', "b"], None, ["1", "0"])
    path.write_text('q\ty\n"a\nb\tc"\t1\nd\t0\n', encoding="utf-8")
    assert texts(read_rows(path, SINGLE)) == (["a\nb\tc", "d"], None, ["1", "0"])


def test_where_lines_are_rows_no_quotation_holds_two_together(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text('q\ty\n"open\t1\nb\t0\nclosed"\t1\n', encoding="utf-8")
    assert read_rows(path, SINGLE).sentence1 == ['"open', "b", 'closed"']


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("q;other;y\r\na, b;x;1\r\n", "utf-8-sig"),
        ("sep=;\r\nq;y\r\na, b;1\r\n", "utf-8"),
        ("q\ty\r\na, b\t1\r\n", "utf-16"),
        ('"q"|"y"\n\n"a, b"|"1"\n', "utf-32"),
    ],
)
def test_csv_as_spreadsheets_write_it(tmp_path: Path, content: str, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content, encoding=encoding, newline="")
    assert texts(read_rows(path, SINGLE)) == (["a, b"], None, ["1"])


def test_a_text_may_be_as_long_as_a_book(tmp_path: Path) -> None:
    usual = csv.field_size_limit()
    path = tmp_path / "t.csv"
    path.write_text(f"q,y\n{'word ' * 30_000},1\n")
    assert len(read_rows(path, SINGLE).sentence1[0]) == 150_000
    assert csv.field_size_limit() == usual, "which is of the whole process"


def test_an_array_of_json_objects_is_read_as_lines_are(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('[{"q": "a", "y": 1},\n {"q": "b", "y": 0}]')
    assert texts(read_rows(path, SINGLE)) == (["a", "b"], None, ["1", "0"])


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
        ("t.csv", b"q,z\na,1\n", "has no column 'y'; it has 'q', 'z'"),
        ("t.csv", b"q,y,y\na,1,2\n", "has column 'y' twice"),
        ("t.csv", b"q,y\na,1\nb\n", "row 2: 1 columns where the header has 2"),
        ("t.csv", b"", "is empty; its first line must name the columns"),
        ("t.csv", b"q,y\n\xff,1\n", "is not UTF-8: byte 0xff in line 2; save it as UTF-8"),
        ("t.csv", b'q,y\n"a,1\n', "row 1: a quotation that begins here never ends"),
        ("t.jsonl", b'{"q": "a", "y": 1}\n{"q"', "line 2: no JSON object"),
        ("t.csv", b'q,y\na,1\n"b"c,1\n', "row 2: ',' expected after"),
        (
            "t.csv",
            b"a tale of the sea,1\nb,0\n",
            "begins with 'a tale of the sea', '1', which names",
        ),
        ("t.csv", b"a" * 99 + b",yes\n", "begins with 'aaaaaaaaaaaaaaaaaaa…aaaaaaaaaa', 'yes'"),
        ("t.csv", b"\xff\xfeq", "is not UTF-16: byte 0x71 in line 1"),
        ("t.jsonl", b"[1]\n", "no JSON object"),
        ("t.jsonl", b'{"q": "a"}\n', "has no column 'y'; it has 'q'"),
        ("t.jsonl", b'{"q": "a", "y": 1}\n{"y": 1}\n', "row 2: column 'q' is empty"),
        ("t.jsonl", b'{"q": ["a"], "y": 1}\n', "row 1: column 'q' holds no text"),
        ("t.parquet", b"PAR", "cannot be read as .parquet"),
        ("t.csv.gz", b"q,y", "is no gzip file; name it as what it is"),
        (
            "t.csv.gz",
            gzip.compress(b"q,y\na,1\n", mtime=0)[:-9],
            "cannot be read as .csv: Compressed file",
        ),
        ("t.csv.gz", b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 9, "read as .csv: Error -3 while"),
        ("t.csv.bz2", bz2.compress(b"q,y\na,1\n")[:-4], "cannot be read as .csv: Compressed data"),
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


@pytest.mark.parametrize("kind", [".json", ".jsonl"])
@pytest.mark.parametrize("opening", ["[", '{"q":'])
def test_what_is_nested_too_deeply_is_no_row(tmp_path: Path, kind: str, opening: str) -> None:
    path = tmp_path / f"t{kind}"
    path.write_text('{"q": "a", "y": 1}\n{"q": ' + opening * 9999)
    with pytest.raises(UsageError, match="line 2: nested too deeply to be a row"):
        read_rows(path, SINGLE)


def test_numbers_beyond_64_bits_are_texts_and_longer_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(f'{{"q": {"1" * 30}, "y": 1}}')
    assert read_rows(path, SINGLE).sentence1 == ["1" * 30]
    path.write_text(f'{{"q": {"1" * 5000}, "y": 1}}')
    with pytest.raises(UsageError, match="line 1: no JSON object: Integer value out of range"):
        read_rows(path, SINGLE)


def test_a_missing_column_of_parquet_is_named_with_those_there_are(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"text": ["a"], "y": [1]}), path)
    with pytest.raises(UsageError, match="has no column 'q'; it has 'text', 'y'"):
        read_rows(path, SINGLE)


def test_a_missing_text_of_parquet_is_named_by_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"q": ["a", None], "y": [1, 0]}), path)
    with pytest.raises(UsageError, match="row 2: column 'q' is empty"):
        read_rows(path, SINGLE)


def test_a_label_that_is_missing_is_an_empty_one_whatever_the_file(tmp_path: Path) -> None:
    table = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"q": ["a", "b", "c"], "y": [1.0, float("nan"), None]}), table)
    assert read_rows(table, SINGLE).labels == ["1", "", ""]
    lines = tmp_path / "t.jsonl"
    lines.write_text('{"q": "a", "y": null}\n{"q": "b"}\n{"q": "c", "y": "\u00a0"}\n')
    assert read_rows(lines, SINGLE).labels == ["", "", ""]


def test_parquet_as_spark_and_databases_write_it(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    whole = pa.array([Decimal(1), Decimal(0)], pa.decimal128(5, 2))
    parts = pa.array(["a", "a"]).dictionary_encode()
    parquet.write_table(pa.table({"q": [b"\xc3\xbc", b"b"], "p": parts, "y": whole}), path)
    assert texts(read_rows(path, PAIR)) == (["ü", "b"], ["a", "a"], ["1", "0"])
    parquet.write_table(pa.table({"q": [b"\xff"], "y": [1]}), path)
    with pytest.raises(UsageError, match="row 1: column 'q' holds bytes that are not UTF-8"):
        read_rows(path, SINGLE)


def test_a_folder_of_parquet_parts_is_one_table_and_its_parts_are_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "t.parquet"
    for part, label in (("part-0", 0), ("part-1", 1)):
        (folder / f"y={label}").mkdir(parents=True)
        parquet.write_table(pa.table({"q": [part]}), folder / f"y={label}" / f"{part}.parquet")
    (folder / "_SUCCESS").write_text("")
    assert texts(read_rows(folder, SINGLE)) == (["part-0", "part-1"], None, ["0", "1"])
    named = {file.name for file in FileOrigin(train=str(folder), columns=SINGLE).files()}
    assert {"part-0.parquet", "part-1.parquet"} < named


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: no such file"):
        read_rows(tmp_path / "none.csv", SINGLE)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="is a folder; only Parquet may lie in parts"):
        read_rows(tmp_path / "folder.csv", SINGLE)
