"""``report``: a study or the arena as one HTML file, to be sent to others."""

from pathlib import Path
from typing import Annotated, Final

import typer

from bertcl_tui.cli.output import say
from bertcl_tui.cli.parameters import Store, offer_studies
from bertcl_tui.cli.stores import opened
from bertcl_tui.report.page import check_report, report_file
from bertcl_tui.report.writing import write_study_report
from bertcl_tui.style.wording import size
from engine.errors import shown
from engine.files import expanded
from engine.store.connection import DEFAULT_STORE

ARENA: Final = "arena"

What = Annotated[
    str,
    typer.Argument(
        metavar="STUDY|arena",
        help="The name of a study, or arena for its tables.",
        autocompletion=offer_studies,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Where the page goes; by default the study's name with .html."
    ),
]


def report(what: What, *, out: Out = None, store: Store = DEFAULT_STORE) -> None:
    """Write a study, or the arena, as one HTML file with charts that needs no network."""
    check_report(report_file(what) if out is None else expanded(out))
    with opened(store) as at:
        name = what if what == ARENA else at.study(what).name
        file = expanded(out) if out is not None else report_file(name)
        if what == ARENA:
            from bertcl_tui.report.arena import write_arena_report

            written = write_arena_report(at.reader, file)
        else:
            written = write_study_report(at.reader, at.study(what).id, file)
    say(f"report written to {shown(file)} ({size(written)})")
