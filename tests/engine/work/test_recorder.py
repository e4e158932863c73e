"""What a run says of its pace."""

from dataclasses import replace
from threading import Event

import pytest
from sqlalchemy import select

from engine.learning.confusion import Confusion
from engine.learning.events import LayerDrift, Measured, Measurement, Stepped
from engine.learning.plan import plan_stage
from engine.spec import Protocol, RunSpec
from engine.store.confusions import confusions_of
from engine.store.connection import Store
from engine.store.measurements import Spent, drift_of, measurements_of, spent_in, stages_of
from engine.store.run_states import claim_run, create_run, release_run
from engine.store.runs import get_run, spent_epochs
from engine.store.schema import run
from engine.store.workers import register_worker
from engine.work.patience import Patience
from engine.work.processes import identity_of
from engine.work.recorder import Hours, Recorder


@pytest.fixture
def recorder(store: Store) -> Recorder:
    """Return the recorder of a held run, number 1, of 4 steps."""
    worker = register_worker(store, identity_of(), device="cpu", threads=1, log_file=None)
    create_run(store, RunSpec(sequence=("mood", "agree"), data="hub", model="tiny"))
    claim_run(store, worker, threads=1)
    recorder = Recorder(store, 1, worker, Patience(Event()))
    protocol = Protocol(epochs=1, batch_size=1)
    recorder.plan([plan_stage("mood", rows=4, epochs=1, protocol=protocol, first_step=0)])
    return recorder


def rate(store: Store) -> float | None:
    return rates(store)[0]


def rates(store: Store) -> tuple[float | None, float | None]:
    """Return steps and tokens per second."""
    with store.reading() as connection:
        steps, tokens = connection.execute(select(run.c.rate, run.c.tokens_rate)).one()
        return steps, tokens


def measured(step: int) -> Measured:
    item = Measurement(task=0, split="retention", accuracy=0.5, loss=0.7, predicted=(1, 1))
    return Measured(stage=0, step=step, fraction=step / 4, measurements=(item,))


def stepped(step: int, *, seconds: float = 0.0, products: float = 0.0) -> Stepped:
    return Stepped(stage=0, step=step, loss=0.7, tokens=30, seconds=seconds, products=products)


def test_steps_that_end_with_a_measurement_say_nothing_of_the_pace(
    recorder: Recorder, store: Store
) -> None:
    for step in (1, 2, 3):
        recorder.measured(measured(step))
        recorder.stepped(stepped(step))
    recorder.write()
    assert rate(store) is None
    recorder.stepped(stepped(4))
    recorder.write()
    assert rate(store) is not None
    assert [item.step for item in measurements_of(store, 1)] == [1, 2, 3]


def test_tokens_go_by_as_fast_as_the_steps_that_learn_from_them(
    recorder: Recorder, store: Store
) -> None:
    for step in (1, 2, 3, 4):
        recorder.stepped(stepped(step))
    recorder.write()
    steps, tokens = rates(store)
    assert steps
    assert tokens == pytest.approx(30 * steps)
    release_run(store, 1, 1, state="paused", busy_seconds=1.0)
    assert rates(store) == (None, None)


def test_a_run_that_ends_with_a_measurement_has_taken_the_step_before_it(
    recorder: Recorder, store: Store
) -> None:
    recorder.stepped(stepped(2))
    recorder.measured(measured(3))
    recorder.write()
    assert get_run(store, 1).step == 3
    assert spent(store) == 0.75


def test_a_run_that_is_gone_on_with_is_as_far_as_it_was(recorder: Recorder, store: Store) -> None:
    resumed = Recorder(store, 1, 1, Patience(Event()), step=3)
    resumed.measured(measured(2))
    resumed.write()
    assert get_run(store, 1).step == 3
    assert spent(store) == 0.75


def test_it_says_on_how_many_rows_curves_are(recorder: Recorder, store: Store) -> None:
    protocol = Protocol(retention_rows=96)
    plan = plan_stage("mood", rows=4, epochs=1, protocol=protocol, first_step=0, followed=32)
    recorder.plan([plan])
    assert [stage.followed for stage in stages_of(store, 1)] == [32]


def spent(store: Store) -> float:
    with store.reading() as connection:
        return spent_epochs(connection, run.c.id == 1)


def times(store: Store) -> Spent:
    with store.reading() as connection:
        found = spent_in(connection.execute(select(run)).one())
    assert found is not None
    return found


def test_time_at_work_adds_up_over_all_who_worked_on_a_run(
    store: Store, recorder: Recorder
) -> None:
    for whole, rate in ((100.0, 50.0), (50.0, 100.0)):
        hours = Hours()
        hours.share(whole)
        worked = Recorder(store, 1, 1, Patience(Event()), hours=hours, rate=rate)
        worked.plan([plan_stage("mood", rows=4, epochs=1, protocol=Protocol(), first_step=0)])
        worked.stepped(stepped(1, seconds=20.0, products=500.0))
        worked.write()
        worked.measured(replace(measured(2), seconds=10.0))
        worked.stepped(stepped(2, seconds=10.0, products=500.0))
        worked.write()
    found = times(store)
    assert (found.learning, found.measuring, found.ideal) == (60.0, 20.0, 30.0)
    assert found.waiting == pytest.approx(70.0, abs=5.0)
    release_run(store, 1, 1, state="paused", busy_seconds=1.0)
    assert times(store) == found


def test_a_rate_that_is_not_known_is_not_guessed(store: Store, recorder: Recorder) -> None:
    recorder.stepped(stepped(1, seconds=20.0, products=500.0))
    recorder.write()
    assert times(store).ideal is None


def test_drift_is_kept_by_stage_and_replaced_when_a_stage_ends_again(
    recorder: Recorder, store: Store
) -> None:
    def ended(stage: int, drift: float) -> Measured:
        layers = (LayerDrift(0, "embeddings", drift), LayerDrift(1, "layer 1", 2 * drift))
        return replace(measured(4), stage=stage, drift=layers)

    for stage, drift in ((0, 0.1), (0, 0.2), (1, 0.4)):
        recorder.measured(ended(stage, drift))
        recorder.write()
    found = [(item.stage, item.layer, item.drift) for item in drift_of(store, 1)]
    assert found == [
        (0, "embeddings", 0.2),
        (0, "layer 1", 0.4),
        (1, "embeddings", 0.4),
        (1, "layer 1", 0.8),
    ]


def test_confusions_are_kept_by_stage_and_replaced_when_a_stage_ends_again(
    recorder: Recorder, store: Store
) -> None:
    def ended(stage: int, wrong: int) -> Measured:
        counts = Confusion(("no", "yes"), ((0, 0, 8 - wrong), (0, 1, wrong), (1, 1, 5)))
        of_all = Measurement(0, "search", 0.5, 0.7, (1, 1), confusion=counts)
        event = measured(4)
        return replace(event, stage=stage, measurements=(*event.measurements, of_all))

    for stage, wrong in ((0, 1), (0, 2), (1, 3)):
        recorder.measured(ended(stage, wrong))
        recorder.write()
    found = confusions_of(store, 1)
    assert [(item.stage, item.task, item.labels) for item in found] == [
        (0, 0, ("no", "yes")),
        (1, 0, ("no", "yes")),
    ]
    assert [item.cells[1] for item in found] == [(0, 1, 2), (0, 1, 3)]
