"""Arguments and flags that commands share, and what a shell offers for them when tab is pressed.

Offers are names from store, catalog and tables; what cannot be read is not offered.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Final

import typer

from engine.errors import EngineError

Offer = list[tuple[str, str]]
"""Words with what they mean."""

_MARK: Final = ":"


def offer_studies(context: typer.Context, incomplete: str) -> Offer:
    """Offer the studies of the store that the command names."""
    from bertcl_tui.store.reader import Reader
    from bertcl_tui.style.wording import trials_done
    from engine.store.connection import DEFAULT_STORE

    try:
        reader = Reader(_typed(context, "store") or DEFAULT_STORE)
        rows = reader.studies() if reader.exists else ()
        reader.close()
    except EngineError:
        return []
    return _fitting(((row.name, f"{row.state}, {trials_done(row)}") for row in rows), incomplete)


def offer_tasks(context: typer.Context, incomplete: str) -> Offer:
    """Offer the tasks of the data that the command names."""
    return _fitting(_known_tasks(context).items(), incomplete)


def offer_sequences(context: typer.Context, incomplete: str) -> Offer:
    """Offer the sequence with each task that could come next."""
    from engine.tasks.subsets import share_rows

    *earlier, _ = incomplete.split(_MARK)
    begun = "".join(f"{task}{_MARK}" for task in earlier)
    left = (
        (f"{begun}{task}", text)
        for task, text in _known_tasks(context).items()
        if not any(share_rows(task, name) for name in earlier)
    )
    return _fitting(left, incomplete)


def offer_words(meanings: Mapping[str, str]) -> Callable[[str], Offer]:
    """Return what offers these words."""

    def offer(incomplete: str) -> Offer:
        return _fitting(meanings.items(), incomplete)

    return offer


def offer_data(incomplete: str) -> Offer:
    """Offer the data that have a name; folders and files are the shell's own matter."""
    known = {
        "sample": "real text that needs the package index only",
        "hub": "GLUE, from the hub",
    }
    return _fitting(known.items(), incomplete)


def offer_settings(incomplete: str) -> Offer:
    """Offer what can be set."""
    from bertcl_tui.actions import ACTIONS
    from bertcl_tui.settings.named import setting_names

    meanings = {f"keys.{action.name}": action.help for action in ACTIONS}
    return _fitting(((name, meanings.get(name, "")) for name in setting_names()), incomplete)


def offer_setting_values(context: typer.Context, incomplete: str) -> Offer:
    """Offer what the named setting can be."""
    from bertcl_tui.settings import Settings
    from bertcl_tui.settings.named import SWITCHES
    from bertcl_tui.style.themes import theme_names

    name = _typed(context, "name")
    is_switch = isinstance(getattr(Settings(), name, None), bool)
    known = theme_names() if name == "theme" else SWITCHES if is_switch else ()
    return _fitting(((value, "") for value in known), incomplete)


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
        autocompletion=offer_studies,
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
Detach = Annotated[
    bool, typer.Option("--detach", help="Leave it to workers in the background, and return.")
]
Retry = Annotated[bool, typer.Option("--retry", help="Ask once more for runs that failed.")]


def _known_tasks(context: typer.Context) -> dict[str, str]:
    from engine.tasks.catalog import known_tasks

    try:
        entries = known_tasks(_typed(context, "data") or "hub")
    except EngineError:
        return {}
    return {entry.name: entry.description for entry in entries}


def _fitting(offered: Iterable[tuple[str, str]], incomplete: str) -> Offer:
    return [item for item in offered if item[0].startswith(incomplete)]


def _typed(context: typer.Context, name: str) -> str:
    """Return what the command line has for a parameter, here or before the command."""
    inner = context.params.get(name)
    outer = context.parent.params.get(name) if context.parent else None
    return str(inner or outer or "")
