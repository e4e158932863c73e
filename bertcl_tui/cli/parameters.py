"""Arguments and flags that commands share, those of a search among them, and their completion.

Offers are names from store, catalog and tables; what cannot be read is not offered.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Annotated, Any, Final

import typer

from bertcl_tui.options import OPTIONS, Option, build_study_spec, preset_defaults
from bertcl_tui.options.readers import trial_numbers
from engine.errors import EngineError, UsageError, mask_password
from engine.spec import StudySpec
from engine.tasks.catalog import describe_sequence

Offer = list[tuple[str, str]]
"""Words with what they mean."""

_MARK: Final = ":"
_COMMA: Final = ","

Store = Annotated[
    str,
    typer.Option(
        metavar="URL", help="Where studies are kept: a SQLite file, or the URL of a database."
    ),
]
STORE_VARIABLE: Final = "BERTCL_STORE"
"""Of the environment: the store, where no ``--store`` names one."""
StoreOfAll = Annotated[
    str,
    typer.Option(
        metavar="URL",
        envvar=STORE_VARIABLE,
        help="Of every command: where studies are kept, a SQLite file or the URL of a database.",
    ),
]


class NamedStore:
    """The store that was named for all commands, as their default; shown without its password."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(self) -> str:
        return self._url

    def __str__(self) -> str:
        return mask_password(self._url)


Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Slots = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=1024,
        metavar="N",
        help="How many workers there shall be; by default one per GPU, else as many as learn "
        "fastest here, measured once. 0: none here, as where a cluster has them.",
    ),
]
Stack = Annotated[
    int,
    typer.Option(
        min=1,
        max=1024,
        metavar="N",
        help="How many trials of a study a worker learns at once, on a large GPU.",
    ),
]
Checkpoints = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Where runs keep what they go on from: a folder that hosts share, or "
        "s3://bucket/name. By default beside the store.",
    ),
]
Detach = Annotated[
    bool, typer.Option("--detach", help="Leave it to workers in the background, and return.")
]
HeadNames = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        help="The model's own head modules, besides classifier and the like, with commas between.",
        show_default=False,
    ),
]
Retry = Annotated[bool, typer.Option("--retry", help="Ask once more for runs that failed.")]
Texts = Mapping[str, str]
"""What was typed, by option name; empty: nothing."""
_TEXTS: Final = "texts"
DEVICES: Final = {
    "auto": "CUDA, then MPS, then CPU",
    "cpu": "every core",
    "cuda": "the first GPU",
    "mps": "the GPU of a Mac",
}


def names_in(text: str) -> tuple[str, ...]:
    """Return the names in a text that has commas between them."""
    return tuple(filter(None, map(str.strip, text.split(_COMMA))))


def offer_studies(context: typer.Context, incomplete: str) -> Offer:
    """Offer the studies of the store that the command names."""
    from bertcl_tui.store.reader import Reader
    from bertcl_tui.style.wording import trials_done
    from engine.store.connection import DEFAULT_STORE

    try:
        reader = Reader(_typed(context, "store") or DEFAULT_STORE)
        rows = reader.studies() if reader.exists else ()
        reader.close()
    except EngineError:
        return []
    return _fitting(((row.name, f"{row.state}, {trials_done(row)}") for row in rows), incomplete)


def offer_tasks(context: typer.Context, incomplete: str) -> Offer:
    """Offer the tasks of the data that the command names."""
    return _fitting(_known_tasks(context).items(), incomplete)


def offer_sequences(context: typer.Context, incomplete: str) -> Offer:
    """Offer the sequence with each task that could come next."""
    from engine.tasks.subsets import share_rows

    *earlier, _ = incomplete.split(_MARK)
    begun = "".join(f"{task}{_MARK}" for task in earlier)
    left = (
        (f"{begun}{task}", text)
        for task, text in _known_tasks(context).items()
        if not any(share_rows(task, name) for name in earlier)
    )
    return _fitting(left, incomplete)


def offer_words(meanings: Mapping[str, str]) -> Callable[[str], Offer]:
    """Return what offers these words."""

    def offer(incomplete: str) -> Offer:
        return _fitting(meanings.items(), incomplete)

    return offer


def offer_method_options(context: typer.Context, incomplete: str) -> Offer:
    """Offer the options of the method that the command names, but for the rate's own flag."""
    from engine.spec.methods import method_entry

    try:
        entry = method_entry(_typed(context, "method"))
    except EngineError:
        return []
    offered = ((f"{item.name}=", item.help) for item in entry.options if item.name != "lr")
    return _fitting(offered, incomplete)


def offer_data(incomplete: str) -> Offer:
    """Offer the data that have a name; folders and files are the shell's own matter."""
    from engine.tasks.sources import named_sources

    return _fitting(((source.word, source.meaning) for source in named_sources()), incomplete)


def offer_settings(incomplete: str) -> Offer:
    """Offer what can be set."""
    from bertcl_tui.actions import ACTIONS
    from bertcl_tui.settings.named import setting_names

    meanings = {f"keys.{action.name}": action.help for action in ACTIONS}
    return _fitting(((name, meanings.get(name, "")) for name in setting_names()), incomplete)


def offer_setting_values(context: typer.Context, incomplete: str) -> Offer:
    """Offer what the named setting can be."""
    from bertcl_tui.actions.presets import PRESET_HELP
    from bertcl_tui.settings import Settings
    from bertcl_tui.settings.named import SWITCHES
    from bertcl_tui.style.themes import theme_names

    name = _typed(context, "name")
    is_switch = isinstance(getattr(Settings(), name, None), bool)
    if name == "keys":
        return _fitting(PRESET_HELP.items(), incomplete)
    known = theme_names() if name == "theme" else SWITCHES if is_switch else ()
    return _fitting(((value, "") for value in known), incomplete)


def offer_orders(context: typer.Context, incomplete: str) -> Offer:
    """Offer what the trials of the named study can be sorted by."""
    from bertcl_tui.study.columns import sort_fields, titles

    said = titles()
    words = ((word, said.get(word, "")) for word in sort_fields(_choices(context)))
    return _fitting(words, incomplete)


def offer_columns(context: typer.Context, incomplete: str) -> Offer:
    """Offer each column that could come next after a comma."""
    from bertcl_tui.study.columns import titles
    from bertcl_tui.study.writing import FACTS

    *earlier, _ = incomplete.split(_COMMA)
    begun = "".join(f"{name}{_COMMA}" for name in earlier)
    rates = (f"lr{index}" for index in range(_choices(context)))
    said = titles()
    left = (name for name in (*FACTS, *rates) if name not in earlier)
    return _fitting(((f"{begun}{name}", said.get(name, "")) for name in left), incomplete)


def _choices(context: typer.Context) -> int:
    """Return for how many choices the trials of the named study have a rate; 0: unknown."""
    from bertcl_tui.cli.stores import opened
    from bertcl_tui.study.writing import choices_of
    from engine.store.connection import DEFAULT_STORE

    # An option that lacks its value ends the parsing before arguments get their names.
    name = _typed(context, "study") or next(iter(context.args), "")
    try:
        with opened(_typed(context, "store") or DEFAULT_STORE) as at:
            return choices_of(at.reader, at.study(name).id)
    except EngineError:
        return 0


Study = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study's name, or how it begins.",
        autocompletion=offer_studies,
    ),
]
Numbers = Annotated[
    list[str] | None,
    typer.Argument(metavar="[TRIAL]...", help="Numbers of trials, like 3 or 1,4,7-9."),
]


def _known_tasks(context: typer.Context) -> dict[str, str]:
    from engine.tasks.catalog import known_tasks

    try:
        entries = known_tasks(_typed(context, "data") or "hub")
    except EngineError:
        return {}
    return {entry.name: entry.description for entry in entries}


def _fitting(offered: Iterable[tuple[str, str]], incomplete: str) -> Offer:
    return [item for item in offered if item[0].startswith(incomplete)]


def _typed(context: typer.Context, name: str) -> str:
    """Return what the command line has for a parameter, here or before the command."""
    inner = context.params.get(name)
    outer = context.parent.params.get(name) if context.parent else None
    return str(inner or outer or "")


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
    return {"data": offer_data, "device": offer_words(DEVICES)}.get(item.name)


def _help(item: Option) -> str:
    choices = f" One of {', '.join(item.choices)}." if item.choices else ""
    return f"{item.help}{choices} Default: {preset_defaults('default')[item.name]}."


_TYPED: Final = "COMMANDLINE"
"""How click calls where a value is from that a person wrote, and no default or variable said."""


def refuse_unused(context: typer.Context, names: Iterable[str], where: str) -> None:
    """Refuse options that were typed and would do nothing beside others.

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


def numbers_in(words: Sequence[str] | None) -> tuple[int, ...]:
    """Return the trials that ``Numbers`` names.

    Raises:
        UsageError: a word is no number and no span of them.
    """
    return trial_numbers(",".join(words)) if words else ()
