"""All trials of one or several studies in one file, for programs."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from textual.screen import Screen

from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.kit.pending import carry_out
from bertcl_tui.kit.studies import called
from bertcl_tui.options.readers import file_field
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.study.writing import FACTS, RATES, choices_of, chosen_facts, listed_trials
from bertcl_tui.style.wording import count
from engine.errors import shown
from engine.files import check_target, expanded

_STUDY: Final = "study"
"""The column with the study's name, before those of a trial."""
_JSON: Final = ".json"
"""Ending of what has the rates as a list."""


def export(screen: Screen[Any], reader: Reader, studies: Sequence[StudyRow]) -> None:
    """Ask for a file, and write all trials of studies into it."""

    def answered(texts: Texts | None) -> None:
        if texts is not None:
            out = expanded(texts["path"])
            carry_out(screen.app, partial(_export, reader, studies, out), group="export")

    screen.app.push_screen(_export_form(studies), answered)


def _export(reader: Reader, studies: Sequence[StudyRow], out: Path) -> str:
    written = write_studies(reader, studies, out)
    return f"{count(written, 'trial')} written to {shown(out.absolute())}"


def _export_form(studies: Sequence[StudyRow]) -> FormScreen:
    """Ask for the file that the trials of studies are written into."""
    trials = count(sum(sum(study.counts.values()) for study in studies), "trial")

    def remark(texts: Texts) -> str:
        from engine.exports.rows import check_ending

        target = expanded(texts["path"]).absolute()
        check_ending(target)
        check_target(target)
        verb = "Replaces" if target.exists() else "Writes"
        return f"{verb} {target}: {trials} of {called(studies)}, with every digit"

    first = studies[0].name.replace(":", "-").replace("/", "-")
    file = f"{first if len(studies) == 1 else 'studies'}.csv"
    field = file_field("Ends in .csv, .tsv, .json or .parquet.", file)
    return FormScreen(f"Export {called(studies)}", [field], go="Export", remark=remark)


def write_studies(reader: Reader, studies: Sequence[StudyRow], out: Path) -> int:
    """Write all trials of studies into one file, each with its study's name; return how many.

    Raises:
        EngineError: the store cannot be read, or the file cannot be written.
    """
    from engine.exports.rows import write_rows

    most = max(choices_of(reader, study.id) for study in studies)
    as_list = out.suffix == _JSON
    rates = [RATES] if as_list else [f"lr{index}" for index in range(most)]
    names = [part for name in FACTS for part in (rates if name == RATES else [name])]

    def rows() -> Iterator[list[Any]]:
        for study in studies:
            numbers = reader.ordered_trials(study.id).numbers
            for trial in listed_trials(reader, study.id, numbers):
                yield [study.name, *chosen_facts(trial, names).values()]

    return write_rows([_STUDY, *names], rows(), out)
