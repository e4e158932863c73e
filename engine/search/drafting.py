"""The next trial of a search, thought out in memory with nothing written."""

from collections.abc import Container, Sequence
from typing import Final

import optuna
from optuna.pruners import NopPruner
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from engine.search.samplers import SeededSampler
from engine.search.spaces import Space
from engine.search.storage import LABEL
from engine.spec.search import Sampler

_MOST_LEARNT_FROM: Final[dict[Sampler, int]] = {"tpe": 1_000, "gp": 300, "smooth": 300, "random": 0}
"""Trials beyond which asking would take longer the more there are. CMA-ES needs all of them."""
_BEST_SHARE: Final = 4
"""One in so many of these are the best there were, the others the latest."""


def most_learnt_from(sampler: Sampler) -> int | None:
    """Return from how many trials a sampler learns at most; None: from all."""
    return _MOST_LEARNT_FROM.get(sampler)


def best_kept(most: int | None) -> int:
    """Return how many of so many trials to learn from are the best there were."""
    return 0 if most is None else most // _BEST_SHARE


def draft_trial(
    sampler: SeededSampler,
    space: Space,
    number: int,
    known: Sequence[FrozenTrial],
    *,
    waiting: FrozenTrial | None = None,
    start: tuple[str, tuple[float, ...]] | None = None,
) -> FrozenTrial:
    """Return a trial as it would begin.

    Args:
        sampler: whom to ask for what is not given.
        space: where rates are looked for.
        number: of the trial.
        known: the other trials that it is proposed from, as far as they may be seen.
        waiting: the trial itself, where somebody enqueued it.
        start: label and point of the warm start that it tries.
    """
    storage = _Known(known, number)
    study = optuna.create_study(
        storage=storage,
        direction="maximize",
        sampler=sampler,
        pruner=NopPruner(),
    )
    if waiting is not None:
        study.add_trial(waiting)
    if start is not None:
        study.enqueue_trial(space.parameters(start[1]), user_attrs={LABEL: start[0]})
    study.ask(space.distributions())
    return study.get_trials(deepcopy=False)[-1]


def as_begun(trial: FrozenTrial) -> FrozenTrial:
    """Return a trial without what came of it."""
    return FrozenTrial(
        number=trial.number,
        trial_id=trial.number,
        state=TrialState.RUNNING,
        value=None,
        datetime_start=trial.datetime_start,
        datetime_complete=None,
        params=trial.params,
        distributions=trial.distributions,
        user_attrs={},
        system_attrs={},
        intermediate_values={},
    )


class _Known(InMemoryStorage):
    """Trials to be learnt from, which are neither copied nor changed, and room for the next one."""

    def __init__(self, known: Sequence[FrozenTrial], number: int) -> None:
        super().__init__()
        self._known = known
        self._number = number

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        trial_id = super().create_new_trial(study_id, template_trial)
        self.get_trial(trial_id).number = self._number
        return trial_id

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,  # noqa: FBT001, FBT002 - Optuna's signature
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        known = (trial for trial in self._known if states is None or trial.state in states)
        return [*known, *super().get_all_trials(study_id, deepcopy, states)]
