"""Searches are disturbed on purpose and come to what they come to undisturbed, to the last bit."""

import subprocess
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.spec import RunSpec, StudySpec
from engine.store.connection import Store
from engine.store.run_states import create_run
from engine.store.runs import get_run
from tests.postgres import PostgresServer
from tests.process.conftest import wait_for, wait_for_end
from tests.process.harness.campaign import Campaign
from tests.process.harness.faults import GIVEN_UP, Fault, endless_faults, own_disk, why_not
from tests.process.harness.strikes import Strike
from tests.process.harness.torture import LONG_STOP, possible_kinds, tiny_search
from tests.tiny import tiny_tasks

pytestmark = pytest.mark.process

SEED = 7
FAULTS = (
    Fault("strike", Strike("rename", "checkpoint", 1), GIVEN_UP),
    Fault("strike", Strike("commit", "INSERT INTO trial_intermediate_values", 1), GIVEN_UP),
    Fault("strike", Strike("before", "UPDATE trials SET state", 1), GIVEN_UP),
    Fault("pause", Strike("rename", "checkpoint", 3, stops=True), GIVEN_UP, seconds=1.0),
    Fault("remove", after=0.5, seconds=1.0),
)
"""Both workers are killed at first; then each is disturbed by what it outlives."""


@pytest.fixture(scope="session")
def few_rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_tasks(tmp_path_factory.mktemp("few"))


@pytest.fixture
def search(backbone: Path, few_rows: Path) -> StudySpec:
    search = tiny_search(backbone, few_rows, in_order=2)
    return replace(search, protocol=replace(search.protocol, train_rows=32))


def test_a_few_faults_lose_nothing(search: StudySpec, tmp_path: Path) -> None:
    more = endless_faults(SEED, possible_kinds(), long_stop=LONG_STOP)
    campaign = Campaign(search, tmp_path, chain(FAULTS, more))
    while campaign.tally.faults < len(FAULTS):
        campaign.disturb(most=len(FAULTS) - campaign.tally.faults)
    print(campaign.tally, *campaign.tally.lost, sep="\n")  # noqa: T201 - shown with -rP, or when it fails
    assert campaign.tally.lost == []


def test_a_server_that_is_stopped_while_workers_work_loses_nothing(
    search: StudySpec,
    tmp_path: Path,
    postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    faults = endless_faults(SEED, ("remove",), long_stop=LONG_STOP)
    faults = (fault for fault in faults if fault.kind == "remove")
    short = replace(search, search=replace(search.search, trials=3))
    tally = Campaign(short, tmp_path, faults, server=postgres).disturb(most=1)
    assert (tally.lost, tally.injected) == ([], {"remove": 1})


@pytest.mark.skipif(why_not("fill") is not None, reason=str(why_not("fill")))
def test_the_disk_of_a_harness_that_was_killed_is_taken_away(tmp_path: Path) -> None:
    begun = "with own_disk(Path(sys.argv[1]), wanted=True): os.kill(os.getpid(), 9)"
    imports = "import os, sys; from pathlib import Path; from tests.process.harness.faults import *"
    left, mine = tmp_path / "left", tmp_path / "mine"
    subprocess.run([sys.executable, "-c", f"{imports}\n{begun}", str(left)], check=False)
    assert left.is_mount()
    with own_disk(mine, wanted=True):
        assert mine.is_mount()
        assert not left.is_mount()
    assert not mine.is_mount()


def test_where_the_store_is_removed_a_worker_ends_and_makes_none(
    store: Store, run_spec: RunSpec, start: Callable[..., int]
) -> None:
    run_id = create_run(store, run_spec)
    pid = start(until_idle=False)
    wait_for(lambda: get_run(store, run_id).step > 0, "the run to take steps")
    assert store.path is not None
    store.close()
    for file in store.path.parent.glob(f"{store.path.name}*"):
        if file.is_file():
            file.unlink()
    wait_for_end(pid)
    assert not store.path.exists()
    (log_file,) = store.folder.glob("*.log")
    assert "was removed or replaced" in log_file.read_text(encoding="utf-8")
