"""Rows with named columns as files and text, for programs and spreadsheets, and as Arrow."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import msgspec

from engine.errors import UsageError, shown
from engine.files import exporting

if TYPE_CHECKING:
    import pyarrow as pa

Rows = Iterable[Sequence[Any]]


def to_arrow(columns: Sequence[str], rows: Rows) -> "pa.Table":
    """Return rows as an Arrow table; a column of values that are not of one kind is one of texts.

    Args:
        columns: their names, each different.
        rows: with a value for each column; None: there is none.
    """
    import pyarrow as pa

    places = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pa.table([_array(values) for values in places], names=list(columns))


def _array(values: Sequence[Any]) -> "pa.Array":
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values])


def write_csv(columns: Sequence[str], rows: Rows, file: TextIO) -> int:
    """Write with commas; what there is none of is empty. Return how many rows there were."""
    return _write_separated(columns, rows, file, ",")


def write_tsv(columns: Sequence[str], rows: Rows, file: TextIO) -> int:
    """Write with tabs, as spreadsheets take it. Return how many rows there were."""
    return _write_separated(columns, rows, file, "\t")


def _write_separated(columns: Sequence[str], rows: Rows, file: TextIO, separator: str) -> int:
    writer = csv.writer(file, delimiter=separator, lineterminator="\n")
    writer.writerow(columns)
    written = 0
    for written, row in enumerate(rows, 1):  # noqa: B007 - how many there were
        writer.writerow(row)
    return written


def write_json(columns: Sequence[str], rows: Rows, file: TextIO) -> int:
    """Write a list with an object on each line. Return how many rows there were."""
    written = 0
    for written, row in enumerate(rows, 1):
        fields = msgspec.json.encode(dict(zip(columns, row, strict=True))).decode()
        file.write(f"{'[' if written == 1 else ','}\n{fields}")
    file.write("\n]\n" if written else "[]\n")
    return written


ROW_FORMATS: Final[Mapping[str, Callable[[Sequence[str], Rows, TextIO], int]]] = {
    "csv": write_csv,
    "tsv": write_tsv,
    "json": write_json,
}
"""Formats that are text, by name; a file ends in it."""
_PARQUET: Final = ".parquet"


def rows_text(columns: Sequence[str], rows: Rows, form: str) -> str:
    """Return rows in one of ``ROW_FORMATS``."""
    text = StringIO(newline="")
    ROW_FORMATS[form](columns, rows, text)
    return text.getvalue()


def check_ending(out: Path) -> None:
    """Refuse a file whose name asks for no known format.

    Raises:
        UsageError: it ends otherwise.
    """
    known = (*(f".{form}" for form in ROW_FORMATS), _PARQUET)
    if out.suffix not in known:
        raise UsageError(
            f"{shown(out)} ends in none of {', '.join(known)}; the ending says what is written"
        )


def write_rows(columns: Sequence[str], rows: Rows, out: Path) -> int:
    """Write rows into a file: beside it first, then in its place; return how many.

    The file's ending says the format.

    Raises:
        UsageError: the ending says nothing, or the file cannot be written.
    """
    check_ending(out)
    with exporting(out) as beside:
        if out.suffix == _PARQUET:
            from pyarrow import parquet

            table = to_arrow(columns, rows)
            parquet.write_table(table, beside)
            return int(table.num_rows)
        with beside.open("w", encoding="utf-8", newline="") as file:
            return ROW_FORMATS[out.suffix[1:]](columns, rows, file)
