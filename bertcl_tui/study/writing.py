"""Trials as text and into files: full precision, a line each, however many there are."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Final, TextIO

import msgspec

from bertcl_tui.store.rows import TrialRow
from bertcl_tui.study.facts import chosen_facts, flat_names
from engine.errors import UsageError
from engine.files import replacing

_SEPARATORS: Final = {".csv": ",", ".tsv": "\t"}
_JSON: Final = ".json"


def check_ending(out: Path) -> None:
    """Raise UsageError for a file whose name asks for no known format."""
    if out.suffix not in {*_SEPARATORS, _JSON}:
        known = ", ".join((*_SEPARATORS, _JSON))
        raise UsageError(f"{out} ends in none of {known}; the ending says what is written")


def write_trials(rows: Iterable[TrialRow], names: Sequence[str], choices: int, out: Path) -> int:
    """Write trials into a file: beside it first, then in its place; return how many.

    Args:
        rows: of the trials, in their order.
        names: of the facts that are written.
        choices: how many rates a trial has.
        out: the file; its ending says the format.

    Raises:
        UsageError: the ending says nothing, or the file cannot be written.
    """
    check_ending(out)
    try:
        with replacing(out) as beside, beside.open("w", encoding="utf-8", newline="") as file:
            if out.suffix == _JSON:
                return _write_json(rows, names, file)
            return _write_table(rows, flat_names(names, choices), file, _SEPARATORS[out.suffix])
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot write {out}: {reason}; choose another place") from None


def to_tsv(rows: Iterable[TrialRow], names: Sequence[str], choices: int) -> str:
    """Return trials as a table that spreadsheets take from the clipboard."""
    text = StringIO(newline="")
    _write_table(rows, flat_names(names, choices), text, "\t")
    return text.getvalue()


def _write_table(
    rows: Iterable[TrialRow], names: Sequence[str], file: TextIO, separator: str
) -> int:
    writer = csv.DictWriter(file, names, delimiter=separator, lineterminator="\n")
    writer.writeheader()
    written = 0
    for row in rows:
        writer.writerow(chosen_facts(row, names))
        written += 1
    return written


def _write_json(rows: Iterable[TrialRow], names: Sequence[str], file: TextIO) -> int:
    written = 0
    for line in _json_lines(rows, names):
        file.write(",\n" if written else "[\n")
        file.write(line)
        written += 1
    file.write("\n]\n" if written else "[]\n")
    return written


def _json_lines(rows: Iterable[TrialRow], names: Sequence[str]) -> Iterator[str]:
    for row in rows:
        yield msgspec.json.encode(chosen_facts(row, names)).decode()
