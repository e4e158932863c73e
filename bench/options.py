"""Options of a bench from the fields of what it measures: one place says which there are."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Annotated, Any, get_args, get_origin

import msgspec
import typer
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo


def run_with(kind: type[Struct], command: Callable[..., None]) -> None:
    """Run a command with what was typed.

    Args:
        kind: of what it takes first, each field of which becomes an option.
        command: what is run; its other parameters are options too.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(with_fields(kind, command))
    app()


def with_fields(kind: type[Struct], command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with an option for each field of what it takes first."""
    fields = msgspec.structs.fields(kind)
    _, *own = signature(command).parameters.values()

    def called(**values: Any) -> None:  # noqa: ANN401 - each has a type of its own in ``shown``
        command(kind(**{field.name: values.pop(field.name) for field in fields}), **values)

    shown = [*map(_option, fields), *own]
    called.__doc__ = command.__doc__
    called.__signature__ = signature(called).replace(parameters=shown)  # type: ignore[attr-defined]
    called.__annotations__ = {item.name: item.annotation for item in shown}
    return called


def _option(field: FieldInfo) -> Parameter:
    kind, help_ = field.type, None
    if get_origin(kind) is Annotated:
        kind, *notes = get_args(kind)
        help_ = next((note.description for note in notes if isinstance(note, Meta)), None)
    return Parameter(
        field.name,
        Parameter.KEYWORD_ONLY,
        default=field.default,
        annotation=Annotated[kind, typer.Option(help=help_)],
    )
