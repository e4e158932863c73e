"""How busy workers and the machine were: what is kept of it, and how it is drawn."""

from math import isnan

import pytest
from msgspec.structs import replace

from bertcl_tui.charts.glyphs import area
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import WorkerRow
from bertcl_tui.workers.loads import SPANS, Loads
from tests.bertcl_tui.snapshots.frozen import LOAD


@pytest.fixture
def worker(reader: Reader) -> WorkerRow:
    return replace(reader.workers()[0], host="another-host", threads=2)


def _beat(loads: Loads, worker: WorkerRow, at: float, cpu: float) -> None:
    loads.add_workers([replace(worker, heartbeat_at=at, cpu_percent=cpu)])


def test_a_worker_has_its_own_course_wherever_it_is(worker: WorkerRow) -> None:
    loads = Loads()
    for at, cpu in ((100.0, 50.0), (102.0, 150.0), (102.0, 999.0), (104.0, 100.0)):
        _beat(loads, worker, at, cpu)
    cpu, memory, gpu, gpu_memory = loads.of_worker(worker)
    assert (list(cpu.times), list(cpu.values)) == ([100.0, 102.0, 104.0], [50.0, 150.0, 100.0])
    assert cpu.full == 200.0, "as it has two cores"
    assert cpu.highest(120.0, 104.0) == 150.0
    assert cpu.highest(1.0, 104.0) == 100.0
    assert [course.name for course in (memory, gpu, gpu_memory)] == ["memory", "gpu", "gpu mem"]
    loads.add_workers([])
    assert not loads.of_worker(worker)[0].values, "it has ended"


def test_a_stretch_has_its_highest_reading_or_the_one_before_for_a_while(worker: WorkerRow) -> None:
    loads = Loads()
    for at, cpu in ((100.0, 20.0), (102.0, 200.0), (103.0, 100.0)):
        _beat(loads, worker, at, cpu)
    course = loads.of_worker(worker)[0]
    shares = course.shares(12, 24.0, 112.0)
    assert shares[5:7] == [0.1, 1.0]
    assert shares[7:11] == [0.5] * 4, "so long may a heartbeat be late"
    assert all(map(isnan, [*shares[:5], *shares[11:]]))


def test_no_more_is_kept_than_can_be_shown(worker: WorkerRow) -> None:
    loads = Loads()
    for second in range(0, 3 * int(SPANS[-1]), 60):
        loads.add_machine(float(second), LOAD)
    times = loads.of_machine()[0].times
    assert times[-1] - times[0] == SPANS[-1]


def test_a_machine_without_gpus_has_two_courses_and_one_with_two_names_them() -> None:
    loads = Loads()
    assert loads.of_machine() == []
    loads.add_machine(1.0, replace(LOAD, gpus=()))
    assert [course.name for course in loads.of_machine()] == ["cpu", "memory"]
    loads.add_machine(2.0, replace(LOAD, gpus=LOAD.gpus * 2))
    names = ["cpu", "memory", "gpu0", "gpu0 mem", "gpu1", "gpu1 mem"]
    assert [course.name for course in loads.of_machine()] == names


def test_an_area_is_filled_from_below() -> None:
    assert area([0.0, 0.01, 0.5, 1.0], 1) == ["⢀⣼"]
    assert area([1.0, 0.5], 2) == ["⡇", "⣿"]
    assert area([float("nan")] * 2, 1) == ["⠀"]
