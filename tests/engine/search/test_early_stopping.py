from collections.abc import Sequence

import pytest
from optuna import Study
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial

from engine.search.early_stopping import Climb, flatness
from engine.search.trials import Search
from engine.spec.search import Pruner
from tests.engine.search.conftest import SPACE, Opener, study_spec


def in_memory(pruner: Pruner) -> Search:
    spec = study_spec(sampler="random", pruner=pruner)
    return Search(InMemoryStorage(), spec, SPACE)


def run_trial(search: Search, reports: list[float]) -> int | None:
    """Report until pruned; return the step at which that was, None: complete."""
    number = search.propose().number
    for step, p in enumerate(reports, start=1):
        search.report(number, step, p)
        if search.should_prune(number):
            search.tell(number, "pruned")
            return step
    search.tell(number, "complete", reports[-1])
    return None


def steady(p: float, reports: int = 4) -> list[float]:
    return [p] * reports


def test_percentile_ends_the_worst_quarter_once_their_rates_are_warm() -> None:
    search = in_memory("percentile")
    for trial in range(8):
        assert run_trial(search, steady(1.2 + trial / 100)) is None
    # of 1.20 … 1.27 the quarter ends at 1.2175
    assert run_trial(search, steady(1.21)) == 3
    assert run_trial(search, steady(1.22)) is None


def test_percentile_sees_a_trial_that_forgets() -> None:
    search = in_memory("percentile")
    for trial in range(8):
        run_trial(search, [1.38, 1.39, 1.39, 1.40 + trial / 1000])
    assert run_trial(search, [1.41, 1.30, 1.38, 1.00]) == 3
    assert run_trial(search, [1.41, 1.40, 1.40, 1.00]) == 4


def test_percentile_lets_a_trial_go_on_that_has_recovered() -> None:
    search = in_memory("percentile")
    for _ in range(8):
        run_trial(search, steady(1.3))
    assert run_trial(search, [1.0, 1.1, 1.3, 1.3]) is None


def test_first_trials_come_to_their_end() -> None:
    search = in_memory("percentile")
    assert [run_trial(search, steady(2.0 - trial)) for trial in range(8)] == [None] * 8


def test_asha_halves_at_the_first_second_and_fourth_report() -> None:
    search = in_memory("asha")
    assert run_trial(search, steady(1.4)) is None
    assert run_trial(search, steady(1.3)) == 1
    assert run_trial(search, [1.5, 1.3, 1.3]) == 2
    assert run_trial(search, [1.5, 1.5, 1.5, 1.2]) == 4


def test_hyperband_prunes_hopeless_trials_in_some_brackets_later_than_in_others() -> None:
    search = in_memory("hyperband")
    run_trial(search, steady(1.4, 20))
    ends = {run_trial(search, steady(1.3 - trial / 100, 20)) for trial in range(24)}
    assert {1, 3} <= ends


@pytest.mark.parametrize("pruner", ["none", "percentile", "hyperband", "asha"])
def test_a_trial_that_reported_nothing_is_not_pruned(opened: Opener, pruner: Pruner) -> None:
    search = opened(sampler="random", pruner=pruner)
    assert not search.should_prune(search.propose().number)


def test_without_a_pruner_every_trial_goes_on() -> None:
    search = in_memory("none")
    assert [run_trial(search, steady(1.0 / (trial + 1))) for trial in range(12)] == [None] * 12


def test_another_process_prunes_the_same_trial(opened: Opener) -> None:
    one, other = opened(pruner="asha"), opened(pruner="asha")
    run_trial(one, steady(1.4))
    number = one.propose().number
    one.report(number, 1, 1.3)
    assert other.should_prune(number)
    other.tell(number, "pruned")
    assert one.unfinished() == {}


def test_a_trial_that_another_process_ends_while_it_is_judged_is_not_pruned(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = opened(pruner="asha"), opened(pruner="asha")
    number = one.propose().number
    one.report(number, 1, 1.3)
    judge = one._pruner.prune

    def end_and_judge(study: Study, trial: FrozenTrial) -> bool:
        other.tell(number, "complete", 1.3)
        return judge(study, trial)

    monkeypatch.setattr(one._pruner, "prune", end_and_judge)
    assert not one.should_prune(number)
    assert one.endings([number]) == {number: "complete"}


# searches


@pytest.mark.parametrize(
    ("scores", "dimensions", "noise", "flat"),
    [
        ([1.3] * 24, 1, None, True),
        ([1.3] * 23, 1, None, False),
        ([1.3] * 24, 10, None, False),
        ([1.3] * 60, 10, None, True),
        ([1.3] * 4 + [1.31] * 20, 1, None, False),
        ([1.3] * 4 + [1.31] * 20, 1, 0.005, False),
        ([1.3] * 4 + [1.31] * 20, 1, 0.02, True),
        ([1.3] * 4 + [1.31] * 46, 1, 0.005, True),
        ([1.3] * 19 + [None] * 21, 1, None, False),
        ([None] * 40 + [1.3] * 40, 1, None, False),
    ],
    ids=[
        "nothing gained",
        "too early",
        "too early for so large a space",
        "late enough for it",
        "something gained",
        "more than chance makes",
        "less than chance makes",
        "long ago",
        "too few complete",
        "nothing to compare with",
    ],
)
def test_a_search_is_flat_when_its_later_half_gained_less_than_chance_makes(
    scores: Sequence[float | None], dimensions: int, noise: float | None, *, flat: bool
) -> None:
    assert (flatness(Climb(scores), dimensions, noise) is not None) == flat


def test_flatness_is_said_in_numbers() -> None:
    found = flatness(Climb([1.3] * 4 + [1.31] * 20), 1, 0.02)
    said = "the last 20 of 24 trials gained 0.010 in p, less than chance makes (0.020)"
    assert str(found) == said
