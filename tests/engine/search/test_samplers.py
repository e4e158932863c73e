import math
from collections.abc import Callable

import optuna
import pytest
from optuna.pruners import NopPruner
from optuna.trial import TrialState

from engine.profiles.grouping import make_grouping
from engine.search.samplers import SeededSampler
from engine.search.spaces import FlatSpace, LlrdSpace, ProfileSpace, Space
from engine.spec.search import Sampler

pytestmark = pytest.mark.long

SPACE = ProfileSpace(((1e-7, 1e-3),) * 2)
BEST = (3e-6, 2e-4)


def distance(rates: tuple[float, ...]) -> float:
    """Decades between these rates and the best ones."""
    return math.dist([math.log10(rate) for rate in rates], [math.log10(rate) for rate in BEST])


class Rehearsal:
    """A study in memory whose score is the nearness to ``BEST``."""

    def __init__(self, kind: Sampler, *, seed: int = 0, space: Space = SPACE) -> None:
        self.space = space
        self.study = optuna.create_study(
            direction="maximize", sampler=SeededSampler(kind, space, seed), pruner=NopPruner()
        )

    def play(
        self, trials: int, score: Callable[[tuple[float, ...]], float | None] | None = None
    ) -> list[tuple[float, ...]]:
        """Ask and tell; a score of None prunes."""
        asked = []
        for _ in range(trials):
            trial = self.study.ask(self.space.distributions())
            rates = self.space.point(trial.params)
            assert rates is not None
            asked.append(rates)
            value = -distance(rates) if score is None else score(rates)
            state = TrialState.PRUNED if value is None else TrialState.COMPLETE
            self.study.tell(trial, value, state=state)
        return asked


@pytest.mark.parametrize("kind", ["tpe", "smooth", "cma", "random"])
def test_another_process_goes_on_with_the_same_stream(kind: Sampler) -> None:
    before = 6 if kind == "smooth" else 11  # trials that it has learnt from
    undisturbed = Rehearsal(kind, seed=3).play(before + 3)
    first = Rehearsal(kind, seed=3)
    assert first.play(before) == undisturbed[:before]
    second = Rehearsal(kind, seed=3)
    second.study.add_trials(first.study.trials)
    assert second.play(3) == undisturbed[before:]


@pytest.mark.parametrize("kind", ["tpe", "gp", "smooth", "cma", "random"])
def test_studies_of_other_seeds_try_other_rates(kind: Sampler) -> None:
    asked = [Rehearsal(kind, seed=seed).play(2) for seed in (0, 1, -1)]
    assert len({tuple(trials) for trials in asked}) == 3


@pytest.mark.parametrize("kind", ["tpe", "cma"])
def test_samplers_learn_where_good_rates_lie(kind: Sampler) -> None:
    searches = [Rehearsal(kind, seed=seed).play(60) for seed in range(3)]
    first = [rates for asked in searches for rates in asked[:10]]
    last = [rates for asked in searches for rates in asked[-10:]]
    assert sum(map(distance, last)) < sum(map(distance, first)) / 2


def test_smooth_learns_from_its_first_trials() -> None:
    asked = Rehearsal("smooth").play(8)
    assert min(map(distance, asked[4:])) < min(map(distance, asked[:2])) / 2


def test_cma_begins_at_the_best_warm_start() -> None:
    rehearsal = Rehearsal("cma")
    for rates in ((1e-6, 1e-6), BEST, (1e-3, 1e-7)):
        rehearsal.study.enqueue_trial(SPACE.parameters(rates))
    asked = rehearsal.play(9)
    assert asked[1] == BEST
    assert all(distance(rates) < 2 for rates in asked[3:])


def test_cma_ranks_trials_that_scored_nothing_last() -> None:
    wall = 3.5e-6

    def collapsing(rates: tuple[float, ...]) -> float | None:
        return None if rates[0] > wall else -distance(rates)

    searches = [Rehearsal("cma", seed=seed).play(60, collapsing) for seed in range(3)]
    first = [rates for asked in searches for rates in asked[:6]]
    last = [rates for asked in searches for rates in asked[-12:]]
    assert sum(rates[0] > wall for rates in first) > len(first) / 2
    assert sum(rates[0] > wall for rates in last) < len(last) / 3


@pytest.mark.parametrize("kind", ["tpe", "gp", "smooth", "cma", "random"])
def test_rates_stay_in_the_space_even_where_it_is_a_point(kind: Sampler) -> None:
    space = ProfileSpace(((1e-5, 1e-5), (1e-7, 1e-4), (3.3e-6, 3.4e-6)))
    asked = Rehearsal(kind, space=space).play(5 if kind == "gp" else 13, lambda rates: rates[1])
    assert all(space.clip(rates) == rates for rates in asked)
    assert {rates[0] for rates in asked} == {1e-5}


@pytest.mark.parametrize("kind", ["tpe", "gp", "smooth", "cma", "random"])
@pytest.mark.parametrize(
    "space",
    [FlatSpace((1e-7, 1e-3), 4), LlrdSpace((1e-7, 1e-3), make_grouping("paper", 6))],
    ids=["flat", "llrd"],
)
def test_tied_spaces_are_searched_by_every_sampler(kind: Sampler, space: Space) -> None:
    def nearness(point: tuple[float, ...]) -> float:
        # Only what llrd has besides its rate is a decay, best at 0.7.
        return -abs(math.log10(point[0] / 3e-5)) - sum(abs(each - 0.7) for each in point[1:])

    trials, some = {"gp": (6, 3), "smooth": (12, 6)}.get(kind, (60, 6))
    asked = Rehearsal(kind, space=space).play(trials, nearness)
    assert all(space.clip(point) == point for point in asked)
    # Where it knows enough of the best, smooth looks elsewhere.
    worth = max if kind == "smooth" else sum
    if kind != "random":
        assert worth(map(nearness, asked[-some:])) > worth(map(nearness, asked[:some]))


def test_smooth_is_not_led_astray_by_luck() -> None:
    lucky = iter([True, *[False] * 40])

    def score(rates: tuple[float, ...]) -> float:
        return 0.5 if next(lucky) else -distance(rates)

    rehearsal = Rehearsal("smooth")
    worst = (1e-3, 1e-7)
    rehearsal.study.enqueue_trial(SPACE.parameters(worst))
    asked = rehearsal.play(25, score)
    assert asked[0] == worst
    assert min(map(distance, asked)) < 0.3


def test_smooth_leaves_what_collapses() -> None:
    def collapsing(rates: tuple[float, ...]) -> float | None:
        return None if rates[1] > 1e-5 else -distance(rates)

    asked = Rehearsal("smooth").play(20, collapsing)
    assert sum(rates[1] > 1e-5 for rates in asked[10:]) < 5


def test_smooth_has_trials_under_way_elsewhere() -> None:
    rehearsal = Rehearsal("smooth")
    rehearsal.play(6)
    under_way = [rehearsal.study.ask(SPACE.distributions()).params for _ in range(3)]
    assert len({tuple(params.values()) for params in under_way}) == 3
