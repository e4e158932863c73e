"""What other programs found: their rates as those of a profile, their tables as trials. Light."""

from engine.trainers.imports.choice_rates import (
    ChoiceRates,
    SavedGroups,
    rates_of_choices,
    read_saved_groups,
)
from engine.trainers.imports.kinds import KINDS, LOG, PROFILE, TRIALS, kind_of, read_rates
from engine.trainers.imports.trials_table import (
    TrialsTable,
    count_rate_columns,
    read_trials_table,
)

__all__ = [
    "KINDS",
    "LOG",
    "PROFILE",
    "TRIALS",
    "ChoiceRates",
    "SavedGroups",
    "TrialsTable",
    "count_rate_columns",
    "kind_of",
    "rates_of_choices",
    "read_rates",
    "read_saved_groups",
    "read_trials_table",
]
