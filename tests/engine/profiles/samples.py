"""Profiles and studies that tests of this room share."""

from collections.abc import Sequence

from engine.profiles import Backbone, Grouping, Profile, ScoredTrial, StudyTrials
from engine.spec import Protocol

BACKBONE = Backbone("tiny", layers=2, hidden=32)
GROUPING = Grouping("custom", ((1,), (2,)))
RATES = (1e-6, 2e-6, 3e-6, 4e-4)


def sample_profile(
    rates: tuple[float, ...] = RATES, grouping: Grouping = GROUPING, name: str = "sample"
) -> Profile:
    return Profile(
        name=name,
        backbone=Backbone("tiny", layers=grouping.n_layers, hidden=32),
        grouping=grouping,
        learning_rates=rates,
    )


def trial(
    number: int, p: float | None, rates: Sequence[float] = RATES, state: str = "complete"
) -> ScoredTrial:
    return ScoredTrial(number, p, state, tuple(rates))


def study(
    *trials: ScoredTrial,
    name: str = "s",
    sequence: str = "sst2:mrpc",
    backbone: Backbone = BACKBONE,
    grouping: Grouping = GROUPING,
    protocol: Protocol | None = None,
    first_lr: float | None = None,
) -> StudyTrials:
    return StudyTrials(
        study=name,
        sequence=sequence,
        backbone=backbone,
        grouping=grouping,
        protocol=protocol,
        trials=trials,
        first_lr=first_lr,
    )
