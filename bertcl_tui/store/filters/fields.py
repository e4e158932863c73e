"""What can be asked for of the things in a list."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from msgspec import Struct

from bertcl_tui.store.rows import StudyState, TrialState


class Fields(Struct, frozen=True, kw_only=True):
    """The words of a filter."""

    numbers: Mapping[str, str]
    """The field behind each name a person may write."""
    words: Mapping[str, tuple[str, ...]]
    """The words that a field may have; none: any."""
    times: frozenset[str] = frozenset()
    """Those numbers that are seconds, and may be written with a unit."""
    offered: Mapping[str, tuple[str, ...]] = {}
    """Words that are offered where any may be written."""
    example: str


_TRIAL_NUMBERS: Final = {
    "p": "p",
    "p_o": "p_o",
    "p_s": "p_s",
    "confirmed": "confirmed",
    "reported_p": "reported_p",
    "reported_p_o": "reported_p_o",
    "reported_p_s": "reported_p_s",
    "number": "number",
    "#": "number",
    "time": "busy_seconds",
    "step": "step",
    "steps": "steps",
    "rate": "rate",
    "tokens": "tokens_rate",
    "seed": "seed",
    "attempts": "attempts",
}
_STUDY_NUMBERS: Final = ("p", "p_o", "p_s", "trials", "rate")


def trial_fields(choices: int) -> Fields:
    """Return what can be asked for of trials whose profile has that many choices."""
    rates = {f"lr{index}": f"lr{index}" for index in range(choices)}
    ends = {"embeddings": "lr0", "head": f"lr{choices - 1}"} if choices else {}
    return Fields(
        numbers={**_TRIAL_NUMBERS, **rates, **ends},
        words={"state": get_args(TrialState), "label": (), "reason": ()},
        times=frozenset({"time"}),
        offered={"label": ("flat", "llrd", "published")},
        example="p_o>0.6 state:complete",
    )


def study_fields(models: Sequence[str] = ()) -> Fields:
    """Return what can be asked for of studies, on these backbones."""
    return Fields(
        numbers={**{name: name for name in _STUDY_NUMBERS}, "eta": "eta"},
        words={"state": get_args(StudyState), "model": (), "sequence": (), "name": ()},
        times=frozenset({"eta"}),
        offered={"model": tuple(sorted({model.lower() for model in models}))},
        example="state:running sst2",
    )
