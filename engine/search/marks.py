"""User attributes of Optuna's trials, as ``optuna-dashboard`` shows them."""

from typing import Final

LABEL: Final = "label"
"""Name of the warm start."""
ENDED: Final = "ended"
"""How a trial that is not complete came to its end: ``pruned`` or ``collapsed``."""
