"""Errors for people: one line that says what is wrong, with which thing, and the way out."""

import re
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final, TypeVar

_ROOM: Final = 200
"""Letters of something foreign in a message: enough for most paths and names."""
_LONGEST: Final = 1000
"""Letters of a whole message."""
_PASSWORD: Final = re.compile(r"(://[^/:@]*:)(?:.*(?=@)|(?!:|\d+(?:[/?]|$))[^/?]+)", re.DOTALL)
"""Also of one whose host was forgotten; what could be a port is none."""
_SECRET_OPTION: Final = re.compile(r"([?&][^=&]*(?:pass|secret|token)[^=&]*=)[^&]*", re.IGNORECASE)


def shown(foreign: object, room: int = _ROOM) -> str:
    r"""Return text from elsewhere as it may stand in a message: printable, on one line, and cut.

    What is no printable letter is escaped (``\x1b``, ``\n``, ``\udcff``), so that no text can clear
    a terminal or look like a line of ours. What is too long loses its middle.
    """
    text = str(foreign)
    if len(text) > room:
        begin = 2 * (room - 1) // 3
        text = f"{text[:begin]}…{text[begin + 1 - room :]}"
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() else repr(letter)[1:-1]


def mask_password(url: str) -> str:
    """Return a URL as it may be shown, even one that is none; a path is as it was."""
    return _SECRET_OPTION.sub(r"\1***", _PASSWORD.sub(r"\1***", url))


class EngineError(Exception):
    """Work could not be done. The message is one line, ready to be shown."""

    exit_code: ClassVar[int] = 1
    """What a process ends with that can do no more than say so."""

    def __init__(self, message: object) -> None:
        super().__init__(shown(message, _LONGEST))


class UsageError(EngineError):
    """What was asked for cannot be done as asked; nothing was written.

    The message says what is wrong, with which thing, and what to do instead. Whoever runs a
    command or asks a process for something shows it as it is.
    """

    exit_code: ClassVar[int] = 2


class StorageError(EngineError):
    """The store or its disk is in trouble: locked, full, not to be reached.

    Nothing is wrong with what was to be done; it may be done later.
    """


class UnreachableError(StorageError, UsageError):
    """What lies elsewhere, on the model hub, is not to be had just now.

    Nothing is wrong with a run that needs it. A person may wait too, or ask for something else.
    """


class DeletedError(EngineError):
    """What an id stands for was deleted meanwhile; whoever has such an id drops it."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is spelled most like this one; None: none is."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(known), n=1)), None)


def did_you_mean(near: str | None) -> str:
    """Begin the list of what there is, where a name is unknown, with the one most like it."""
    return f"did you mean '{shown(near)}'? Use one of" if near else "use one of"


def unknown_name(what: str, name: object, known: Iterable[str]) -> UsageError:
    """Say that nothing is called so, which known name is most like it, and what there is."""
    known = tuple(known)
    hint = did_you_mean(nearest(str(name), known))
    return UsageError(f"no {what} named '{shown(name)}'; {hint} {', '.join(known)}")


Thing = TypeVar("Thing")


def look_up(what: str, name: str, known: Mapping[str, Thing]) -> Thing:
    """Return the thing of that name.

    Args:
        what: it is called in a message, such as ``preset``.
        name: as a person wrote it.
        known: things by their names.

    Raises:
        UsageError: there is none.
    """
    if name not in known:
        raise unknown_name(what, name, known)
    return known[name]


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says; its kind, where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def kind_and_line(error: BaseException) -> str:
    """Return what kind of error it is, and the first line of what it says."""
    return f"{type(error).__name__}: {first_line(error)}"


def reason_of(error: OSError) -> str:
    """Return the reason of an error of the system, as part of a sentence: ``no such file …``."""
    return shown(error.strerror or error).lower()
