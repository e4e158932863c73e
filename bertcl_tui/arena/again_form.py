"""How often trials are to be run again."""

from collections.abc import Sequence
from typing import Final

from bertcl_tui.arena.confirming import chosen_trials
from bertcl_tui.kit.form import FormScreen, Texts
from bertcl_tui.options import Field, readers
from bertcl_tui.style.wording import count
from engine.errors import UsageError

_TOP: Final = readers.whole("trials", least=1, example=4)
_SEEDS: Final = readers.whole("seeds", least=1, example=3)
_NAMED: Final = 6
"""Trials that are named one by one."""


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
        named = ", ".join(f"#{number}" for number in chosen[:_NAMED])
        more = f" and {len(chosen) - _NAMED} more" if len(chosen) > _NAMED else ""
        each = f"{count(seeds, 'time')} with fresh seeds" if seeds > 1 else "with a fresh seed"
        return f"Runs {named}{more} again, {each}: {count(len(chosen) * seeds, 'run')} in all."

    fields = [
        Field(
            name="seeds",
            label="Seeds",
            help="How often each is run again; what was done counts.",
            read=_SEEDS,
            default="3",
        )
    ]
    if not marked:
        top = Field(
            name="top",
            label="Trials",
            help="How many of the best; mark some to choose others.",
            read=_TOP,
            default="4",
        )
        fields.insert(0, top)
    title = "Confirm the marked trials" if marked else "Confirm the best trials"
    return FormScreen(title, fields, go="Confirm", remark=remark)


def read_again(texts: Texts) -> tuple[int, int]:
    """Return how many of the best trials, and how often each.

    Raises:
        UsageError: a text is no such number.
    """
    return _TOP(texts.get("top", "1")), _SEEDS(texts["seeds"])
