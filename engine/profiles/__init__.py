"""Learning-rate profiles: what they are, how they are combined, and how training uses them.

Needs neither torch nor transformers, and numpy for ``bootstrap_band`` alone.
"""

from engine.profiles.authors import (
    LoggedTrial,
    published_profile,
    read_authors_log,
    searched_profile,
)
from engine.profiles.combination import (
    DEFAULT_BASE,
    Band,
    Combined,
    RankedTrial,
    StudyMean,
    WithoutStudy,
    bootstrap_band,
    combine,
    to_profile,
    without_each_study,
)
from engine.profiles.grouping import Grouping, make_grouping
from engine.profiles.parameters import choice_of_parameters, count_layers, param_groups
from engine.profiles.profile import (
    Backbone,
    Combination,
    Profile,
    Statistics,
    StudyShare,
    TrialShare,
    read_profile,
    refuse_base,
    transfer,
    transfer_rates,
    write_profile,
)
from engine.profiles.trials import LeftOut, Refusal, ScoredTrial, StudyTrials, stages_said

__all__ = [
    "DEFAULT_BASE",
    "Backbone",
    "Band",
    "Combination",
    "Combined",
    "Grouping",
    "LeftOut",
    "LoggedTrial",
    "Profile",
    "RankedTrial",
    "Refusal",
    "ScoredTrial",
    "Statistics",
    "StudyMean",
    "StudyShare",
    "StudyTrials",
    "TrialShare",
    "WithoutStudy",
    "bootstrap_band",
    "choice_of_parameters",
    "combine",
    "count_layers",
    "make_grouping",
    "param_groups",
    "published_profile",
    "read_authors_log",
    "read_profile",
    "refuse_base",
    "searched_profile",
    "stages_said",
    "to_profile",
    "transfer",
    "transfer_rates",
    "without_each_study",
    "write_profile",
]
