import math
from collections.abc import Sequence

import msgspec
import pytest
from optuna import Study
from optuna.trial import FrozenTrial

from engine.search.early_stopping import (
    CollapseSentinel,
    Look,
    Observation,
    SentinelState,
    flatness,
)
from engine.search.trials import Search
from engine.spec.search import Pruner
from tests.engine.search.conftest import Opener

SEQUENCE = ("mood", "topic")
ONE_CLASS, BOTH = (900, 0), (899, 1)


def seen(
    predicted: tuple[int, ...],
    *,
    step: int = 60,
    done: float = 0.6,
    warm_steps: int = 20,
    stage: int = 0,
    task: int = 0,
    whole: bool = False,
    loss: float | None = 0.7,
) -> Observation:
    return Observation(
        stage=stage,
        step=step,
        done=done,
        warm_steps=warm_steps,
        task=task,
        predicted=predicted,
        whole=whole,
        loss=loss,
    )


def ended(predicted: tuple[int, ...], **said: int) -> Observation:
    return seen(predicted, done=1.0, whole=True, **said)


def all_rows(predicted: tuple[int, ...]) -> Look:
    return lambda _: predicted


def never(task: int) -> Sequence[int]:
    raise AssertionError(f"task {task} need not be looked at")


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_is_a_collapse_at_once(loss: float) -> None:
    young = seen((), step=3, done=0.01, warm_steps=-7, stage=1, loss=loss)
    reason = CollapseSentinel(SEQUENCE).watch(young, never)
    assert reason == f"loss became {loss} in stage 2 at step 3"


def test_one_class_of_the_followed_rows_twice_in_a_row_and_then_of_all_is_a_collapse() -> None:
    sentinel = CollapseSentinel(SEQUENCE)
    assert sentinel.watch(seen((0, 32), step=50, done=0.5), never) is None
    assert sentinel.watch(seen((0, 32), step=75, done=0.75), all_rows((0, 900))) == (
        "every row of mood was predicted to be of class 1 in stage 1 (step 75)"
    )


def test_two_classes_among_all_rows_acquit_whatever_is_followed() -> None:
    sentinel = CollapseSentinel(SEQUENCE)
    for step in (50, 60, 70):
        assert sentinel.watch(seen((32, 0), step=step), all_rows(BOTH)) is None
    assert sentinel.watch(seen((32, 0), step=80), all_rows(ONE_CLASS)) is not None


def test_a_young_model_may_predict_one_class() -> None:
    sentinel = CollapseSentinel(SEQUENCE)
    for step, done in ((10, 0.1), (25, 0.25), (49, 0.49), (75, 0.75)):
        assert sentinel.watch(seen((32, 0), step=step, done=done), never) is None


def test_a_stage_too_short_to_learn_anything_is_not_judged() -> None:
    sentinel = CollapseSentinel(SEQUENCE)
    for step in (2, 3):
        young = seen((32, 0), step=step, done=step / 4, warm_steps=step)
        assert sentinel.watch(young, never) is None
    assert sentinel.watch(ended(ONE_CLASS, step=4, warm_steps=4), never) is None
    assert sentinel.watch(ended(ONE_CLASS, step=24, warm_steps=19), never) is None
    assert sentinel.watch(ended(ONE_CLASS, step=25, warm_steps=20), never) is not None


def test_one_class_twice_but_not_in_a_row_is_none() -> None:
    sentinel = CollapseSentinel(SEQUENCE)
    for step, predicted in ((50, (32, 0)), (60, (31, 1)), (70, (32, 0)), (80, (1, 31))):
        assert sentinel.watch(seen(predicted, step=step), never) is None


def test_one_class_of_all_rows_at_a_stage_end_is_a_collapse_at_once() -> None:
    sentinel = CollapseSentinel(SEQUENCE)
    assert sentinel.watch(ended((0, 900, 0), step=200, stage=1, task=1), never) == (
        "every row of topic was predicted to be of class 1 at the end of stage 2 (step 200)"
    )


def test_the_followed_rows_end_nothing_at_a_stage_end() -> None:
    sentinel = CollapseSentinel(SEQUENCE)
    assert sentinel.watch(seen((9, 0), step=90, done=0.9), never) is None
    assert sentinel.watch(seen((9, 0), step=100, done=1.0), never) is None
    assert sentinel.watch(ended(BOTH, step=100), never) is None


def test_a_step_counts_once_however_often_it_is_measured() -> None:
    sentinel = CollapseSentinel(SEQUENCE)
    assert sentinel.watch(seen((32, 0), step=60), never) is None
    assert sentinel.watch(seen((32, 0), step=60), never) is None


def test_an_earlier_task_that_falls_to_one_class_is_a_collapse() -> None:
    sentinel = CollapseSentinel(SEQUENCE)
    for step in (150, 175):
        assert sentinel.watch(seen((16, 16), step=step, stage=1, task=1), never) is None
        reason = sentinel.watch(seen((32, 0), step=step, stage=1), all_rows(ONE_CLASS))
    assert reason is not None
    assert "mood" in reason


def test_a_task_that_is_not_learnt_yet_may_be_anything() -> None:
    sentinel = CollapseSentinel(SEQUENCE)
    for step in (50, 75, 100):
        assert sentinel.watch(ended((32, 0), step=step, task=1), never) is None


def test_suspicion_ends_with_its_stage() -> None:
    sentinel = CollapseSentinel(SEQUENCE)
    assert sentinel.watch(seen((32, 0), step=90, done=0.9, stage=0), never) is None
    assert sentinel.watch(seen((32, 0), step=160, done=0.6, stage=1), never) is None
    again = seen((32, 0), step=170, done=0.7, stage=1)
    assert sentinel.watch(again, all_rows(ONE_CLASS)) is not None


def test_what_a_sentinel_knows_survives_a_checkpoint() -> None:
    before = CollapseSentinel(SEQUENCE)
    before.watch(seen((32, 0), step=50), never)
    state = msgspec.json.decode(msgspec.json.encode(before.state), type=SentinelState)
    after = CollapseSentinel(SEQUENCE, state)
    assert after.watch(seen((32, 0), step=75), all_rows(ONE_CLASS)) is not None


def test_no_rows_say_nothing() -> None:
    sentinel = CollapseSentinel(SEQUENCE)
    for step in (50, 75):
        assert sentinel.watch(seen((0, 0), step=step), never) is None


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


def test_percentile_ends_the_worst_quarter_once_their_rates_are_warm(opened: Opener) -> None:
    search = opened(sampler="random", pruner="percentile")
    for trial in range(8):
        assert run_trial(search, steady(1.2 + trial / 100)) is None
    # of 1.20 … 1.27 the quarter ends at 1.2175
    assert run_trial(search, steady(1.21)) == 3
    assert run_trial(search, steady(1.22)) is None


def test_percentile_sees_a_trial_that_forgets(opened: Opener) -> None:
    search = opened(sampler="random", pruner="percentile")
    for trial in range(8):
        run_trial(search, [1.38, 1.39, 1.39, 1.40 + trial / 1000])
    assert run_trial(search, [1.41, 1.30, 1.38, 1.00]) == 3
    assert run_trial(search, [1.41, 1.40, 1.40, 1.00]) == 4


def test_percentile_lets_a_trial_go_on_that_has_recovered(opened: Opener) -> None:
    search = opened(sampler="random", pruner="percentile")
    for _ in range(8):
        run_trial(search, steady(1.3))
    assert run_trial(search, [1.0, 1.1, 1.3, 1.3]) is None


def test_first_trials_come_to_their_end(opened: Opener) -> None:
    search = opened(sampler="random", pruner="percentile")
    assert [run_trial(search, steady(2.0 - trial)) for trial in range(8)] == [None] * 8


def test_asha_halves_at_the_first_second_and_fourth_report(opened: Opener) -> None:
    search = opened(sampler="random", pruner="asha")
    assert run_trial(search, steady(1.4)) is None
    assert run_trial(search, steady(1.3)) == 1
    assert run_trial(search, [1.5, 1.3, 1.3]) == 2
    assert run_trial(search, [1.5, 1.5, 1.5, 1.2]) == 4


def test_hyperband_prunes_hopeless_trials_in_some_brackets_later_than_in_others(
    opened: Opener,
) -> None:
    search = opened(sampler="random", pruner="hyperband")
    run_trial(search, steady(1.4, 20))
    ends = {run_trial(search, steady(1.3 - trial / 100, 20)) for trial in range(24)}
    assert {1, 3} <= ends


@pytest.mark.parametrize("pruner", ["none", "percentile", "hyperband", "asha"])
def test_a_trial_that_reported_nothing_is_not_pruned(opened: Opener, pruner: Pruner) -> None:
    search = opened(sampler="random", pruner=pruner)
    assert not search.should_prune(search.propose().number)


def test_without_a_pruner_every_trial_goes_on(opened: Opener) -> None:
    search = opened(sampler="random", pruner="none")
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
    assert one.endings() == {number: "complete"}


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
    assert (flatness(scores, dimensions, noise) is not None) == flat


def test_flatness_is_said_in_numbers() -> None:
    found = flatness([1.3] * 4 + [1.31] * 20, 1, 0.02)
    said = "the last 20 of 24 trials gained 0.010 in p, less than chance makes (0.020)"
    assert str(found) == said
