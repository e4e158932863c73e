"""Calling a command: the one that is called is loaded, and typer reads its words."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from inspect import cleandoc
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from bertcl_tui.app import open_app
from bertcl_tui.cli.commands import COMMANDS, PROGRAM, Command
from bertcl_tui.cli.parameters import NamedStore, StoreOfAll
from engine.errors import UsageError

_PACKAGE: Final = __package__

Version = Annotated[bool, typer.Option("--version", help="Print the version.")]


def run_command(arguments: Sequence[str]) -> int:
    """Run what was asked for and return the exit code.

    Raises:
        EngineError: it was asked wrongly, or could not be done.
    """
    program = typer.Typer(
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=f"Example: {PROGRAM} search rotten-tomatoes:privacy-qa --data sample",
    )
    group = _make_group(program, _open, COMMANDS)
    try:
        code: int | None = group(arguments, prog_name=PROGRAM, standalone_mode=False)
    except typer.TyperException as error:
        message = " ".join(error.format_message().split()).rstrip(".")
        raise UsageError(f"{message}; see {_help_of(arguments)}") from None
    return code or 0


def function_of(command: Command) -> Callable[..., None]:
    """Load the command."""
    module, _, name = command.function.partition(":")
    function: Callable[..., None] = getattr(import_module(f"{_PACKAGE}.{module}"), name)
    return function


class _Group(TyperGroup):
    """Shows its commands by what the table says of them; the one that is called is loaded."""

    table: Mapping[str, Command]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - typer's types are private
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else load(self.table[name]), rest


def _make_group(
    program: typer.Typer, function: Callable[..., None], commands: Sequence[Command]
) -> _Group:
    program.callback(cls=_Group, invoke_without_command=True)(function)
    group = get_command(program)
    assert isinstance(group, _Group)
    group.table = {command.name: command for command in commands}
    group.commands = {command.name: _shown(command) for command in commands}
    return group


def _shown(command: Command) -> TyperCommand:
    """Return what stands for a command in the help of the program."""
    return TyperCommand(command.name, help=command.help, rich_help_panel=command.panel or None)


def load(command: Command) -> TyperCommand | TyperGroup:
    """Load a command, with all of its words."""
    function = function_of(command)
    text = _flowing(function.__doc__ or "")
    examples = (f"Example: {PROGRAM} {line}" for line in command.example.splitlines())
    epilog = "\n\n".join(examples)
    if command.parts:
        program = typer.Typer(add_completion=False, help=text, epilog=epilog)
        return _make_group(program, function, command.parts)
    program = typer.Typer(add_completion=False)
    program.command(command.name, help=text, epilog=epilog)(function)
    loaded = get_command(program)
    assert isinstance(loaded, TyperCommand)
    return loaded


def _flowing(text: str) -> str:
    """Return paragraphs whose lines are as long as the terminal is wide."""
    paragraphs = cleandoc(text).split("\n\n")
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)


def _open(context: typer.Context, *, store: StoreOfAll = "", version: Version = False) -> None:
    """Find learning rates with which a transformer learns a new task and still knows the old one.

    Without a command, the app is opened.
    """
    if version:
        from importlib import metadata

        sys.stdout.write(f"{PROGRAM} {metadata.version(PROGRAM)}\n")
    elif context.invoked_subcommand is None:
        raise typer.Exit(open_app(store or None))
    elif store:
        named = NamedStore(store)
        context.default_map = {command.name: {"store": named} for command in COMMANDS}


def _help_of(arguments: Sequence[str]) -> str:
    known = next((word for word in arguments if word in {item.name for item in COMMANDS}), None)
    return " ".join(filter(None, (PROGRAM, known, "--help")))
