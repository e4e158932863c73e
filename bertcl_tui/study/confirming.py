"""Trials that are run again with fresh seeds: how many are asked for."""

from collections.abc import Collection, Sequence
from contextlib import closing
from functools import partial
from typing import Final

from msgspec import Struct
from textual.app import App
from textual.screen import Screen

from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.kit.messages import StartWorkers
from bertcl_tui.kit.pending import carry_out
from bertcl_tui.options import Field, readers
from bertcl_tui.store.reader import Reader
from bertcl_tui.study.look import Look
from bertcl_tui.style.wording import count
from engine.arena.confirming import plan_confirmation
from engine.errors import UsageError
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


class _Again(Struct, frozen=True, kw_only=True):
    """What is to be run again."""

    study_id: int
    numbers: frozenset[int]
    """Of the trials; none: the best ones."""
    top: int
    """How many of the best trials, where none is named."""
    seeds: int


def ask_to_confirm(
    screen: Screen[None], reader: Reader, look: Look, marked: frozenset[int]
) -> None:
    """Ask how often, then have the marked trials, or the best ones, run with fresh seeds."""
    if not look.scored:
        screen.notify(f"{look.study.name} has no complete trial yet", markup=False)
        return

    app = screen.app

    def answered(texts: Texts | None) -> None:
        if texts is not None:
            top, seeds = _read(texts)
            again = _Again(study_id=look.study.id, numbers=marked, top=top, seeds=seeds)
            screen.notify("Checking data, model and device…", markup=False)
            carry_out(app, partial(_confirm, app, reader, again), group="check")

    complete = [trial.number for trial in look.scored]
    app.push_screen(_form(complete, marked), answered)


def _confirm(app: App[object], reader: Reader, again: _Again) -> str:
    runs = _enter(reader.store, again)
    app.post_message(StartWorkers())
    return f"{count(runs, 'run')} asked for; what they score stands beside p"


def _enter(store: str, again: _Again) -> int:
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


def _chosen(complete: Collection[int], numbers: Collection[int], top: int) -> tuple[int, ...]:
    """Return which trials would be run again, given the complete ones, best first."""
    if numbers:
        return tuple(number for number in complete if number in numbers)
    return tuple(complete)[:top]


def _form(complete: Sequence[int], marked: frozenset[int]) -> FormScreen:
    """Ask for the number of seeds, and of trials where none is marked.

    Args:
        complete: the numbers of the complete trials of the study, best first.
        marked: the numbers of those that were marked.
    """

    def remark(texts: Texts) -> str:
        top, seeds = _read(texts)
        chosen = _chosen(complete, marked, top)
        if not chosen:
            raise UsageError("none of the marked trials is complete; mark others, or none")
        named = ", ".join(f"#{number}" for number in chosen[:_MOST_NAMED])
        more = f" and {len(chosen) - _MOST_NAMED} more" if len(chosen) > _MOST_NAMED else ""
        each = f"{count(seeds, 'time')} with fresh seeds" if seeds > 1 else "with a fresh seed"
        return f"Runs {named}{more} again, {each}: {count(len(chosen) * seeds, 'run')} in all."

    title = "Confirm the marked trials" if marked else "Confirm the best trials"
    fields = [_SEEDS] if marked else [_TOP, _SEEDS]
    return FormScreen(title, fields, go="Confirm", remark=remark)


def _read(texts: Texts) -> tuple[int, int]:
    """Return how many of the best trials, and how often each.

    Raises:
        UsageError: a text is no such number.
    """
    return _READ_TOP(texts.get("top", "1")), _READ_SEEDS(texts["seeds"])
