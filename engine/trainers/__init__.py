"""Profiles where people train: optimizer groups, and the files and scripts of other trainers.

Light, but for ``hf_trainer`` and ``names``, which load transformers. A trainer is one file in
``tools`` and one line in its ``TOOLS``.
"""

from engine.trainers.groups import decayed_groups, named_rates, write_groups
from engine.trainers.patterns import Pattern, make_patterns

__all__ = [
    "Pattern",
    "decayed_groups",
    "make_patterns",
    "named_rates",
    "write_groups",
]
