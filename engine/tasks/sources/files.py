"""Tables in local files: CSV, TSV, JSON lines and Parquet."""

import bz2
import csv
import gzip
import lzma
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

import msgspec

from engine.errors import UsageError, shown
from engine.tasks.entry import Origin, TaskEntry
from engine.tasks.rows import Columns, RawTask, Rows, require_columns, rows_from

Table = dict[str, Sequence[object]]
_Reader = Callable[[Path, Columns, str], Table]


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
        """Return both files."""
        return [Path(file) for file in (self.train, self.validation) if file]


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
        UsageError: the file cannot be read, lacks a column, or a row of it lacks a value.
    """
    where = f"file {shown(path)}"
    return rows_from(read_table(path, columns), columns, where)


def read_table(path: Path, columns: Columns) -> Table:
    """Read the columns of a table, with None where a row lacks a value.

    Raises:
        UsageError: the file cannot be read, is not what its suffix says, or lacks a column.
    """
    where = f"file {shown(path)}"
    reader = _READERS.get(_suffix(path))
    if reader is None:
        raise UsageError(
            f"{where} is of no known kind; give one that ends in {', '.join(SUFFIXES)}"
        )
    try:
        return reader(path, columns, where)
    except UsageError:
        raise
    except OSError as error:
        raise UsageError(f"{where} cannot be read: {error.strerror or error}") from error
    except (EOFError, ValueError, csv.Error, lzma.LZMAError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{where} cannot be read as {_suffix(path)}: {reason}") from error


def _csv(path: Path, columns: Columns, where: str) -> Table:
    with _open_text(path) as file:
        return _separated(csv.reader(file, strict=True), columns, where)


def _tsv(path: Path, columns: Columns, where: str) -> Table:
    """Read a table in which a quotation mark is a letter like any other, as in GLUE's files."""
    with _open_text(path) as file:
        lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return _separated(lines, columns, where)


def _separated(lines: Iterator[list[str]], columns: Columns, where: str) -> Table:
    header = next(lines, None)
    if header is None:
        raise UsageError(f"{where} is empty; its first line must name the columns")
    require_columns(columns, header, where)
    rows = []
    for number, line in enumerate(lines, 1):
        if len(line) == len(header):
            rows.append(line)
        elif line:
            raise UsageError(
                f"{where}, row {number}: {len(line)} columns where the header has "
                f"{len(header)}; quote what holds a separator"
            )
    return {name: [row[header.index(name)] for row in rows] for name in columns.names()}


def _json_lines(path: Path, columns: Columns, where: str) -> Table:
    decoder = msgspec.json.Decoder(dict[str, object])
    rows = []
    with _open_text(path) as file:
        for number, line in enumerate(file, 1):
            try:
                rows += [decoder.decode(line)] if line.strip() else []
            except msgspec.DecodeError as error:
                raise UsageError(f"{where}, line {number}: no JSON object: {error}") from error
    if rows:
        require_columns(columns, list(dict.fromkeys(name for row in rows for name in row)), where)
    return {name: [row.get(name) for row in rows] for name in columns.names()}


def _parquet(path: Path, columns: Columns, where: str) -> Table:
    from pyarrow import parquet

    file = parquet.ParquetFile(path)
    require_columns(columns, file.schema_arrow.names, where)
    table = file.read(columns=list(columns.names()))
    return {name: table.column(name).to_pylist() for name in columns.names()}


_READERS: dict[str, _Reader] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
SUFFIXES = tuple(_READERS)

_COMPRESSED = (".bz2", ".gz", ".xz")


def _suffix(path: Path) -> str:
    """Return the suffix that says what is in the file, whether compressed or not."""
    return (path.with_suffix("") if path.suffix in _COMPRESSED else path).suffix.lower()


def _open_text(path: Path) -> TextIO:
    match path.suffix:
        case ".bz2":
            return bz2.open(path, "rt", encoding="utf-8-sig", newline="")
        case ".gz":
            return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
        case ".xz":
            return lzma.open(path, "rt", encoding="utf-8-sig", newline="")
        case _:
            return path.open(encoding="utf-8-sig", newline="")
