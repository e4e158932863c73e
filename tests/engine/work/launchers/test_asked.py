"""What may be asked of a launcher, and how many workers follow from it."""

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.store.connection import open_store
from engine.store.studies import create_study
from engine.store.workers import WorkerIdentity, register_worker
from engine.work import launchers
from engine.work.launchers import LAUNCHERS, Launcher, launch
from engine.work.launchers.asked import Asked, workers_missing
from engine.work.supervisor import WorkerSettings
from tests.engine.store.conftest import study_spec


def asked(*, device: str = "auto", stack: int = 1, **options: object) -> Asked:
    settings = WorkerSettings(store="studies.db", device=device, stack=stack)
    return Asked(settings=settings, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"gpus": 2.0}, "a worker learns on one; use 1, 0, or a share like 0.25"),
        ({"gpus": -1.0}, "-1 GPUs per worker cannot be"),
        ({"gpus": 0.5, "device": "cpu"}, "exclude each other"),
        ({"gpus": 0.0, "device": "cuda"}, "leave --gpus-per-worker 0 out"),
        ({"device": "cuda:1"}, "the cluster chooses which GPU"),
    ],
)
def test_what_a_worker_cannot_have_is_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gpus", "device", "gpus_there", "settled"),
    [
        (None, "auto", True, (1.0, "cuda")),
        (None, "auto", False, (0.0, "cpu")),
        (None, "cpu", True, (0.0, "cpu")),
        (None, "cuda", False, (1.0, "cuda")),
        (0.25, "auto", True, (0.25, "cuda")),
        (0.0, "auto", True, (0.0, "cpu")),
    ],
)
def test_who_says_nothing_of_gpus_gets_one_where_there_are_some(
    gpus: float | None,
    device: str,
    gpus_there: bool,
    settled: tuple[float, str],
) -> None:
    there = asked(gpus=gpus, device=device, cpus=3).settled(gpus_there=gpus_there)
    assert (there.gpus, there.settings.device) == settled
    assert there.settings.threads == 3
    assert ("cuda:0" in there.devices) == (settled[1] == "cuda")


def test_as_many_workers_are_missing_as_have_something_to_do(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "studies.db"))
    create_study(store, study_spec(trials=10))
    assert workers_missing(store, asked(), (), 0) == 10
    assert workers_missing(store, asked(stack=4), (), 0) == 3
    assert workers_missing(store, asked(most=4), (), 0) == 4
    assert workers_missing(store, asked(most=4), (), 6) == -2
    here = WorkerIdentity(host="here", pid=1, process_start=1.0)
    other = register_worker(store, here, device="cpu", threads=1, log_file=None)
    assert workers_missing(store, asked(), (), 0) == 9
    assert workers_missing(store, asked(), (other,), 1) == 9
    store.close()


def test_a_launcher_whose_library_is_missing_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    missing = Launcher(meaning="", library="not_there", takes=())
    monkeypatch.setattr(launchers, "LAUNCHERS", {**LAUNCHERS, "ray": missing})
    with pytest.raises(UsageError, match=r'needs not_there: pip install "bertcl-tui\[ray\]"'):
        launch("ray", asked(), print)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("condor", {}, "no launcher named 'condor'; use one of ray, slurm"),
        ("ray", {"partition": "long"}, "takes no --partition; it takes --address"),
        ("slurm", {"address": "here:1"}, "takes no --address; it takes --partition, --time"),
        ("slurm", {}, "no Slurm here: sbatch is not found"),
        ("ray", {"address": "nonsense"}, "no Ray cluster at nonsense: an address is written like"),
        ("ray", {"address": "127.0.0.1:1"}, "no Ray cluster at 127.0.0.1:1: connection refused"),
    ],
)
def test_what_a_launcher_cannot_do_is_refused(
    name: str,
    options: dict[str, object],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if name == "slurm":
        monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=said):
        launch(name, asked(**options), print)  # type: ignore[arg-type]
