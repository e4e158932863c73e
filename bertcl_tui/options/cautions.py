"""What options do not do beside others: said before the search is begun."""

from collections.abc import Mapping
from typing import Final

from bertcl_tui.options.study import defaults_of
from engine.errors import UsageError

_KNOWN: Final = 8
"""About so many known profiles are tried first, to their end, before sampler and pruner count."""
_SLOW: Final = 100
"""Trials after which a Gaussian process takes long to propose the next one."""


def cautions(options: Mapping[str, str]) -> dict[str, str]:
    """Return a line for each option that does little or nothing beside what else was typed.

    Args:
        options: text by option name, as typed.
    """
    try:
        usual = defaults_of(options)
    except UsageError:  # no such preset: said where it is typed
        return {}
    said = {name: text.strip() or usual[name] for name, text in options.items()}
    trials = int(said["trials"]) if said["trials"].isdecimal() else None
    found: dict[str, str] = {}
    if trials is not None and trials <= _KNOWN:
        found["sampler"] = f"Hardly asked: about {_KNOWN} known profiles come first."
        if said["pruner"] == "percentile":
            found["pruner"] = f"Prunes nothing: the first {_KNOWN} trials come to their end."
    elif trials is not None and trials > _SLOW and said["sampler"] == "gp":
        found["sampler"] = f"Slow after {_SLOW} trials; tpe is not."
    return found
