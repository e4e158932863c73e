"""The options of a search as flags of a command: one table describes them for form and command."""

from collections.abc import Callable, Collection, Mapping
from inspect import Parameter, signature
from typing import Annotated, Any, Final

import typer

from bertcl_tui.cli.parameters import Offer, offer_data, offer_sequences, offer_words
from bertcl_tui.options import OPTIONS, Option, build_study_spec, preset_defaults
from engine.spec import StudySpec
from engine.tasks.catalog import describe_sequence

Texts = Mapping[str, str]
"""What was typed, by option name; empty: nothing."""

_TEXTS: Final = "texts"
_DEVICES: Final = {
    "auto": "CUDA, then MPS, then CPU",
    "cpu": "every core",
    "cuda": "the first GPU",
    "mps": "the GPU of a Mac",
}


def read_flags(texts: Texts) -> StudySpec:
    """Return the study that was asked for; whether its tasks are in the catalog is looked up too.

    Raises:
        UsageError: an option cannot be read, or a task is unknown.
    """
    spec = build_study_spec(texts)
    describe_sequence(spec.sequence, spec.data)
    return spec


def with_flags(
    command: Callable[..., None], *, without: Collection[str] = ()
) -> Callable[..., None]:
    """Return the command with the sequence as argument and a flag for every other option.

    Args:
        command: takes what was typed as its first parameter, ``texts``.
        without: names of options that mean nothing to it.
    """
    options = [item for item in OPTIONS if item.name not in without]
    own = [item for item in signature(command).parameters.values() if item.name != _TEXTS]

    def called(**values: Any) -> None:  # noqa: ANN401 - each has a type of its own in ``shown``
        texts = {item.name: values.pop(item.name) for item in options}
        command(texts, **values)

    shown = [*map(_parameter, options), *own]
    called.__doc__ = command.__doc__
    called.__signature__ = signature(called).replace(parameters=shown)  # type: ignore[attr-defined]
    called.__annotations__ = {item.name: item.annotation for item in shown}
    return called


def _parameter(item: Option) -> Parameter:
    if item.name == "sequence":
        info: Any = typer.Argument(
            metavar="SEQUENCE", help=item.help, autocompletion=offer_sequences
        )
        return Parameter(item.name, Parameter.KEYWORD_ONLY, annotation=Annotated[str, info])
    info = typer.Option(
        item.flag,
        metavar=item.metavar or item.name.upper(),
        help=_help(item),
        show_default=False,
        autocompletion=_offers(item),
    )
    return Parameter(item.name, Parameter.KEYWORD_ONLY, default="", annotation=Annotated[str, info])


def _offers(item: Option) -> Callable[..., Offer] | None:
    if item.choices:
        return offer_words(item.choices)
    return {"data": offer_data, "device": offer_words(_DEVICES)}.get(item.name)


def _help(item: Option) -> str:
    choices = f" One of {', '.join(item.choices)}." if item.choices else ""
    return f"{item.help}{choices} Default: {preset_defaults('default')[item.name]}."
