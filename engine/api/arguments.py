"""What a Python caller gives and is told: arguments of their kind, named as Python names them."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import wraps
from inspect import signature
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, ParamSpec, TypeVar, Union, get_args, get_origin
from typing import get_type_hints as hints_of

from engine.errors import EngineError, UsageError, shown
from engine.profiles.parameters import Model
from engine.spec import Protocol, SearchSettings

Given = ParamSpec("Given")
Returned = TypeVar("Returned")

_OPTION: Final = re.compile(r"--([a-z][a-z-]*)(?: ([\w.:/+=-]*[\w/]))?")
"""As messages for the command line have one, with its value."""
_COMMANDS: Final = ("bertcl-tui ", "pip ", "optuna ")
_ROOMS: Final[Mapping[str, Collection[str]]] = {
    "protocol": Protocol.__struct_fields__,
    "settings": SearchSettings.__struct_fields__,
}
"""Arguments that hold others, by the names of these."""
_KINDS: Final[Mapping[object, str]] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    Path: "a path",
    NoneType: "None",
    Model: "a torch.nn.Module",
}


def for_python(verb: Callable[Given, Returned]) -> Callable[Given, Returned]:
    """Let a verb refuse arguments of another kind than it says, and name them as Python does.

    Where a message has ``--lr 2e-5`` for the command line, the caller reads ``lr=2e-5``.
    """
    names = signature(verb).parameters

    @wraps(verb)
    def told(*args: Given.args, **named: Given.kwargs) -> Returned:
        try:
            given = signature(verb).bind(*args, **named).arguments
        except TypeError:
            return verb(*args, **named)  # says the same, and of which function
        hints = hints_of(verb)
        for name, value in given.items():
            if not _fits(value, hints[name]):
                kind = _kind(hints[name])
                raise UsageError(f"{name} is {kind}, not {shown(repr(value))}")
        try:
            return verb(*args, **named)
        except EngineError as error:
            text = _in_python(str(error), names)
            if text == str(error):
                raise
            raise type(error)(text) from error

    return told


def as_written(name: str, value: object, room: str = "") -> str:
    """Return an argument as a caller writes it, or what stands in another one."""
    text = shown(value if isinstance(value, _Word) else repr(value))
    return f"{room}={{{name!r}: {text}}}" if room else f"{name}={text}"


class _Word(str):
    """Stands for a value, and is none."""

    __slots__ = ()


def _in_python(text: str, names: Collection[str]) -> str:
    def written(match: re.Match[str]) -> str:
        clause = re.split(r"[;,()`]", text[: match.start()])[-1]
        if any(command in clause for command in _COMMANDS):
            return match[0]
        name, value = match[1].replace("-", "_"), match[2] or ""
        if name == "option" and "options" in names:
            name, _, value = value.partition("=")
            return as_written(name, _value(value), "options")
        rooms = (room for room, inside in _ROOMS.items() if room in names and name in inside)
        if name not in names and (room := next(rooms, None)) is not None:
            return as_written(name, _value(value), room)
        return as_written(name, _value(value)) if name in names else match[0]

    return _OPTION.sub(written, text)


def _value(text: str) -> object:
    if not text:
        return _Word("…")
    if text.isupper():
        return _Word(text)
    try:
        float(text)
    except ValueError:
        return text
    return _Word(text)


def _fits(value: object, hint: Any) -> bool:  # noqa: ANN401 - whatever a signature may say
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is Literal:
        return value in parts
    if origin in (Sequence, Collection):
        if not isinstance(value, Collection) or isinstance(value, str | bytes | Mapping):
            return False
        return isinstance(value, origin) and all(_fits(each, parts[0]) for each in value)
    if origin is Mapping:
        pairs = list(value.items()) if isinstance(value, Mapping) else [(None, None)]
        return all(_fits(key, parts[0]) and _fits(each, parts[1]) for key, each in pairs)
    is_switch = isinstance(value, bool) and hint is not bool  # to Python it is a number too
    kind = int | float if hint is float else origin or hint
    return hint in (Any, object) or (isinstance(value, kind) and not is_switch)


def _kind(hint: Any) -> str:  # noqa: ANN401 - as above
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(map(_kind, parts)))
    if origin is Literal:
        return " or ".join(map(repr, parts))
    if origin in (Sequence, Collection):
        return f"a list of {_kind(parts[0]).removeprefix('a ')}"
    if origin is Mapping:
        return "a dict by name"
    return _KINDS.get(hint, f"a {getattr(hint, '__name__', hint)}")
