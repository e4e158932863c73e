"""Workers on clusters: on two nodes of a real Ray, and as jobs of a real Slurm."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from engine.errors import UsageError
from engine.spec import RunSpec, StudySpec
from engine.store.connection import Store, open_store
from engine.store.measurements import MeasurementRecord, measurements_of
from engine.store.run_states import create_run
from engine.store.runs import get_run
from engine.store.studies import create_study
from engine.store.workers import WorkerRecord, living_workers, set_desired_of_worker
from engine.work.launchers.asked import Asked
from engine.work.launchers.slurm import submit
from engine.work.supervisor import WorkerSettings, start_worker
from tests.forking import OUR_COMMAND
from tests.postgres import PostgresServer
from tests.process.conftest import PATIENCE, kill, wait_for, wait_for_end
from tests.process.harness.comparing import differences, results_of
from tests.process.hosts import ROOT
from tests.slurm import PARTITION, Slurm, slurm_cluster

pytestmark = pytest.mark.process

AT_ONCE = 2
SMALL = 80 * 2**20


@pytest.fixture
def store_url(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return postgres.emptied_store()


@pytest.fixture
def two_nodes(monkeypatch: pytest.MonkeyPatch, store_url: str) -> Iterator[str]:
    """Return the address of a cluster whose machines have a core each."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_worker_niceness", "0")  # else other tests leave them no core
    node = {"num_cpus": 1, "object_store_memory": SMALL}
    nobody_looks = {"include_dashboard": False, "include_log_monitor": False, "no_monitor": True}
    cluster = Cluster(initialize_head=True, head_node_args=node | nobody_looks)
    try:
        cluster.add_node(**node)
        yield cluster.address
    finally:
        cluster.shutdown()


def placing(*words: object) -> "subprocess.Popen[str]":
    command = [OUR_COMMAND, "worker", *map(str, words)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def working_here(store: Store) -> int:
    return start_worker(store, WorkerSettings(store=store.url, device="cpu", until_idle=True))


def resting(store: Store) -> list[int]:
    """Let all workers rest, and return their ids."""
    ids = [worker.id for worker in living_workers(store)]
    for worker_id in ids:
        set_desired_of_worker(store, worker_id, "paused")
    return ids


def in_the_midst(store: Store, worker_id: int | None = None) -> WorkerRecord | None:
    """Return a worker, that one or any, if it has begun a run."""
    for worker in living_workers(store):
        if worker_id not in (None, worker.id):
            continue
        if worker.run_id is not None and get_run(store, worker.run_id).step > 0:
            return worker
    return None


def one_in_the_midst(store: Store, worker_id: int | None = None) -> WorkerRecord:
    """Wait for a worker, that one or any, that has begun a run."""
    wait_for(
        lambda: in_the_midst(store, worker_id) is not None, "a worker to be in the midst of a run"
    )
    worker = in_the_midst(store, worker_id)
    assert worker is not None
    return worker


def test_a_search_on_two_nodes_comes_to_what_it_does_on_one_machine(
    store: Store, study_spec: StudySpec, two_nodes: str, tmp_path: Path
) -> None:
    search = replace(study_spec.search, trials=3, in_order=AT_ONCE)
    spec = replace(study_spec, protocol=replace(study_spec.protocol, epochs=2), search=search)
    alone = open_store(str(tmp_path / "alone.db"))
    alone_id = create_study(alone, spec)
    wait_for_end(working_here(alone))

    study_id = create_study(store, spec)
    cluster = ("--launcher", "ray", "--address", two_nodes)
    driver = placing(*cluster, "--until-idle", "--store", store.url)
    wait_for(lambda: len(resting(store)) == AT_ONCE, "both workers to begin")
    one, other = resting(store)  # so that who comes back finds something to do
    set_desired_of_worker(store, one, "running")
    kill(one_in_the_midst(store, one).identity.pid)
    wait_for(lambda: living_workers(store)[-1].id > other, "it to come back")
    set_desired_of_worker(store, other, "running")
    out, err = driver.communicate(timeout=PATIENCE)

    assert (driver.returncode, out) == (0, ""), err
    assert err.count(" begins on ") == AT_ONCE + 1
    assert err.count(" died, and is started again") == 1
    assert list(differences(results_of(store, study_id), results_of(alone, alone_id))) == []
    assert living_workers(store) == []

    refused = placing(*cluster, "--store", alone.url.removeprefix("sqlite:///"))
    _, err = refused.communicate(timeout=PATIENCE)
    assert refused.returncode == 2
    assert "is a file of one machine, and the cluster has 2; use a server" in err
    alone.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Slurm]:
    """Return a real Slurm of this module's own; skip where there can be none."""
    with slurm_cluster() as cluster:
        yield cluster


@pytest.fixture
def slurm(cluster: Slurm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slurm]:
    """Return where the launcher submits its jobs; none of them is left behind."""
    monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
    yield cluster
    if job := cluster.job("%i"):
        cluster.cancel(job)
    wait_for(lambda: not cluster.job("%i"), "jobs to end")


def submitted(store: Store) -> None:
    """Queue a worker as a person does, and see what is said of it and what is asked of Slurm."""
    words = ("--gpus-per-worker", 0, "--partition", PARTITION, "--time", "90m")
    submitting = placing("--launcher", "slurm", *words, "--store", store.url)
    _, err = submitting.communicate(timeout=PATIENCE)
    job = err.rpartition(" ")[2].strip()
    assert (submitting.returncode, err) == (
        0,
        f"1 worker with 1 core each, as job {job}; squeue --job {job}, scancel {job}\n",
    )


def said(store: Store) -> str:
    """Return what jobs printed, for who wonders why they did not what they should."""
    return "\n".join(path.read_text() for path in (store.folder / "slurm").glob("*_log.*"))


def test_a_job_that_ends_early_gives_its_run_back_and_comes_again_unless_it_was_cancelled(
    store: Store, run_spec: RunSpec, slurm: Slurm, undisturbed: list[MeasurementRecord]
) -> None:
    run_id = create_run(store, run_spec)
    submitted(store)
    assert slurm.job("%P %l") == f"{PARTITION} 1:30:00"
    assert "#SBATCH --signal=USR2@90" in slurm.script(slurm.job("%i")).splitlines()
    one_in_the_midst(store)
    slurm.cancel(slurm.job("%i"))
    wait_for(lambda: not slurm.job("%i"), "the job to be gone")
    assert get_run(store, run_id).state == "paused", said(store)
    assert living_workers(store) == []

    before = get_run(store, run_id).step
    submitted(store)
    wait_for(lambda: get_run(store, run_id).step > before, "another job to go on with it")
    slurm.warn(slurm.job("%i"))
    wait_for(lambda: slurm.job("%T %r") == "PENDING BeginTime", "it to be queued anew")
    assert get_run(store, run_id).state == "paused", said(store)

    slurm.cancel(slurm.job("%i"))
    wait_for_end(working_here(store))
    assert get_run(store, run_id).state == "complete"
    assert measurements_of(store, run_id) == undisturbed


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"gpus": 1}, "Invalid generic resource (gres) specification; --gpus-per-worker 0 asks"),
        ({"gpus": 0, "partition": "none"}, "invalid partition specified: none"),
    ],
)
def test_what_slurm_refuses_is_said_in_a_line(
    slurm: Slurm, tmp_path: Path, asked: dict[str, Any], refused: str
) -> None:
    del slurm
    with closing(open_store(str(tmp_path / "studies.db"))) as store:
        settings = WorkerSettings(store=store.url)
        with pytest.raises(UsageError, match=re.escape(refused)):
            submit(store, Asked(settings=settings, **asked), 1)


WARNED_AT_ONCE = """
import os, signal
os.kill(os.getpid(), signal.SIGUSR2)
"""
"""What Python reads before anything of a job, as ``sitecustomize``."""


def test_a_job_that_is_warned_as_python_begins_takes_no_run_and_is_queued_anew(
    slurm: Slurm, tmp_path: Path, run_spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "begins").mkdir()
    (tmp_path / "begins/sitecustomize.py").write_text(WARNED_AT_ONCE)
    path = [str(tmp_path / "begins"), *filter(None, [os.environ.get("PYTHONPATH")])]
    with closing(open_store(str(tmp_path / "studies.db"))) as store:
        run_id = create_run(store, run_spec)
        settings = WorkerSettings(store=store.url, device="cpu", until_idle=True)
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
        submit(store, Asked(settings=settings, gpus=0), 1)
        wait_for(lambda: slurm.job("%T %r") == "PENDING BeginTime", "it to be queued anew")
        assert get_run(store, run_id).state == "queued", said(store)
        assert living_workers(store) == []


def test_a_job_that_is_warned_while_it_loads_takes_no_run_and_is_queued_anew(
    tmp_path: Path, run_spec: RunSpec
) -> None:
    with closing(open_store(str(tmp_path / "studies.db"))) as store:
        run_id = create_run(store, run_spec)
        words = [sys.executable, "-P", "-m", "tests.process.harness.warned", store.url]
        found = os.environ | {"PYTHONPATH": str(ROOT)}
        job = subprocess.run(
            words, env=found, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert (job.returncode, job.stdout) == (0, "queued anew\n"), job.stderr
        assert get_run(store, run_id).state == "queued"
        assert living_workers(store) == []
