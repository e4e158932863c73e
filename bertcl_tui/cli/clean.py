"""``clean``: what can go from the disk, and freeing it."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Annotated, Any, Final

import typer

from bertcl_tui.cli.output import make_table, print_json, print_text, say
from bertcl_tui.cli.parameters import Json, Store, offer_words
from bertcl_tui.options import readers
from bertcl_tui.settings import apply_places, read_settings, settings_file
from bertcl_tui.style.wording import size
from engine.store.connection import DEFAULT_STORE, open_store
from engine.work.cleaning import KINDS, Amount, Cleaning, Stock, free, kinds_of, look_at

_AGES: Final = {"30d": "the usual", "7d": "a week", "12h": "half a day", "0d": "all of it"}

Kinds = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KIND",
        help=f"What to look at: {', '.join(KINDS)}. All, where none is named.",
        autocompletion=offer_words(KINDS),
    ),
]
Older = Annotated[
    str,
    typer.Option(
        metavar="AGE",
        help="How long ago something was used last that may go though it is of some use.",
        autocompletion=offer_words(_AGES),
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Free it without asking.")]


def clean(
    kinds: Kinds = None,
    *,
    older: Older = "30d",
    yes: Yes = False,
    store: Store = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Show what can go from the disk, and free it after a y or with --yes.

    What belongs to runs that are deleted or over for good can go, and what killed processes left
    half written. Caches, first stages, files and lines of logs, and checkpoints of stopped runs
    can, where they were used last longer ago than --older. Nothing goes that a queued, paused or
    failed run could go on from, or that a living worker has.
    """
    wanted = [readers.one_of("kind of files", KINDS)(kind) for kind in kinds or KINDS]
    seconds = readers.age(older)
    apply_places(read_settings(settings_file()))
    with closing(open_store(store, create=False)) as at, at.plain_errors():
        cleaning = Cleaning(at, older=seconds)
        found = [look_at(cleaning, kind) for kind in kinds_of(at) if kind in wanted]
        can_go = [stock.kind for stock in found if stock.can_go.count]
        if not json:
            _print(found)
        if not can_go:
            say("nothing can go")
        freed: dict[str, Amount] = {}
        if can_go and (yes or (not json and _agreed(found))):
            freed = {kind: free(cleaning, kind) for kind in can_go}
            say(f"freed {_total(freed)}")
    if json:
        print_json(_facts(found, freed, seconds))


def _agreed(found: Sequence[Stock]) -> bool:
    """Ask the person, if there is one."""
    much = size(sum(stock.can_go.bytes for stock in found))
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        say(f"{much} can go; --yes frees it")
        return False
    try:
        return typer.confirm(f"Free {much}?", err=True)
    except typer.Abort:
        say("")
        return False


def _print(found: Sequence[Stock]) -> None:
    table = make_table(["kind"], ["there", "size", "can go", "size"], ["what it is"])
    for stock in found:
        table.add_row(stock.kind, *_cells(stock.there), *_cells(stock.can_go), KINDS[stock.kind])
    print_text(table)


def _cells(amount: Amount) -> tuple[str, str]:
    return f"{amount.count:,}", size(amount.bytes) if amount.count else ""


def _total(freed: Mapping[str, Amount]) -> str:
    each = ", ".join(f"{kind} {amount.count:,}" for kind, amount in freed.items())
    return f"{size(sum(amount.bytes for amount in freed.values()))} ({each})"


def _facts(found: Sequence[Stock], freed: Mapping[str, Amount], seconds: float) -> dict[str, Any]:
    return {
        "older_seconds": seconds,
        "kinds": [
            {
                "kind": stock.kind,
                "there": stock.there,
                "can_go": stock.can_go,
                "freed": freed.get(stock.kind, Amount(0, 0)),
            }
            for stock in found
        ],
    }
