"""Notifications on the desktop, by what a terminal is written."""

from collections.abc import Mapping
from typing import Final

_TITLE: Final = "bertcl"
_LONGEST: Final = 200
_SHOW_OSC_9: Final = frozenset({"iTerm.app", "iTerm2", "WezTerm", "ghostty", "kitty"})
_SHOW_OSC_777: Final = ("foot", "rxvt-unicode")


def desktop_sequence(text: str, environment: Mapping[str, str]) -> str:
    """Return what is written to the terminal so that it shows this; empty where it cannot.

    Args:
        text: one line; anything in it that a terminal would obey is taken out.
        environment: of the process.
    """
    plain = "".join(letter for letter in text if letter.isprintable()).replace(";", ",")[:_LONGEST]
    term = environment.get("TERM", "")
    program = environment.get("TERM_PROGRAM") or environment.get("LC_TERMINAL", "")
    if program in _SHOW_OSC_9 or term in {"xterm-kitty", "xterm-ghostty"}:
        return f"\x1b]9;{_TITLE}: {plain}\x07"
    if term.startswith(_SHOW_OSC_777):
        return f"\x1b]777;notify;{_TITLE};{plain}\x07"
    return ""
