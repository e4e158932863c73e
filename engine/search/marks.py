"""User attributes of Optuna's trials, as ``optuna-dashboard`` shows them."""

from typing import Final

LABEL: Final = "label"
"""Name of the warm start."""
AGAIN: Final = "again"
"""Number of the trial that was run once more, of which this one tells."""
ENDED: Final = "ended"
"""How a trial that is not complete came to its end: ``pruned`` or ``collapsed``."""
