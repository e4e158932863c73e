"""Small forms of the arena: which trials are confirmed, where a table is written."""

from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct

from bertcl_tui.arena.look import Look, Question
from bertcl_tui.arena.writing import SUFFIXES, format_of
from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.options import Field, readers
from bertcl_tui.style.wording import count
from engine.arena.confirming import plan_confirmation
from engine.arena.layouts import FREE
from engine.errors import UsageError
from engine.files import check_target, expanded
from engine.store.connection import open_store
from engine.store.studies import get_study
from engine.work.requests import enter_repetitions

_READ_TOP: Final = readers.whole("trials", least=1, most=1000, example=4)
_READ_SEEDS: Final = readers.whole("seeds", least=1, most=1000, example=3)
_TOP: Final = Field(
    "top", "Trials", "How many of the best; mark some to choose others.", _READ_TOP, "4"
)
_SEEDS: Final = Field(
    "seeds", "Seeds", "How often each is run again; what was done counts.", _READ_SEEDS, "3"
)
_MOST_NAMED: Final = 6
"""Trials that are named one by one."""
_ENDINGS: Final = ", ".join(f"{suffix} is {form}" for suffix, form in SUFFIXES.items())


class Again(Struct, frozen=True, kw_only=True):
    """What is to be run again."""

    study_id: int
    numbers: frozenset[int]
    """Of the trials; none: the best ones."""
    top: int
    """How many of the best trials, where none is named."""
    seeds: int


def confirm_trials(store: str, again: Again) -> int:
    """Ask for runs of these trials with fresh seeds; return how many there are, old and new.

    Raises:
        UsageError: the study was searched elsewhere, none of the trials is complete, or the model,
            the data or the device is not to be had.
        EngineError: the store cannot be written.
    """
    with closing(open_store(store, create=False)) as opened:
        study = get_study(opened, again.study_id)
        planned = plan_confirmation(
            opened, study, top=again.top, seeds=again.seeds, numbers=again.numbers
        )
        return len(enter_repetitions(opened, planned))


def chosen_trials(complete: Collection[int], numbers: Collection[int], top: int) -> tuple[int, ...]:
    """Return which trials would be run again, given the complete ones, best first."""
    if numbers:
        return tuple(number for number in complete if number in numbers)
    return tuple(complete)[:top]


def again_form(complete: Sequence[int], marked: frozenset[int]) -> FormScreen:
    """Ask for the number of seeds, and of trials where none is marked.

    Args:
        complete: the numbers of the complete trials of the study, best first.
        marked: the numbers of those that were marked.
    """

    def remark(texts: Texts) -> str:
        top, seeds = read_again(texts)
        chosen = chosen_trials(complete, marked, top)
        if not chosen:
            raise UsageError("none of the marked trials is complete; mark others, or none")
        named = ", ".join(f"#{number}" for number in chosen[:_MOST_NAMED])
        more = f" and {len(chosen) - _MOST_NAMED} more" if len(chosen) > _MOST_NAMED else ""
        each = f"{count(seeds, 'time')} with fresh seeds" if seeds > 1 else "with a fresh seed"
        return f"Runs {named}{more} again, {each}: {count(len(chosen) * seeds, 'run')} in all."

    title = "Confirm the marked trials" if marked else "Confirm the best trials"
    fields = [_SEEDS] if marked else [_TOP, _SEEDS]
    return FormScreen(title, fields, go="Confirm", remark=remark)


def read_again(texts: Texts) -> tuple[int, int]:
    """Return how many of the best trials, and how often each.

    Raises:
        UsageError: a text is no such number.
    """
    return _READ_TOP(texts.get("top", "1")), _READ_SEEDS(texts["seeds"])


def table_form(look: Look, question: Question) -> FormScreen:
    """Ask where a table goes."""

    def remark(texts: Texts) -> str:
        target = table_path(texts)
        check_target(target)
        does = "Replaces" if target.exists() else "Writes"
        return f"{does} {target} as {format_of(target)}. {_ENDINGS}, else text."

    name = "arena" if question.layout == FREE else question.layout
    file = f"{'-'.join(filter(None, (name, question.measure)))}.md"
    field = readers.file_field("How it ends says in which format it is written.", file)
    return FormScreen(f"Export {look.table.title}", [field], go="Export", remark=remark)


def table_path(texts: Texts) -> Path:
    """Return where a table goes."""
    return expanded(texts["path"]).absolute()
