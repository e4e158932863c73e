"""The filter language: ``lr3>1e-5 p_o>0.6 state:complete``; every term must hold."""

from bertcl_tui.store.filters.fields import (
    ANYWHERE,
    Fields,
    Filter,
    NumberTerm,
    WordTerm,
    fits,
    study_fields,
)
from bertcl_tui.store.filters.reading import parse_filter

__all__ = [
    "ANYWHERE",
    "Fields",
    "Filter",
    "NumberTerm",
    "WordTerm",
    "fits",
    "parse_filter",
    "study_fields",
]
