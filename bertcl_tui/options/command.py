"""The command that asks for the same."""

import shlex
from collections.abc import Iterable, Mapping

from bertcl_tui.options.field import Field
from bertcl_tui.options.study import defaults_of
from bertcl_tui.options.table import OPTIONS

_PROGRAM = "bertcl-tui"


def search_command(options: Mapping[str, str], *, store: str | None = None) -> str:
    """Write the command line of a search, without what is the default anyway.

    Args:
        options: text by option name, as typed.
        store: named only where it is not the default one.
    """
    sequence = options.get("sequence", "").strip()
    words = ["search", shlex.quote(sequence) if sequence else "SEQUENCE"]
    rest = (item for item in OPTIONS if item.name != "sequence")
    return command(words, rest, options, defaults_of(options), store=store)


def command(
    words: Iterable[str],
    fields: Iterable[Field],
    texts: Mapping[str, str],
    defaults: Mapping[str, str],
    *,
    store: str | None = None,
) -> str:
    """Write a command line with a flag for every field in which something else than its default is.

    Args:
        words: what comes first.
        fields: what there are flags for.
        texts: by name, as typed.
        defaults: by name.
        store: named only where it is not the default one.
    """
    written = [_PROGRAM, *words]
    for field in fields:
        text = texts.get(field.name, "").strip()
        if text not in {"", defaults[field.name]}:
            written += [field.flag, shlex.quote(text)]
    if store is not None:
        written += ["--store", shlex.quote(store)]
    return " ".join(written)
