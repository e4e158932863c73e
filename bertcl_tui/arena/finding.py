"""What is found as a table is typed. May block."""

from collections.abc import Mapping, Sequence

from bertcl_tui.arena.asking import read_sequences
from bertcl_tui.arena.fields import read_request, table_defaults
from bertcl_tui.store.starting import Findings, noting
from engine.arena.entrants import DEFAULT_RATE, parse_entrants
from engine.arena.layouts import FREE, paper_layout
from engine.arena.plan import TableSpec, make_plan
from engine.errors import EngineError, UsageError
from engine.store.connection import is_made, open_store
from engine.tasks.catalog import describe_sequence, known_tasks
from engine.tasks.entry import TaskEntry
from engine.tasks.models import model_path


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
    return Findings(tasks=tasks, troubles=troubles, runs=_runs(store, texts))


def _runs(store: str, texts: Mapping[str, str]) -> tuple[int, int] | None:
    try:
        table = read_request(texts).table
        there = _asked_for(store, table) if is_made(store) else 0
    except EngineError:
        return None
    runs = len(table.sequences) * len(table.entrants) * len(table.seeds)
    return runs - there, runs


def _asked_for(store: str, table: TableSpec) -> int:
    """Return how many runs of a table are in the store, whatever became of them."""
    opened = open_store(store, create=False)
    try:
        return sum(run.record is not None for run in make_plan(opened, table).runs)
    finally:
        opened.close()


def _describe(sequences: Sequence[tuple[str, ...]], data: str) -> None:
    for sequence in sequences if data else ():
        describe_sequence(sequence, data)
