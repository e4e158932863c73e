"""Notifications that a terminal shows on the desktop, asked for by an escape sequence.

OSC 9 is iTerm2's, OSC 777 urxvt's; a terminal that is not known to understand one is sent nothing.
"""

from collections.abc import Mapping
from typing import Final

_TITLE: Final = "bertcl"
_MOST: Final = 200
_KNOW_9: Final = frozenset({"iTerm.app", "iTerm2", "WezTerm", "ghostty", "kitty"})
_KNOW_777: Final = ("foot", "rxvt-unicode")


def desktop_sequence(text: str, environment: Mapping[str, str]) -> str:
    """Return what is written to the terminal so that it shows this; empty where it cannot.

    Args:
        text: one line; anything in it that a terminal would obey is taken out.
        environment: of the process.
    """
    plain = "".join(letter for letter in text if letter.isprintable()).replace(";", ",")[:_MOST]
    term = environment.get("TERM", "")
    program = environment.get("TERM_PROGRAM") or environment.get("LC_TERMINAL", "")
    if program in _KNOW_9 or term in {"xterm-kitty", "xterm-ghostty"}:
        return f"\x1b]9;{_TITLE}: {plain}\x07"
    if term.startswith(_KNOW_777):
        return f"\x1b]777;notify;{_TITLE};{plain}\x07"
    return ""
