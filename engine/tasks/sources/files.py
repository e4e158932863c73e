"""Tables in local files: CSV, TSV, JSON lines and Parquet."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from engine.errors import UsageError, reason_of, shown
from engine.tasks.rows import Columns, RawTask, Rows, named, require_columns, rows_from
from engine.tasks.task import Origin, TaskEntry

Table = dict[str, Sequence[object]]
_Reader = Callable[[Path, Columns, str], Table]
_Lines = list[list[str]]
_Kind = TypeVar("_Kind")

_LONGEST_FIELD = 2**31 - 1
_LONGEST_NAME = 60
_SAID = re.compile(r'sep=([^\w\s"]|\t)\r?')
_NUMBER = re.compile(r"[+-]?[\d.]+")


class FileOrigin(Origin, frozen=True, kw_only=True):
    """One or two local files; absolute paths."""

    train: str
    validation: str | None = None
    """None: a part of the training file."""
    columns: Columns

    def read(self, entry: TaskEntry) -> RawTask:
        """Read the training file, and the validation file where there is one."""
        return read_files(self)

    def files(self) -> Sequence[Path]:
        """Return both files, or the parts that they are in."""
        paths = [Path(file) for file in (self.train, self.validation) if file]
        return [file for path in paths for file in _parts(path)]


def _parts(path: Path) -> list[Path]:
    return sorted(path.rglob("*")) if path.is_dir() else [path]


def read_files(origin: FileOrigin) -> RawTask:
    """Read the file or files of a task.

    Raises:
        UsageError: as ``read_rows`` raises.
    """
    return RawTask(
        train=read_rows(Path(origin.train), origin.columns),
        validation=read_rows(Path(origin.validation), origin.columns)
        if origin.validation
        else None,
    )


def read_rows(path: Path, columns: Columns) -> Rows:
    """Read the rows of a table.

    Raises:
        UsageError: the file cannot be read, lacks a column, or a row of it lacks a text.
    """
    return rows_from(read_table(path, columns), columns, _called(path))


def read_table(path: Path, columns: Columns) -> Table:
    """Read the columns of a table, with None where a row lacks a value.

    Raises:
        UsageError: the file cannot be read, is not what its suffix says, or lacks a column.
    """
    where = _called(path)
    kind = _suffix(path)
    reader = _READERS.get(kind)
    if reader is None:
        raise UsageError(
            f"{where} is of no known kind; give one that ends in {', '.join(SUFFIXES)}"
        )
    if path.is_dir() and reader is not _parquet:
        raise UsageError(
            f"{where} is a folder; only Parquet may lie in parts, so make one {kind} of them"
        )
    try:
        return reader(path, columns, where)
    except UsageError:
        raise
    except gzip.BadGzipFile as error:
        raise UsageError(f"{where} is no gzip file; name it as what it is") from error
    except OSError as error:
        raise UsageError(f"{where} cannot be read: {reason_of(error)}") from error
    except (EOFError, ValueError, ArithmeticError, csv.Error, lzma.LZMAError, zlib.error) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(
            f"{where} cannot be read as {kind}: {shown(reason)}; save or fetch it again"
        ) from error


@contextmanager
def _fields_of_any_length() -> Iterator[None]:
    """Have no limit, which is of the whole process, on what stands between two separators."""
    usual = csv.field_size_limit(_LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(usual)


def csv_table(text: str, columns: Columns, where: str) -> Table:
    """Read the columns of a CSV file's text.

    Raises:
        UsageError: it lacks a column, or a row does not have as many as the header.
    """
    with _fields_of_any_length():
        return _separated(text, columns, where, ",;\t|")


def _csv(path: Path, columns: Columns, where: str) -> Table:
    return csv_table(_text_in(path, where), columns, where)


def _tsv(path: Path, columns: Columns, where: str) -> Table:
    text = _text_in(path, where)
    with _fields_of_any_length():
        return _separated(text, columns, where, "\t,;|")


def _separated(text: str, columns: Columns, where: str, separators: str) -> Table:
    """Read lines with the separator, the likeliest first, that finds most of the columns."""
    first, _, rest = text.partition("\n")
    if said := _SAID.fullmatch(first):
        text, separators = rest, said[1]

    def finds(separator: str) -> tuple[int, int]:
        header = _header(text, separator)
        return len(set(columns.names()).intersection(header)), len(header)

    lines = _lines(text, max(separators, key=finds), where)
    if not lines:
        raise UsageError(f"{where} is empty; its first line must name the columns")
    header, *rows = lines
    _require_header(header, columns, where)
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise UsageError(
                f"{where}, row {number}: {len(row)} columns where the header has "
                f"{len(header)}; quote what holds a separator or a line break"
            )
    return {name: [row[header.index(name)] for row in rows] for name in columns.names()}


def _require_header(header: list[str], columns: Columns, where: str) -> None:
    looks_like_a_row = any(len(name) > _LONGEST_NAME or _NUMBER.fullmatch(name) for name in header)
    if looks_like_a_row and not set(columns.names()).intersection(header):
        raise UsageError(
            f"{where} begins with {named(header)}, which names no columns; put a line before it "
            f"that does, with {named(columns.names())} among them"
        )
    require_columns(columns, header, where)


def _header(text: str, separator: str) -> list[str]:
    try:
        return next(_quoted(text, separator), [])
    except csv.Error:
        return []


def _lines(text: str, separator: str, where: str) -> _Lines:
    """Read all lines, the header first.

    Where tabs separate and every line has as many as the first, a line is a row: a quotation mark
    may be a letter then, as in GLUE's files. Quotation marks around whole fields are taken away.
    """
    if separator == "\t":
        plain_lines = csv.reader(_open(text), delimiter="\t", quoting=csv.QUOTE_NONE)
        plain = list(filter(None, plain_lines))
        if len({len(line) for line in plain}) == 1:
            try:
                quoted = list(_quoted(text, separator))
            except csv.Error:
                return plain
            return quoted if list(map(len, quoted)) == list(map(len, plain)) else plain
    lines: _Lines = []
    try:
        lines.extend(_quoted(text, separator))
    except csv.Error as error:
        is_open = "unexpected end" in str(error)
        reason = "a quotation that begins here never ends" if is_open else shown(error)
        raise UsageError(
            f"{where}, row {len(lines)}: {reason}; double each mark that is a letter"
        ) from error
    return lines


def _quoted(text: str, separator: str) -> Iterator[list[str]]:
    """Yield lines in which quotation marks hold separators and line breaks together."""
    return filter(None, csv.reader(_open(text), delimiter=separator, strict=True))


def _json_lines(path: Path, columns: Columns, where: str) -> Table:
    """Read an object a line, or one array of objects."""
    text = _text_in(path, where)
    if text.lstrip().startswith("["):
        rows = _decoded(text, list[dict[str, object]], where)
    else:
        rows = [
            _decoded(line, dict[str, object], f"{where}, line {number}")
            for number, line in enumerate(_open(text), 1)
            if line.strip()
        ]
    if rows:
        require_columns(columns, list(dict.fromkeys(name for row in rows for name in row)), where)
    return {name: [row.get(name) for row in rows] for name in columns.names()}


def _decoded(text: str, kind: type[_Kind], where: str) -> _Kind:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise UsageError(f"{where}: no JSON object: {shown(error)}") from error
    except RecursionError:
        raise UsageError(f"{where}: nested too deeply to be a row; take that out") from None


def _parquet(path: Path, columns: Columns, where: str) -> Table:
    """Read a file, or a folder of parts as Spark writes it."""
    from pyarrow import ArrowException, dataset
    from pyarrow.fs import LocalFileSystem

    try:
        table = dataset.dataset(
            str(path), format="parquet", filesystem=LocalFileSystem(), partitioning="hive"
        )
        require_columns(columns, table.schema.names, where)
        rows = table.to_table(columns=list(columns.names()))
        return {name: rows.column(name).to_pylist() for name in columns.names()}
    except (ArrowException, TypeError) as error:
        raise ValueError(str(error)) from error


_READERS: dict[str, _Reader] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_lines,
}
SUFFIXES = tuple(_READERS)

_COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    ".bz2": bz2.decompress,
    ".gz": gzip.decompress,
    ".xz": lzma.decompress,
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _suffix(path: Path) -> str:
    """Return the suffix that says what is in the file, whether compressed or not."""
    packed = path.suffix.lower() in _COMPRESSED
    return (path.with_suffix("") if packed else path).suffix.lower()


def _text_in(path: Path, where: str) -> str:
    """Read a text in UTF-8, or in what its byte order mark says."""
    content = path.read_bytes()
    if unpack := _COMPRESSED.get(path.suffix.lower()):
        content = unpack(content)
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{content[error.start]:02x} in line {line}"
        raise UsageError(
            f"{where} is not {encoding.upper()}: {byte}; save it as UTF-8 (in Excel as 'CSV "
            "UTF-8'; what it calls CSV is Windows-1252)"
        ) from None


def _open(text: str) -> io.StringIO:
    return io.StringIO(text, newline="")


def _called(path: Path) -> str:
    return f"file {shown(path)}"
