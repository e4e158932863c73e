"""Options that would do nothing beside others: they are refused, not passed over in silence."""

from collections.abc import Iterable
from typing import Final

import typer

from engine.errors import UsageError

_TYPED: Final = "COMMANDLINE"
"""How click calls where a value is from that a person wrote, and no default or variable said."""


def refuse_unused(context: typer.Context, names: Iterable[str], where: str) -> None:
    """Refuse options that were typed and would do nothing.

    Args:
        context: of the command.
        names: of its parameters.
        where: they would do nothing, such as ``with --offline``.

    Raises:
        UsageError: one of them was typed.
    """
    flags = {parameter.name: parameter.opts[0] for parameter in context.command.params}
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == _TYPED:
            raise UsageError(f"{flags[name]} does nothing {where}; leave it away")
