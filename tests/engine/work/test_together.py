"""Trials that one worker learns together: what becomes of one is no matter of the others."""

import time
from collections.abc import Callable, Iterator, Mapping
from threading import Event

import pytest
import torch
from msgspec.structs import replace
from sqlalchemy import select, update

from engine.errors import StorageError
from engine.learning.stacked.stack import Stack
from engine.spec import Protocol, RunSpec, StudySpec
from engine.store.connection import Store, open_store
from engine.store.measurements import MeasurementRecord, measurements_of, spent_on
from engine.store.notices import Notices
from engine.store.places import place_of
from engine.store.run_states import claim_run, control_run, create_run
from engine.store.runs import RunRecord, get_run
from engine.store.schema import run
from engine.store.studies import create_study
from engine.store.workers import living_workers, register_worker
from engine.work.execution import execute
from engine.work.heartbeat import Heartbeat
from engine.work.judge import Judge, Verdict
from engine.work.learning import Outcome, WorkerContext
from engine.work.patience import Patience
from engine.work.processes import identity_of
from engine.work.together import Together
from tests.tiny import tiny_backbone, tiny_tasks

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore:grad and param do not obey the gradient layout"),
]

RATES = (1e-3, 3e-3, 5e-3)
HALF = 4
"""Steps of a stage."""


@pytest.fixture(scope="module", autouse=True)
def _quiet_and_cached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTCL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunSpec, ...]:
    """Return what three trials learn, alike but for rates and seeds."""
    spec = RunSpec(
        sequence=("mood", "agree"),
        data=str(tiny_tasks(tmp_path_factory.mktemp("tasks"))),
        model=str(tiny_backbone(tmp_path_factory.mktemp("backbone"), num_hidden_layers=1)),
        method="flat",
        options={},
        protocol=Protocol(
            epochs=1,
            batch_size=12,
            measures_per_epoch=2,
            retention_rows=16,
            precision="fp32",
            dropout=False,
        ),
        device="cpu",
    )
    return tuple(replace(spec, options={"lr": rate}, seed=seed) for seed, rate in enumerate(RATES))


@pytest.fixture(scope="module")
def alone(
    specs: tuple[RunSpec, ...], tmp_path_factory: pytest.TempPathFactory
) -> list[list[MeasurementRecord]]:
    """Return what is measured of each trial when it is learnt alone."""
    store = open_store(str(tmp_path_factory.mktemp("alone") / "studies.db"))
    run_ids = _queue(store, specs)
    for _ in run_ids:
        context = _context(store)
        claimed = claim_run(store, context.worker_id, threads=1)
        assert claimed is not None
        execute(context, claimed, lambda _: Judge())
    found = [measurements_of(store, run_id) for run_id in run_ids]
    store.close()
    return found


def _queue(store: Store, specs: tuple[RunSpec, ...]) -> list[int]:
    """Queue the trials of a study."""
    spec = specs[0]
    study = StudySpec(
        name="mine",
        sequence=spec.sequence,
        data=spec.data,
        model=spec.model,
        protocol=spec.protocol,
        device=spec.device,
    )
    study_id = create_study(store, study)
    return [
        create_run(store, spec, study_id=study_id, number=number)
        for number, spec in enumerate(specs)
    ]


def _context(store: Store, ending: Event | None = None) -> WorkerContext:
    worker = register_worker(store, identity_of(), device="cpu", threads=1, log_file=None)
    ending = ending or Event()
    return WorkerContext(
        store=store,
        worker_id=worker,
        device="cpu",
        devices=("auto", "cpu"),
        heartbeat=Heartbeat(store, worker, "cpu", ending),
        patience=Patience(ending, run_seconds=0.0),
        checkpoint_seconds=0.0,
        notices=Notices(store),
        place=place_of(store),
    )


def _work(
    store: Store,
    judges: Mapping[int, Judge] | None = None,
    *,
    most: int = 3,
    ending: Event | None = None,
    wait_out: Callable[[str | None, float], None] = lambda *_: None,
) -> dict[int, Outcome | None]:
    """Do what a worker does with all runs that are there; return their outcomes."""
    context, outcomes = _context(store, ending), {}

    def take() -> RunRecord | None:
        if context.heartbeat.end_is_asked:
            return None
        return claim_run(store, context.worker_id, threads=1)

    def settle(settled: RunRecord, outcome: Outcome | None) -> None:
        outcomes[settled.id] = outcome

    known = judges or {}
    while (first := take()) is not None:
        together = Together(
            context,
            lambda claimed: known.get(claimed.id) or Judge(),
            most=most,
            take=take,
            settle=settle,
            wait_out=wait_out,
        )
        together.work(first)
    return outcomes


class AtStep(Judge):
    """Lets something happen when a step was taken."""

    def __init__(self, step: int, happen: Callable[[], object]) -> None:
        super().__init__()
        self.step = step
        self.happen = happen

    def weigh_loss(self, event: object) -> None:
        if getattr(event, "step", None) == self.step:
            self.happen()


def _assert_as_alone(store: Store, run_id: int, known: list[MeasurementRecord]) -> None:
    scored = [item for item in known if item.split != "validation"]
    found = [item for item in measurements_of(store, run_id) if item.split != "validation"]
    assert [(item.step, item.task, item.split, item.accuracy) for item in found] == [
        (item.step, item.task, item.split, item.accuracy) for item in scored
    ]
    assert [item.loss for item in found] == pytest.approx([item.loss for item in scored], rel=1e-5)


@pytest.mark.parametrize("most", [3, 2])
def test_each_is_measured_as_alone(
    store: Store, specs: tuple[RunSpec, ...], alone: list[list[MeasurementRecord]], most: int
) -> None:
    run_ids = _queue(store, specs)
    began = time.monotonic()
    outcomes = _work(store, most=most)
    took = time.monotonic() - began
    assert {each and each.state for each in outcomes.values()} == {"complete"}
    for run_id, known in zip(run_ids, alone, strict=True):
        _assert_as_alone(store, run_id, known)
        assert not (store.folder / f"run-{run_id}").exists()
    (worker,) = living_workers(store)
    assert worker.run_id is None
    with store.reading() as connection:
        busy = connection.execute(select(run.c.busy_seconds)).scalars().all()
    assert sum(busy) < took, "nobody's time counts twice"
    for run_id, seconds in zip(run_ids, busy, strict=True):
        spent = spent_on(store, run_id)
        assert spent is not None
        assert spent.waiting >= 0.0
        assert 0.0 < spent.learning + spent.measuring + spent.waiting <= seconds


def test_a_worker_is_at_another_of_its_runs_when_one_has_ended(
    store: Store, specs: tuple[RunSpec, ...]
) -> None:
    first, second, last = _queue(store, specs)
    seen: list[int | None] = []
    look = AtStep(HALF + 2, lambda: seen.append(living_workers(store)[0].run_id))
    _work(store, {second: look, last: Prunes()})
    assert seen == [first]


@pytest.mark.parametrize("desired", ["paused", "stopped"])
def test_one_that_is_told_to_rest_or_stop_leaves_the_others_as_they_are(
    store: Store,
    specs: tuple[RunSpec, ...],
    alone: list[list[MeasurementRecord]],
    desired: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.work.control._LOOK_SECONDS", 0.0)  # else it may end before that
    first, told, last = _queue(store, specs)
    outcomes = _work(store, {told: AtStep(HALF, lambda: control_run(store, told, desired))})
    back = outcomes[told]
    assert back is not None
    assert back.state == desired
    assert get_run(store, told).step < 2 * HALF
    for run_id, known in ((first, alone[0]), (last, alone[2])):
        _assert_as_alone(store, run_id, known)
    if desired == "paused":  # and it goes on where it was
        control_run(store, told, "running")
        assert _work(store)[told] is not None
        _assert_as_alone(store, told, alone[1])


class Prunes(Judge):
    """Ends a run at its first measurement."""

    def weigh(self, event: object, look: object) -> None:
        self.verdict = Verdict("pruned", "too far behind")


class Breaks(Judge):
    """Fails by a fault of its own."""

    def weigh(self, event: object, look: object) -> None:
        raise RuntimeError("broken")


@pytest.mark.parametrize(("judge", "state"), [(Prunes, "pruned"), (Breaks, "failed")])
def test_one_that_ends_early_leaves_the_others_as_they_are(
    store: Store,
    specs: tuple[RunSpec, ...],
    alone: list[list[MeasurementRecord]],
    judge: type[Judge],
    state: str,
) -> None:
    first, ended, last = _queue(store, specs)
    outcomes = _work(store, {ended: judge()})
    assert (outcomes[ended] or Outcome("queued")).state == state
    for run_id, known in ((first, alone[0]), (last, alone[2])):
        _assert_as_alone(store, run_id, known)


class Troubled(Judge):
    """Cannot reach the store when something is measured."""

    def weigh(self, event: object, look: object) -> None:
        raise StorageError("the disk is full")


def test_what_is_in_trouble_rests_when_the_others_are_through_and_is_not_taken_before(
    store: Store, specs: tuple[RunSpec, ...], alone: list[list[MeasurementRecord]]
) -> None:
    first, troubled, last = _queue(store, specs)
    rests = []

    def wait_out(trouble: str | None, until: float) -> None:
        there = [get_run(store, run_id) for run_id in (first, troubled, last)]
        rests.append((trouble, until > time.monotonic(), [each.state for each in there]))
        control_run(store, troubled, "stopped")

    _work(store, {troubled: Troubled()}, wait_out=wait_out)
    assert rests == [("the disk is full", True, ["complete", "paused", "complete"])]
    for run_id, known in ((first, alone[0]), (last, alone[2])):
        _assert_as_alone(store, run_id, known)


def test_one_that_another_worker_took_over_leaves_the_others_as_they_are(
    store: Store, specs: tuple[RunSpec, ...], alone: list[list[MeasurementRecord]]
) -> None:
    first, lost, last = _queue(store, specs)

    def take_over() -> None:
        with store.writing() as connection:
            connection.execute(update(run).where(run.c.id == lost).values(worker_id=None))

    outcomes = _work(store, {lost: AtStep(HALF, take_over)})
    assert outcomes[lost] is None
    for run_id, known in ((first, alone[0]), (last, alone[2])):
        _assert_as_alone(store, run_id, known)


def test_a_worker_that_ends_gives_all_back_and_they_go_on_alone(
    store: Store, specs: tuple[RunSpec, ...], alone: list[list[MeasurementRecord]]
) -> None:
    run_ids, ending = _queue(store, specs), Event()
    outcomes = _work(store, {run_ids[1]: AtStep(HALF, ending.set)}, ending=ending)
    assert [each and each.state for each in outcomes.values()] == ["paused"] * 3
    for _ in run_ids:
        _work(store, most=1)
    for run_id, known in zip(run_ids, alone, strict=True):
        _assert_as_alone(store, run_id, known)


def test_where_so_many_have_no_room_half_of_them_wait(
    store: Store,
    specs: tuple[RunSpec, ...],
    alone: list[list[MeasurementRecord]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step, sizes = Stack.step, []

    def crowded(stack: Stack) -> None:
        sizes.append(len(stack.learners))
        if len(stack.learners) > 2:
            raise torch.OutOfMemoryError
        step(stack)

    monkeypatch.setattr(Stack, "step", crowded)
    run_ids = _queue(store, specs)
    _work(store)
    assert max(sizes) == 3
    assert sizes.count(3) == 1
    for run_id, known in zip(run_ids, alone, strict=True):
        _assert_as_alone(store, run_id, known)


def test_what_has_no_room_even_by_itself_is_learnt_alone(
    store: Store,
    specs: tuple[RunSpec, ...],
    alone: list[list[MeasurementRecord]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Stack, "step", _fail_with(torch.OutOfMemoryError()))
    (run_id,) = _queue(store, specs[:1])
    _work(store)
    _assert_as_alone(store, run_id, alone[0])


def test_what_fails_by_itself_is_its_own_end(
    store: Store, specs: tuple[RunSpec, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stack, "step", _fail_with(RuntimeError("broken")))
    (run_id,) = _queue(store, specs[:1])
    assert _work(store)[run_id] == Outcome("failed", "RuntimeError: broken; see worker log")


def _fail_with(error: Exception) -> Callable[[Stack], None]:
    def fail(_: Stack) -> None:
        raise error

    return fail


def test_methods_that_cannot_be_stacked_are_learnt_one_after_the_other(
    store: Store, specs: tuple[RunSpec, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"lr": 1e-3, "layers": 1.0}
    frozen = tuple(replace(spec, method="freeze-k", options=options) for spec in specs[:2])
    _queue(store, frozen)
    with monkeypatch.context() as patch:
        patch.setattr(Stack, "step", None)
        assert [each and each.state for each in _work(store).values()] == ["complete"] * 2
