"""Which process is meant, and how processes are started."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from engine.errors import UsageError
from engine.store.connection import open_store
from engine.store.workers import living_workers, register_worker
from engine.work.ask import weigh_importance
from engine.work.processes import hand_over, identity_of, is_alive, start_module
from engine.work.supervisor import WorkerSettings, start_process

here = identity_of()
needs_lasting_names = pytest.mark.skipif(
    sys.platform != "linux", reason="names processes on Linux only"
)


@needs_lasting_names
def test_a_process_is_the_same_when_the_clock_is_set(tmp_path: Path) -> None:
    later = replace(here, process_start=here.process_start + 3600)
    assert is_alive(later)
    with closing(open_store(str(tmp_path / "studies.db"))) as store:
        ids = {
            register_worker(store, identity, device="cpu", threads=1, log_file=None)
            for identity in (here, later)
        }
        assert len(ids) == 1
        assert [worker.identity for worker in living_workers(store)] == [here]


@needs_lasting_names
def test_a_pid_that_was_given_again_is_another_process() -> None:
    assert is_alive(here)
    assert not is_alive(replace(here, process=f"{here.process}0"))


@needs_lasting_names
def test_of_another_boot_or_container_only_the_heartbeat_can_tell() -> None:
    boot, rest = here.process.split(" ", 1)
    assert is_alive(replace(here, process=f"{boot[::-1]} {rest}", pid=2**22 + 1))


def test_where_a_process_has_no_lasting_name_its_start_tells() -> None:
    plain = replace(here, process="")
    assert is_alive(plain)
    assert not is_alive(replace(plain, process_start=1.0))
    assert is_alive(replace(plain, process_start=1.0, host="elsewhere"))


@pytest.mark.process
def test_the_password_of_a_store_does_not_show_in_a_list_of_processes() -> None:
    settings = WorkerSettings(store="postgresql+psycopg://me:s3cret@nowhere.invalid/lab")
    with _ended(start_process(settings)) as process:
        seen = psutil.Process(process.pid)
        while not (words := seen.cmdline()):  # it is between two programs
            assert process.poll() is None
        variables = seen.environ()
        assert words[1:4] == ["-P", "-m", "engine.work"]
        assert "me:***@nowhere.invalid/lab" in words[4]
        assert "s3cret" not in " ".join(words)
        assert not any("s3cret" in value for value in variables.values())


@pytest.mark.process
def test_files_of_the_current_folder_are_not_taken_for_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("random.py", "datasets.py", "profile.py", "engine/__init__.py"):
        tmp_path.joinpath(name).parent.mkdir(exist_ok=True)
        tmp_path.joinpath(name).write_text("raise SystemExit('mine')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"no store at .*none\.db"):
        weigh_importance(str(tmp_path / "none.db"), 1, "ped-anova").wait()
    with _ended(start_module("engine.work", stderr=subprocess.PIPE)) as process:
        hand_over(process, b"no settings")
        assert b"msgspec.DecodeError" in (process.stderr.read() if process.stderr else b"")


@contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator["subprocess.Popen[bytes]"]:
    with process:
        try:
            yield process
        finally:
            process.kill()
