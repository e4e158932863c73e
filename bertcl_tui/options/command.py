"""The command that asks for the same search."""

import shlex
from collections.abc import Mapping

from bertcl_tui.options.study import default_text, preset_defaults
from bertcl_tui.options.table import OPTIONS, option

_PROGRAM = "bertcl-tui search"


def search_command(options: Mapping[str, str], *, store: str | None = None) -> str:
    """Write the command line of a search, without what is the default anyway.

    Args:
        options: text by option name, as typed.
        store: named only where it is not the default one.
    """
    sequence = options.get("sequence", "").strip()
    words = [_PROGRAM, shlex.quote(sequence) if sequence else "SEQUENCE"]
    of_preset = preset_defaults(options.get("preset", "").strip() or option("preset").default)
    for item in OPTIONS:
        text = options.get(item.name, "").strip()
        default = default_text(options, item.name) or of_preset[item.name]
        if item.name != "sequence" and text not in {"", default}:
            words += [item.flag, shlex.quote(text)]
    if store is not None:
        words += ["--store", shlex.quote(store)]
    return " ".join(words)
