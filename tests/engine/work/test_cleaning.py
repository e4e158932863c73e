"""What goes from the disk, and above all what stays."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_spec
from sqlalchemy import select, update

from engine.errors import UsageError
from engine.files import COPY_PREFIX, name_beside
from engine.places.named import CACHES, CHECKPOINTS
from engine.spec import RunSpec, SearchSettings, StudySpec
from engine.store.connection import Store, open_store
from engine.store.deletion import delete_study
from engine.store.places import place_of, run_folder
from engine.store.run_states import claim_run, control_run, create_run, finish_run, retry_run
from engine.store.schema import run, worker
from engine.store.states import RunState
from engine.store.studies import control_study, create_study
from engine.store.workers import WorkerIdentity, end_worker, register_worker, write_log
from engine.tasks.cache import cache_folder
from engine.work.cleaning import KINDS, Amount, Cleaning, free, kinds_of, look_at, tidy
from engine.work.cleaning.files import first_stage_name
from engine.work.processes import identity_of

DAY = 86400.0


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "studies.db"
    open_store(str(path)).close()
    return path


@pytest.fixture
def store(
    empty: Path, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path / "cache"))
    store = open_store(str(shutil.copy(empty, tmp_path)))
    yield store
    store.close()


@pytest.fixture(scope="module")
def dead() -> int:
    """Return the pid of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def new_run(store: Store) -> int:
    spec = RunSpec(sequence=("sst2", "mrpc"), data="hub", model="bert", method="flat")
    return create_run(store, spec)


def put(path: Path, size: int = 10, *, days: float = 0.0) -> Path:
    """Write a file that was used last so long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    aged(path, days)
    return path


def aged(path: Path, days: float) -> None:
    os.utime(path, (time.time() - days * DAY,) * 2)


def checkpoint(store: Store, run_id: int, *, days: float = 0.0) -> Path:
    folder = store.folder / f"run-{run_id}"
    put(folder / "checkpoint.safetensors", days=days)
    aged(folder, days)
    return folder


def run_in(store: Store, state: RunState) -> int:
    run_id = new_run(store)
    with store.writing() as connection:
        connection.execute(update(run).where(run.c.id == run_id).values(state=state))
    return run_id


def of_dead_writer(path: Path, pid: int) -> Path:
    beside = name_beside(path)
    return beside.with_name(beside.name.replace(f".{os.getpid()}-", f".{pid}-"))


def freed(store: Store, kind: str, older: float = 30 * DAY) -> Amount:
    """Free a kind; what went is what was said to be able to go."""
    cleaning = Cleaning(store, older=older)
    expected = look_at(cleaning, kind).can_go
    gone = free(cleaning, kind)
    assert gone == expected
    assert look_at(cleaning, kind).can_go == Amount(0, 0)
    return gone


@pytest.mark.parametrize("state", ["queued", "running", "paused", "failed"])
def test_what_a_run_may_go_on_from_stays_however_old(store: Store, state: RunState) -> None:
    folder = checkpoint(store, run_in(store, state), days=1000)
    assert freed(store, "checkpoints", older=0) == Amount(0, 0)
    tidy(store)
    assert folder.exists()


@pytest.mark.parametrize("state", ["complete", "pruned", "collapsed"])
def test_what_belongs_to_a_run_that_is_over_goes(store: Store, state: RunState) -> None:
    folder = checkpoint(store, run_in(store, state))
    assert freed(store, "checkpoints") == Amount(1, 10)
    assert not folder.exists()


def test_what_belongs_to_a_deleted_run_goes(store: Store) -> None:
    folder = checkpoint(store, new_run(store) + 100)
    stays = checkpoint(store, new_run(store))
    assert freed(store, "checkpoints") == Amount(1, 10)
    assert (folder.exists(), stays.exists()) == (False, True)
    assert [path.name for path in store.folder.iterdir()] == [stays.name]


def test_what_belongs_to_deleted_runs_goes_from_a_place_elsewhere(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CHECKPOINTS.variable, f"memory://{tmp_path.name}")
    place, unfinished = place_of(store), new_run(store)
    for run_id in (unfinished, 7, 8, 9):
        place.write(f"{run_folder(run_id)}/checkpoint-1.safetensors", put)
    assert freed(store, "checkpoints") == Amount(3, 30)
    assert [folder.path.name for folder in place.folders()] == [run_folder(unfinished)]


def test_a_stopped_run_keeps_its_checkpoint_for_a_while(store: Store) -> None:
    lately = checkpoint(store, run_in(store, "stopped"), days=29)
    long_ago = checkpoint(store, run_in(store, "stopped"), days=31)
    assert freed(store, "checkpoints") == Amount(1, 10)
    assert (lately.exists(), long_ago.exists()) == (True, False)


def test_a_run_that_is_retried_just_now_keeps_its_checkpoint(store: Store) -> None:
    """Between the look and the deletion somebody may want the run once more."""
    run_id = run_in(store, "stopped")
    folder = checkpoint(store, run_id, days=31)
    cleaning = Cleaning(store)
    assert look_at(cleaning, "checkpoints").can_go == Amount(1, 10)
    retry_run(store, run_id)
    assert free(cleaning, "checkpoints") == Amount(0, 0)
    assert folder.exists()


def test_by_itself_nothing_goes_that_was_touched_within_the_hour(store: Store) -> None:
    """Stores are moved about: what belongs to no run now may do so in a minute."""
    young, old = checkpoint(store, 700), checkpoint(store, 701, days=0.1)
    tidy(store)
    assert (young.exists(), old.exists()) == (True, False)


def test_links_are_not_followed_out_of_our_folders(store: Store, tmp_path: Path, dead: int) -> None:
    precious = put(tmp_path / "elsewhere" / "checkpoint.safetensors", days=100)
    elsewhere = precious.parent
    put(elsewhere / ".checkpoint.safetensors.1-0123456789abcdef.part", days=100)
    put(elsewhere / f"{'a' * 32}.safetensors", days=100)
    before = sorted(elsewhere.iterdir())
    store.folder.mkdir()
    for name in ("run-800", "first-stages", "worker-20260101-000000-1.log"):
        (store.folder / name).symlink_to(elsewhere)
    of_dead_writer(store.folder / "checkpoint", dead).symlink_to(elsewhere)
    cache_folder("fisher").parent.mkdir()
    cache_folder("fisher").symlink_to(elsewhere)
    for kind in KINDS:
        free(Cleaning(store, older=0), kind)
    assert sorted(elsewhere.iterdir()) == before


def test_the_folder_itself_may_lie_on_another_disk(store: Store, tmp_path: Path) -> None:
    (tmp_path / "large-disk").mkdir()
    store.folder.symlink_to(tmp_path / "large-disk")
    folder = checkpoint(store, 900)
    assert freed(store, "checkpoints") == Amount(1, 10)
    assert not folder.exists()


def test_what_a_killed_writer_left_goes_and_what_a_living_one_writes_stays(
    store: Store, dead: int
) -> None:
    run_id = new_run(store)
    checkpoint(store, run_id)
    places = [
        store.folder / f"run-{run_id}" / "checkpoint.safetensors",
        store.folder / "first-stages" / "key.safetensors",
        cache_folder("encoded") / "key.safetensors",
    ]
    left = [put(of_dead_writer(path, dead), days=0.1) for path in places]
    young = [put(of_dead_writer(path, dead)) for path in places]
    mine = [put(name_beside(path), days=100) for path in places]
    assert freed(store, "leftovers") == Amount(3, 30)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in [*young, *mine])


def test_a_copy_of_a_store_goes_with_the_process_that_looked_into_it(
    store: Store, temporary: Path, dead: int
) -> None:
    folders = [temporary / f"{COPY_PREFIX}{pid}-abc" for pid in (dead, os.getpid())]
    for folder in folders:
        put(folder / "studies.db", days=1)
        aged(folder, 1)
    assert freed(store, "leftovers") == Amount(1, 10)
    assert [folder.exists() for folder in folders] == [False, True]


def test_the_file_of_a_living_worker_stays(store: Store) -> None:
    files = {name: log_file(store, number) for number, name in enumerate(("living", "ended"))}
    register_worker(store, identity_of(), device="cpu", threads=1, log_file=str(files["living"]))
    earlier = put(files["living"].with_name(f"{files['living'].name}.1"), days=100)
    assert freed(store, "worker-logs") == Amount(1, 10)
    assert files["living"].exists()
    assert earlier.exists()
    assert not files["ended"].exists()


def log_file(store: Store, number: int, *, days: float = 100) -> Path:
    return put(store.folder / f"worker-20260101-000000-{number}.log", days=days)


def test_only_the_newest_files_of_ended_workers_are_kept(store: Store) -> None:
    files = [log_file(store, number, days=1 + number / 100) for number in range(60)]
    tidy(store)
    assert [file.exists() for file in files] == [True] * 50 + [False] * 10


def test_a_file_just_begun_stays_though_its_worker_is_not_known_yet(store: Store) -> None:
    file = log_file(store, 1, days=0)
    assert freed(store, "worker-logs", older=0) == Amount(0, 0)
    assert file.exists()


def test_caches_and_first_stages_go_that_were_used_long_ago(store: Store) -> None:
    for kind, folder in (
        ("caches", cache_folder("encoded")),
        ("first-stages", store.folder / "first-stages"),
    ):
        old = put(folder / f"{'a' * 32}.safetensors", days=40)
        new = put(folder / f"{'b' * 32}.safetensors", days=20)
        assert freed(store, kind) == Amount(1, 10)
        assert (old.exists(), new.exists()) == (False, True)
        assert freed(store, kind, older=0) == Amount(1, 10)


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_caches_of_many_machines_are_counted_and_freed_with_those_of_this_one(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead: int, scheme: str
) -> None:
    monkeypatch.setattr("engine.tasks.cache.own_folder", lambda kind: tmp_path / kind)
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setenv(CACHES.variable, f"{scheme}://{shared}")
    place = CACHES.place()
    assert place is not None
    put(cache_folder("encoded") / f"{'a' * 32}.safetensors", days=40)
    for name in (
        "encoded/" + "b" * 32,
        "shifts/" + "c" * 32,
        "shifts/thesis",
        "machine/" + "d" * 32,
    ):
        place.write(f"{name}.json", put)
    assert look_at(Cleaning(store), "caches").there == Amount(3, 30)
    assert freed(store, "caches") == Amount(1, 10)
    assert freed(store, "caches", older=0) == Amount(2, 20)
    assert place.written_at("shifts/thesis.json")
    if scheme == "file":
        put(of_dead_writer(shared / "fisher" / "key.safetensors", dead), days=1)
        assert freed(store, "leftovers") == Amount(1, 10)


def test_the_first_stage_of_a_search_stays_while_it_may_go_on(store: Store) -> None:
    search = SearchSettings(trials=1, searched_stages="later")
    spec = StudySpec(
        name="later", sequence=("sst2", "mrpc"), data="hub", model="bert", search=search
    )
    study_id = create_study(store, spec)
    key = "a" * 32
    old = put(store.folder / first_stage_name(key, study_id), days=400)
    of_runs = put(store.folder / first_stage_name(key, None), days=40)
    assert freed(store, "first-stages") == Amount(1, 10)
    assert (old.exists(), of_runs.exists()) == (True, False)
    assert look_at(Cleaning(store, older=0), "first-stages").there == Amount(1, 10)
    control_study(store, study_id, "paused")
    assert freed(store, "first-stages", older=0) == Amount(0, 0)
    control_study(store, study_id, "stopped")
    assert freed(store, "first-stages") == Amount(1, 10)


def test_a_search_takes_its_first_stage_along_when_it_is_deleted(store: Store) -> None:
    spec = StudySpec(name="later", sequence=("sst2", "mrpc"), data="hub", model="bert")
    mine, theirs = (create_study(store, replace_spec(spec, name=name)) for name in ("a", "b"))
    files = [
        put(store.folder / first_stage_name("a" * 32, study_id)) for study_id in (mine, theirs)
    ]
    delete_study(store, mine)
    assert [file.exists() for file in files] == [False, True]


def test_a_cache_folder_may_hold_files_of_others(store: Store) -> None:
    theirs = put(cache_folder("shifts") / "thesis.json", days=1000)
    assert freed(store, "caches", older=0) == Amount(0, 0)
    assert theirs.exists()


def test_lines_of_the_log_go_but_for_those_of_the_living(store: Store) -> None:
    living, ended = (
        register_worker(store, identity_of(pid), device="cpu", threads=1, log_file=None)
        for pid in (os.getpid(), os.getppid())
    )
    end_worker(store, ended)
    for worker_id, run_id in (
        (living, None),
        (ended, None),
        (ended, run_in(store, "paused")),
        (ended, run_in(store, "complete")),
    ):
        write_log(store, "info", "0123456789", worker_id=worker_id, run_id=run_id)
    assert freed(store, "log", older=0) == Amount(2, 20)
    assert look_at(Cleaning(store), "log").there == Amount(2, 20)


def test_the_store_is_written_anew_only_while_nobody_works(store: Store) -> None:
    say_much(store)
    free(Cleaning(store, older=0), "log")
    worker_id = register_worker(store, identity_of(), device="cpu", threads=1, log_file=None)
    cleaning = Cleaning(store)
    free(cleaning, "store")
    size = large(store)
    assert look_at(cleaning, "store").there.bytes > 9_000_000
    end_worker(store, worker_id)
    assert free(cleaning, "store").bytes > 9_000_000
    assert large(store) < size - 9_000_000
    assert look_at(cleaning, "store").there == Amount(0, 0)


def say_much(store: Store) -> None:
    for _ in range(10):
        write_log(store, "info", "x" * 1_000_000)


def large(store: Store) -> int:
    assert store.path is not None
    return store.path.stat().st_size


def test_workers_go_that_ended_long_ago_and_that_nothing_names(store: Store) -> None:
    old, told, lately, living, holder = (
        register_worker(
            store,
            WorkerIdentity(host="here", pid=pid, process_start=1.0),
            device="cpu",
            threads=1,
            log_file=None,
        )
        for pid in range(1, 6)
    )
    new_run(store)
    assert claim_run(store, holder, threads=1)
    for worker_id in (old, told, lately, holder):
        end_worker(store, worker_id)
    long_ago = worker.c.id.in_((old, told, holder))
    with store.writing() as connection:
        connection.execute(update(worker).where(long_ago).values(ended_at=time.time() - 40 * DAY))
    write_log(store, "info", "is remembered", worker_id=told)
    free(Cleaning(store), "log")
    with store.reading() as connection:
        left = set(connection.execute(select(worker.c.id)).scalars())
    assert left == {told, lately, living, holder}


def test_a_busy_store_is_left_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.work.cleaning.in_store._PATIENCE_SECONDS", 0.0)
    say_much(store)
    free(Cleaning(store, older=0), "log")
    other = open_store(store.url)
    with other.writing():
        assert free(Cleaning(store), "store").count == 0
    other.close()


def test_looking_changes_nothing(store: Store, dead: int) -> None:
    checkpoint(store, 700)
    put(of_dead_writer(store.folder / "checkpoint", dead), days=1)
    log_file(store, 1)
    before = written(store)
    stocks = [look_at(Cleaning(store, older=0), kind) for kind in kinds_of(store)]
    assert written(store) == before
    assert [stock.kind for stock in stocks] == list(KINDS)


def written(store: Store) -> dict[Path, int]:
    assert store.path is not None
    return {path: path.stat().st_mtime_ns for path in (store.path, *store.folder.rglob("*"))}


def test_beside_workers_that_begin_and_end_runs_nothing_is_lost(store: Store) -> None:
    """What a worker writes between two looks of another is never taken from it."""
    me = register_worker(store, identity_of(), device="cpu", threads=1, log_file=None)
    for _ in range(5):
        paused, done = new_run(store), new_run(store)
        for run_id in (paused, done):
            claimed = claim_run(store, me, threads=1)
            assert claimed is not None
            checkpoint(store, run_id)
        finish_run(store, done, me, state="complete")
        control_run(store, paused, "paused")
        free(Cleaning(store, older=0), "checkpoints")
        assert (store.folder / f"run-{paused}").exists()
        assert not (store.folder / f"run-{done}").exists()
    with store.reading() as connection:
        assert connection.execute(worker.select()).one()


def test_a_folder_that_was_taken_aside_by_a_killed_cleaner_goes_later(
    store: Store, dead: int
) -> None:
    aside = of_dead_writer(store.folder / "run-7", dead)
    put(aside / "checkpoint.safetensors", days=1)
    aged(aside, 1)
    assert freed(store, "leftovers") == Amount(1, 10)
    assert not aside.exists()


def test_beside_a_store_that_may_not_be_written_nothing_goes(store: Store, dead: int) -> None:
    folder = checkpoint(store, 700)
    left = put(of_dead_writer(store.folder / "checkpoint", dead), days=1)
    file = log_file(store, 1)
    assert store.path is not None
    copy = tempfile.TemporaryDirectory()
    there = open_store(str(shutil.move(store.path, copy.name)))
    store.path.mkdir()  # root may write any file, but no folder as if it were one
    looked_at = replace(store, engine=there.engine, copy=copy)
    for kind in KINDS:
        with suppress(UsageError):
            assert free(Cleaning(looked_at, older=0), kind) == Amount(0, 0)
    assert all(path.exists() for path in (folder, left, file))
    looked_at.close()
