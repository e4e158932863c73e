from msgspec.structs import replace

from engine.store.connection import Store
from engine.store.measurements import (
    MeasurementRecord,
    Progress,
    Split,
    StageRecord,
    end_accuracies,
    measurements_of,
    record_progress,
    record_stages,
    stages_of,
)
from engine.store.run_states import claim_run, create_run
from engine.store.runs import get_run
from tests.engine.store.conftest import run_spec


def measured(
    step: int, accuracy: float, *, task: int = 0, split: Split = "retention"
) -> MeasurementRecord:
    return MeasurementRecord(
        step=step, stage=0, task=task, split=split, accuracy=accuracy, loss=None
    )


def test_what_is_measured_again_replaces_what_stood_there(
    store: Store, held: tuple[int, int]
) -> None:
    first = [measured(4, 0.5), measured(8, 0.6), measured(8, 0.61, split="search")]
    again = [measured(8, 0.7), measured(12, 0.8, task=1), measured(12, 0.9)]
    record_progress(store, *held, Progress(step=8, steps=40, rate=2.5), first)
    record_progress(store, *held, Progress(step=12, steps=40, rate=2.5), again)
    assert measurements_of(store, held[0], "retention") == [
        measured(4, 0.5),
        measured(8, 0.7),
        measured(12, 0.9),
        measured(12, 0.8, task=1),
    ]
    assert measurements_of(store, held[0], "search") == [measured(8, 0.61, split="search")]
    assert len(measurements_of(store, held[0])) == 5


def test_what_scores_is_the_accuracy_unless_a_measurement_says_else(
    store: Store, held: tuple[int, int]
) -> None:
    first = replace(measured(20, 0.5, split="search"), macro_f1=0.4)
    second = replace(measured(40, 0.6, split="search"), stage=1, macro_f1=0.3, score=0.3)
    stages = [
        StageRecord(stage=stage, task=task, first_step=20 * stage, last_step=20 * stage + 20)
        for stage, task in enumerate(("sst2", "mrpc"))
    ]
    record_stages(store, *held, stages)
    record_progress(store, *held, Progress(step=40, steps=40), [first, second])
    assert end_accuracies(store, [held[0]], "search") == {held[0]: {(0, 0): 0.5, (1, 0): 0.3}}
    assert measurements_of(store, held[0]) == [first, second]
    assert [item.scored for item in measurements_of(store, held[0])] == [0.5, 0.3]


def test_progress_without_measurements_is_progress(store: Store, held: tuple[int, int]) -> None:
    record_progress(store, *held, Progress(step=3, steps=40))
    assert (get_run(store, held[0]).step, get_run(store, held[0]).steps) == (3, 40)
    assert measurements_of(store, held[0]) == []


def test_the_plan_of_a_run_is_remembered_once(store: Store, held: tuple[int, int]) -> None:
    plan = [
        StageRecord(stage=0, task="sst2", first_step=0, last_step=20),
        StageRecord(stage=1, task="mrpc", first_step=20, last_step=50),
    ]
    record_stages(store, *held, plan)
    record_stages(store, *held, plan)
    assert stages_of(store, held[0]) == plan
    assert get_run(store, held[0]).steps == 50


def test_measurements_are_those_of_one_run(store: Store, held: tuple[int, int]) -> None:
    other, worker_id = create_run(store, run_spec()), held[1]
    claim_run(store, worker_id, threads=1)
    record_progress(store, *held, Progress(step=4, steps=8), [measured(4, 0.5)])
    record_progress(store, other, worker_id, Progress(step=4, steps=8), [measured(4, 0.9)])
    assert measurements_of(store, held[0]) == [measured(4, 0.5)]


def test_many_measurements_fit_into_one_write(store: Store, held: tuple[int, int]) -> None:
    many = [measured(step, step / 20_000) for step in range(12_000)]
    record_progress(store, *held, Progress(step=12_000, steps=12_000), many)
    assert measurements_of(store, held[0]) == many
