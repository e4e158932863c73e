"""The options of a search: one table for the New study screen and the command line."""

from bertcl_tui.options.readers import Field
from bertcl_tui.options.study import build_study_spec, preset_defaults, search_command
from bertcl_tui.options.table import OPTIONS, Option, option

__all__ = [
    "OPTIONS",
    "Field",
    "Option",
    "build_study_spec",
    "option",
    "preset_defaults",
    "search_command",
]
