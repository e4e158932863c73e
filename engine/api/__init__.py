"""The Python API: search, run, look, combine, and put a profile into an optimizer.

    from engine.api import combine, param_groups, run, search, studies

(``engine.search`` is a package of its own, so the verbs are taken from here.) All arguments but the
first are named. What comes back is a snapshot: it has what the store said at that moment. Wrong use
raises ``UsageError`` with one line that says the way out, and writes nothing.
"""

from engine.api.asking import run, search
from engine.api.looking import studies
from engine.api.results import (
    Run,
    Study,
    Trial,
    combine,
    param_groups,
    read_profile,
    write_profile,
)
from engine.errors import EngineError, UsageError
from engine.profiles import Profile

__all__ = [
    "EngineError",
    "Profile",
    "Run",
    "Study",
    "Trial",
    "UsageError",
    "combine",
    "param_groups",
    "read_profile",
    "run",
    "search",
    "studies",
    "write_profile",
]
