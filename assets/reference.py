"""The site's tables of commands, options, keys, methods and words, made of the program's own."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import typer
from textual.app import App
from typer.cli import get_docs_for_click
from typer.core import TyperGroup

from bertcl_tui.actions import actions_of
from bertcl_tui.actions.action import PLACES
from bertcl_tui.cli.calling import load
from bertcl_tui.cli.commands import COMMANDS, PROGRAM, Command
from bertcl_tui.help.screen import sections
from bertcl_tui.options import OPTIONS, Option, preset_defaults
from bertcl_tui.widgets.keys import key_names
from engine.spec import PRESETS
from engine.spec.methods import METHODS, MethodEntry, OptionValue

_OF_HELP: Final = "--help`: Show this message"
_TYPE: Final = re.compile(r"(?<=\w) <[a-z\[\]]+>`")
"""Behind the name of an argument, as typer writes it."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; what would end a cell is escaped."""
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def commands() -> str:
    """Return every command with its arguments, options and examples, by what they are for."""
    by_panel: dict[str, list[str]] = {}
    for command in COMMANDS:
        by_panel.setdefault(command.panel, []).append(_command(command))
    return "\n".join(f"## {panel}\n\n{''.join(said)}" for panel, said in by_panel.items())


def _command(command: Command, of: Sequence[str] = ()) -> str:
    words = (*of, command.name)
    loaded = load(command)
    loaded.epilog = None
    if isinstance(loaded, TyperGroup):
        loaded.commands = {}  # they follow, whole
    said = get_docs_for_click(
        obj=loaded,
        ctx=typer.Context(loaded, info_name=command.name),
        indent=2,
        name=" ".join((PROGRAM, *words)),
        title=" ".join(words),
    )
    kept = "\n".join(line for line in said.splitlines() if _OF_HELP not in line)
    own = _TYPE.sub("`", kept.rstrip().removesuffix("**Options**:").rstrip())
    own = own.replace("```console\n$ ", "```text\n")
    examples = "\n".join(f"{PROGRAM} {line}" for line in command.example.splitlines())
    parts = "".join(_command(part, words) for part in command.parts)
    return f"{own}\n\n**For example**:\n\n```text\n{examples}\n```\n\n{parts}"


def options() -> str:
    """Return every option of a search, with its default, and what other presets have instead."""
    return table(("option", "what it does", *PRESETS), map(_option, OPTIONS))


def _option(option: Option) -> tuple[str, ...]:
    usual, *others = (
        name if option.part == "preset" else preset_defaults(name)[option.name] for name in PRESETS
    )
    apart = (_value(other) if other != usual else "" for other in others)
    return (_flag(option), option.help, _value(usual), *apart)


def _value(text: str) -> str:
    """Write what can be typed as code, and what is only said of it as words."""
    return text if " " in text else _code(text)


def _flag(option: Option) -> str:
    return _code(
        option.name.upper() if option.name == "sequence" else f"--{option.name.replace('_', '-')}"
    )


def words_of_options() -> str:
    """Return what each word means where an option is one of a few words."""
    return "\n".join(
        f"### {option.label}\n\n{_flag(option)}: {option.help}\n\n"
        + table(("word", "what it means"), ((_code(word), said) for word, said in meant.items()))
        for option, meant in _with_words()
    )


def _with_words() -> Iterator[tuple[Option, Mapping[str, str]]]:
    return ((option, option.choices) for option in OPTIONS if option.choices)


def keys() -> str:
    """Return every key by the place where it is pressed, with the name that settings know."""
    app: App[object] = App()
    return "\n".join(
        f"## {place_name[0].upper()}{place_name[1:]}\n\n"
        + table(
            ("key", "what it does", "name"),
            (
                (_code(key_names(app, action)), action.help_in(place), _code(action.name))
                for action in actions_of(place)
            ),
        )
        for place, place_name in PLACES.items()
    )


def said_in_help(title: str) -> Callable[[], str]:
    """Return what makes a table of one of the sections of the help screen."""

    def made() -> str:
        (section,) = (found for found in sections(App(), ()) if found.title == title)
        return table(
            ("", "what it means"), ((f"**{name}**", said) for name, said in section.entries)
        )

    return made


def methods() -> str:
    """Return every method with its options."""
    rows = (
        (_code(entry.name), entry.title, entry.summary, _options_of(entry)) for entry in METHODS
    )
    return table(("method", "in tables", "what it does", "options (`--option NAME=VALUE`)"), rows)


def method_costs() -> str:
    """Return what every method that says so computes, and what that costs."""
    rows = ((_code(item.name), item.equation, item.cost) for item in METHODS if item.equation)
    return table(("method", "what it computes", "beside the cost of `flat`"), rows)


def _options_of(entry: MethodEntry) -> str:
    own = (option for option in entry.options if option.name != "lr")
    said = (f"`{option.name}` ({_short(option.default)}): {option.help}" for option in own)
    return "<br>".join(said) or "–"


def _short(default: OptionValue | None) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)


FRAGMENTS: Final[Mapping[str, Callable[[], str]]] = {
    "commands": commands,
    "options": options,
    "words-of-options": words_of_options,
    "keys": keys,
    "methods": methods,
    "method-costs": method_costs,
    "states": said_in_help("States"),
    "words": said_in_help("Words"),
    "curves": said_in_help("Reading the curves"),
    "filters": said_in_help("Filters"),
    "news": said_in_help("What is told"),
}
"""What a page may ask for, by name."""
