"""Setting up a study: what is found out as it is typed, and writing it. Both may block."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Final

from msgspec import Struct

from bertcl_tui.options import build_study_spec, readers
from bertcl_tui.options.study import build_protocol, default_text, texts_of_study
from bertcl_tui.store.reader import Reader
from engine.errors import EngineError, UsageError, shown
from engine.spec import sequence_name
from engine.tasks.catalog import data_name, describe, describe_sequence, known_tasks
from engine.tasks.facts import FactsQuestion
from engine.tasks.models import model_name, model_path
from engine.tasks.task import TaskEntry

_NUMBERED: Final = re.compile(r"-\d+$")


class Findings(Struct, frozen=True, kw_only=True):
    """What catalog and store say of a study that is being typed."""

    tasks: tuple[TaskEntry, ...]
    """Those of the chosen data."""
    troubles: dict[str, str]
    """One line for each option that cannot be so."""
    free_name: str = ""
    """What the study is called unless the person names it; empty while there is no sequence."""
    runs: tuple[int, int] | None = None
    """How many runs of a table are missing, and how many it has; None: no table was asked for."""
    forecast: str = ""
    """How long it takes, and what a table will show; empty: nobody knows."""
    questions: tuple[FactsQuestion, ...] = ()
    """What can be asked of the tasks that were named."""


def look_up(store: str, texts: Mapping[str, str]) -> Findings:
    """Look up what was typed, as far as it can be read."""
    troubles: dict[str, str] = {}
    tasks: tuple[TaskEntry, ...] = ()
    sequence: tuple[str, ...] = ()
    data = _text(texts, "data")
    with noting(troubles, "data"):
        tasks = known_tasks(data)
    with noting(troubles, "model"):
        model_path(_text(texts, "model"))
    with noting(troubles, "sequence"):
        sequence = readers.sequence(_text(texts, "sequence"))
        if tasks:
            describe_sequence(sequence, data)
    usual, name = sequence_name(sequence), _text(texts, "name")
    free_name = ""
    with noting(troubles, "name"):
        free_name = _free_name(store, name or usual)
        if name and free_name != name:
            raise UsageError(f"there is a study named '{shown(name)}'; choose another name")
    readable = not troubles.keys() & {"data", "model"}
    return Findings(
        tasks=tasks,
        troubles=troubles,
        free_name=free_name,
        questions=tuple(_questions(texts)) if readable else (),
    )


def _questions(texts: Mapping[str, str]) -> Iterator[FactsQuestion]:
    """Yield what is to be known of each task that was named so far and that there is."""
    with suppress(UsageError):
        protocol, data = build_protocol(texts), data_name(_text(texts, "data"))
        for name in filter(None, map(str.strip, _text(texts, "sequence").split(":"))):
            with suppress(UsageError):
                describe(name, data)
                yield FactsQuestion(
                    task=name,
                    data=data,
                    model=model_name(_text(texts, "model")),
                    selection=protocol.selection,
                    eval_rows=protocol.eval_rows,
                    length_split=protocol.length_split,
                )


def texts_like(reader: Reader, study_id: int) -> dict[str, str]:
    """Return the texts that ask for a search like one that is there, under a free name.

    Raises:
        UsageError: it was deleted.
        EngineError: the store cannot be read.
    """
    record = reader.record(study_id)
    if record is None:
        raise UsageError("the study was deleted")
    texts, title = texts_of_study(record.spec), record.spec.title()
    stem = _NUMBERED.sub("", record.spec.name)
    if stem == title:
        return texts | {"name": ""}
    names = {row.name for row in reader.studies()}
    return texts | {"name": _free_name(reader.store, stem if stem in names else record.spec.name)}


def start_search(
    store: str,
    texts: Mapping[str, str],
    *,
    before_writing: Callable[[], None] = lambda: None,
    remark: Callable[[str], object] = lambda _: None,
) -> int:
    """Write a new study to the store, and return its id; a worker will find it.

    Args:
        store: where it is written.
        texts: the options.
        before_writing: called once all is checked; what it raises keeps the store as it is.
        remark: told what is other than asked for, a line each.

    Raises:
        UsageError: an option is wrong, or the name is taken.
        EngineError: the store cannot be written.
    """
    from engine.store.connection import open_store
    from engine.store.studies import create_study
    from engine.work.ask import check_search

    spec = build_study_spec(texts)
    refuse_bad_store(store)
    remarks = check_search(spec)
    before_writing()
    for text in remarks:
        remark(text)
    with closing(open_store(store)) as opened:
        return create_study(opened, spec, numbered=not _text(texts, "name"))


def refuse_bad_store(store: str) -> None:
    """Look whether a store can be used. One that is missing is not made.

    Raises:
        EngineError: it is not ours, cannot be read, or cannot be made.
    """
    from engine.store.connection import is_made, open_store

    if is_made(store):
        open_store(store, create=False).close()


def _free_name(store: str, name: str) -> str:
    from engine.store.connection import open_store
    from engine.store.studies import free_name

    if not name or not Reader(store).exists:
        return name
    with closing(open_store(store, create=False)) as opened:
        return free_name(opened, name)


@contextmanager
def noting(troubles: dict[str, str], name: str) -> Iterator[None]:
    """Keep what is wrong with an option, and go on."""
    try:
        yield
    except EngineError as error:
        troubles[name] = str(error)


def _text(texts: Mapping[str, str], name: str) -> str:
    return texts.get(name, "").strip() or default_text(texts, name)
