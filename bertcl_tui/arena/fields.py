"""What is asked of a person who wants a table, for form and command line, and looking it up."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from typing import Final

from bertcl_tui.arena.beforehand import forecast
from bertcl_tui.arena.launching import TableRequest, asked_layout, make_request, read_sequences
from bertcl_tui.arena.look import Look
from bertcl_tui.options import OPTIONS, Field, readers
from bertcl_tui.options.readers import first_texts
from bertcl_tui.options.study import command, defaults_of, texts_of
from bertcl_tui.store.starting import Findings, noting
from engine.arena.entrants import DEFAULT_RATE, Entrant, parse_entrants, split_entrants
from engine.arena.layouts import FREE, LAYOUTS, paper_layout
from engine.arena.plan import TableSpec, make_plan
from engine.arena.rates import searched_stages
from engine.errors import EngineError, UsageError
from engine.profiles.profile import short_rate
from engine.spec import sequence_name
from engine.spec.protocol import FOLLOWING
from engine.store.connection import is_made, open_store
from engine.tasks.catalog import describe_sequence, known_tasks
from engine.tasks.models import model_path
from engine.tasks.task import TaskEntry

NOT_FOR_TABLES: Final = frozenset(
    {"sequence", "name", "trials", "method", "searched_stages", "budget"}
)
"""Options of a search that a table has in its own way."""
OF_SEARCHES: Final = tuple(item for item in OPTIONS if item.name not in NOT_FOR_TABLES)
"""Options of a search that all runs of a table share."""
OF_SETTINGS: Final = frozenset(
    item.name
    for item in OF_SEARCHES
    if item.name in {"data", "model", "preset"}
    or (item.part == "protocol" and item.target not in FOLLOWING)
)
"""Those of them that decide which runs may stand in one table."""

_UNSET: Final = {"budget": "search nothing", "search_on": "every column"}
_OF_THE_PAPER: Final = "as in the paper"
_FIRST_METHODS: Final = "flat,ewc-task,replay"
_LAYOUTS: Final = {
    FREE: "Any sequences and methods.",
    **{name: f"{paper_layout(name, DEFAULT_RATE).title}." for name in LAYOUTS if name != FREE},
}
_READ_SEEDS: Final = readers.whole("seeds", least=1, most=1000, example=5)
_READ_BUDGET: Final = readers.whole("budget", least=1, example=24)
_FIRST: Final = ("layout", "sequences", "methods", "seeds", "data", "model", "preset")


TABLE_FIELDS: Final = (
    Field(
        "layout",
        "Layout",
        "Which table.",
        readers.one_of("layout", _LAYOUTS),
        default=FREE,
        choices=_LAYOUTS,
    ),
    Field(
        "sequences",
        "Sequences",
        "The columns: sequences with commas between them.",
        read_sequences,
        long=True,
    ),
    Field(
        "methods",
        "Methods",
        "The rows, like flat,ewc-task@flat-tuned,mine.json: METHOD@RATES,option=value, "
        "or the file of a profile.",
        parse_entrants,
        long=True,
    ),
    Field("seeds", "Seeds", "How many runs make a cell.", _READ_SEEDS, default="5"),
    Field(
        "budget",
        "Budget",
        "Trials per search for a profile; flat and LLRD get as many epochs.",
        _READ_BUDGET,
    ),
    Field(
        "search_on",
        "Search on",
        "Where to search; by default on every column.",
        read_sequences,
        long=True,
    ),
    Field(
        "lr",
        "Rate",
        "Of methods that name no rates of their own.",
        readers.rate,
        default=short_rate(DEFAULT_RATE),
    ),
)
_BY_NAME: Final[Mapping[str, Field]] = {item.name: item for item in (*TABLE_FIELDS, *OF_SEARCHES)}
FORM_FIELDS: Final = tuple(
    _BY_NAME[name] for name in (*_FIRST, *(name for name in _BY_NAME if name not in _FIRST))
)
"""All of them, the most important first."""


def table_field(name: str) -> Field:
    """Return the field of that name."""
    return _BY_NAME[name]


def table_defaults(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the text that stands for every field's default, beside what was typed of others."""
    own = {item.name: item.default or _UNSET.get(item.name, "") for item in TABLE_FIELDS}
    if texts.get("layout", FREE) not in {"", FREE}:
        own |= dict.fromkeys(("sequences", "methods"), _OF_THE_PAPER)
    shared = defaults_of(_of_searches(texts))
    return {**{item.name: shared[item.name] for item in OF_SEARCHES}, **own}


def idle_fields(texts: Mapping[str, str]) -> Collection[str]:
    """Return the fields that are for nothing beside what was typed of others."""
    methods = texts.get("methods", "").strip()
    try:
        entrants = parse_entrants(methods) if methods else ()
    except UsageError:  # it may become one that needs them
        return ()
    return () if any(searched_stages(each) == "later" for each in entrants) else {"first_lr"}


def read_request(texts: Mapping[str, str]) -> TableRequest:
    """Return what is to be run.

    Args:
        texts: by field; what is missing or empty is the default.

    Raises:
        UsageError: something cannot be read, or is missing.
    """
    typed = {name: texts.get(name, "").strip() or item.default for name, item in _BY_NAME.items()}
    layout = asked_layout(
        typed["layout"], typed["sequences"], typed["methods"], "", readers.rate(typed["lr"])
    )
    return make_request(
        layout,
        _of_searches(texts),
        seeds=_READ_SEEDS(typed["seeds"]),
        budget=_READ_BUDGET(typed["budget"]) if typed["budget"] else None,
        search_on=typed["search_on"],
    )


def table_command(texts: Mapping[str, str], *, store: str | None = None) -> str:
    """Write the command line that asks for the same table.

    Args:
        texts: by field, as typed.
        store: named only where it is not the default one.
    """
    return command(["arena"], FORM_FIELDS, texts, table_defaults(texts), store=store)


def first_table_texts() -> dict[str, str]:
    """Return a table on the sample pack where that is installed, else nothing."""
    texts = first_texts()
    if not texts:
        return {}
    return {**texts, "sequences": texts.pop("sequence"), "methods": _FIRST_METHODS}


def texts_of_look(look: Look) -> dict[str, str]:
    """Return the texts that ask for what a shown table lacks."""
    item, layout = look.recorded, look.layout
    planned = [found.planned for found in item.results.cells.values()]
    texts = {
        "layout": layout.name,
        "seeds": str(max(planned, default=1)),
        **texts_of(item.data, item.model, item.protocol),
    }
    if layout.name == FREE:
        texts["sequences"] = ",".join(map(sequence_name, layout.sequences))
        texts["methods"] = ",".join(map(_word, layout.entrants))
    return texts


def with_method(text: str, word: str) -> str:
    """Return the methods with this one at their end, or without it where it was among them."""
    words = split_entrants(text)
    others = [item for item in words if item != word]
    return ",".join(others if len(others) < len(words) else [*words, word])


def _word(entrant: Entrant) -> str:
    """Write an entrant as briefly as it is read."""
    plain = entrant.rates == DEFAULT_RATE and not entrant.options
    return entrant.method if plain else entrant.name


def _of_searches(texts: Mapping[str, str]) -> dict[str, str]:
    return {item.name: texts.get(item.name, "") for item in OF_SEARCHES}


def look_up_table(store: str, texts: Mapping[str, str]) -> Findings:
    """Look up what was typed, as far as it can be read."""
    defaults = table_defaults(texts)
    data, model, layout = (
        texts.get(name, "").strip() or defaults[name] for name in ("data", "model", "layout")
    )
    troubles: dict[str, str] = {}
    tasks: tuple[TaskEntry, ...] = ()
    with noting(troubles, "data"):
        tasks = known_tasks(data)
    with noting(troubles, "model"):
        model_path(model)
    sequences = texts.get("sequences", "").strip()
    if layout == FREE:
        with noting(troubles, "sequences"):
            if not sequences:
                raise UsageError("no sequence yet; name some, TASK:TASK,TASK:TASK")
            _describe(read_sequences(sequences), data if tasks else "")
        with noting(troubles, "methods"):
            parse_entrants(texts.get("methods", ""))
    else:
        with noting(troubles, "layout"):
            _describe(paper_layout(layout, DEFAULT_RATE).sequences, data if tasks else "")
        with noting(troubles, "sequences"):
            if sequences:
                raise UsageError(f"{layout} has its own sequences; leave this empty")
    with noting(troubles, "search_on"):
        _describe(read_sequences(texts.get("search_on", "")), data if tasks else "")
    runs = _runs(store, texts)
    said = _forecast(store, texts, runs[0]) if runs and not troubles else ""
    return Findings(tasks=tasks, troubles=troubles, runs=runs, forecast=said)


def _runs(store: str, texts: Mapping[str, str]) -> tuple[int, int] | None:
    try:
        table = read_request(texts).table
        there = _asked_for(store, table) if is_made(store) else 0
    except EngineError:
        return None
    runs = len(table.sequences) * len(table.entrants) * len(table.seeds)
    return runs - there, runs


def _forecast(store: str, texts: Mapping[str, str], missing: int) -> str:
    try:
        return forecast(store, read_request(texts), missing)
    except EngineError:
        return ""


def _asked_for(store: str, table: TableSpec) -> int:
    """Return how many runs of a table are in the store, whatever became of them."""
    with closing(open_store(store, create=False)) as opened:
        return sum(run.record is not None for run in make_plan(opened, table).runs)


def _describe(sequences: Sequence[tuple[str, ...]], data: str) -> None:
    for sequence in sequences if data else ():
        describe_sequence(sequence, data)
