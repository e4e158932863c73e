"""Bell and desktop: what a terminal does so that somebody looks up."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from bertcl_tui.news.channels import Channel, ChannelError, channels_of, run_quietly
from bertcl_tui.news.events import News, joined
from bertcl_tui.news.rules import Rule

_TITLE: Final = "bertcl"
_LONGEST: Final = 200
_TERMINAL: Final = Path("/dev/tty")
_SHOW_OSC_9: Final = frozenset({"iTerm.app", "iTerm2", "WezTerm", "ghostty", "kitty"})
_SHOW_OSC_777: Final = ("foot", "rxvt-unicode")
_APPLE_SCRIPT: Final = (
    "on run argv",
    f'display notification (item 1 of argv) with title "{_TITLE}"',
    "end run",
)


class DesktopProgram(Struct, frozen=True):
    """Has a program of the desktop show it."""

    words: tuple[str, ...]
    name: str = "desktop"

    def send(self, several: Sequence[News]) -> None:
        """Show it."""
        run_quietly([*self.words, plain(joined(several))], os.environ)


def plain(text: str) -> str:
    """Return a short line without anything that a terminal would obey."""
    line = " · ".join(text.splitlines())
    return "".join(letter for letter in line if letter.isprintable())[:_LONGEST]


def desktop_sequence(text: str, environment: Mapping[str, str]) -> str:
    """Return what is written to the terminal so that it shows this; empty where it cannot.

    Args:
        text: lines; anything in them that a terminal would obey is taken out.
        environment: of the process.
    """
    line = plain(text).replace(";", ",")
    term = environment.get("TERM", "")
    program = environment.get("TERM_PROGRAM") or environment.get("LC_TERMINAL", "")
    if program in _SHOW_OSC_9 or term in {"xterm-kitty", "xterm-ghostty"}:
        return f"\x1b]9;{_TITLE}: {line}\x07"
    if term.startswith(_SHOW_OSC_777):
        return f"\x1b]777;notify;{_TITLE};{line}\x07"
    return ""


def desktop_program(
    environment: Mapping[str, str], which: Callable[[str], str | None] = shutil.which
) -> DesktopProgram | None:
    """Return the program that shows a text where the terminal cannot; None: there is none."""
    if any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")) and (
        program := which("notify-send")
    ):
        return DesktopProgram((program, f"--app-name={_TITLE}", "--", _TITLE))
    if environment.get("SSH_CONNECTION") is None and (program := which("osascript")):
        lines = tuple(word for line in _APPLE_SCRIPT for word in ("-e", line))
        return DesktopProgram((program, *lines))
    return None


class Bell(Struct, frozen=True):
    """Rings the terminal that a command was typed in."""

    name: str = "bell"

    def send(self, _: Sequence[News], /) -> None:
        """Ring once, however much happened."""
        _write("\a")


class Desktop(Struct, frozen=True):
    """Has the terminal that a command was typed in show it, or else a program."""

    name: str = "desktop"

    def send(self, several: Sequence[News]) -> None:
        """Show it."""
        sequence = desktop_sequence(joined(several), os.environ)
        program = desktop_program(os.environ)
        if sequence:
            _write(sequence)
        elif program is not None:
            program.send(several)
        else:
            raise ChannelError("this terminal cannot show it, and notify-send is not here")


def _write(sequence: str) -> None:
    try:
        with _TERMINAL.open("w", encoding="utf-8") as terminal:
            terminal.write(sequence)
    except OSError:
        raise ChannelError("there is no terminal") from None


def all_channels_of(rule: Rule) -> tuple[Channel, ...]:
    """Return where a rule has news brought, for a command: its terminal among it."""
    bell = (Bell(),) if rule.bell else ()
    desktop = (Desktop(),) if rule.desktop else ()
    return (*bell, *desktop, *channels_of(rule))
