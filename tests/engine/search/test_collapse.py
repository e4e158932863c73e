import math
from collections.abc import Sequence

import msgspec
import pytest

from engine.search.collapse import CollapseSentinel, Look, Observation, SentinelState

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
