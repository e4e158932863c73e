"""What can be asked for of the things in a list."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from msgspec import Struct

from bertcl_tui.store.rows import StudyState


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


_STUDY_NUMBERS: Final = ("p", "p_o", "p_s", "trials", "rate")


def study_fields(models: Sequence[str] = ()) -> Fields:
    """Return what can be asked for of studies, on these backbones."""
    return Fields(
        numbers={**{name: name for name in _STUDY_NUMBERS}, "eta": "eta"},
        words={"state": get_args(StudyState), "model": (), "sequence": (), "name": ()},
        times=frozenset({"eta"}),
        offered={"model": tuple(sorted({model.lower() for model in models}))},
        example="state:running sst2",
    )
