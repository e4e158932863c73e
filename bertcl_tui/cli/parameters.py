"""Arguments and flags that commands share."""

from typing import Annotated

import typer

from bertcl_tui.cli import completing

Store = Annotated[
    str,
    typer.Option(
        metavar="URL", help="Where studies are kept: a SQLite file, or the URL of a database."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Study = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study's name, or how it begins.",
        autocompletion=completing.studies,
    ),
]
Slots = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="How many workers there shall be; by default one per GPU, else two that share cores.",
    ),
]
