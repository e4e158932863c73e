"""The script that keeps a store for the repository, and the store that is kept there."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import func, select

from assets.recorded import keep
from bertcl_tui.cli.calling import run_command
from engine.errors import UsageError
from engine.spec import RunSpec
from engine.store.connection import open_store
from engine.store.measurements import Progress, record_progress
from engine.store.run_states import claim_run, control_run, create_run, finish_run
from engine.store.runs import Scores, get_run
from engine.store.schema import log, run, worker
from engine.store.traces import TraceRecord, traces_of
from engine.store.workers import register_worker, write_log
from engine.work.processes import identity_of

SPEC = RunSpec(
    sequence=("mood", "topic"), data="sample", model="sample", method="flat", options={"lr": 1e-4}
)


def test_what_was_measured_is_kept_and_the_machine_is_not(tmp_path: Path) -> None:
    source, target = tmp_path / "studies.db", tmp_path / "kept.db"
    store = open_store(str(source))
    run_id = create_run(store, SPEC, label="flat 1e-4")
    worker_id = register_worker(store, identity_of(), device="cpu", threads=1, log_file="/tmp/w")
    assert claim_run(store, worker_id, threads=1) is not None
    with pytest.raises(UsageError, match=rf"run {run_id} of .* is running; let it end"):
        keep(source, target)
    assert not target.exists()
    with pytest.raises(UsageError, match="is running; let it end"):
        keep(source, target, unfinished="keep")
    keep(source, target, unfinished="leave-out")
    assert _runs(target) == 0
    target.unlink()
    write_log(store, "info", "begins", worker_id=worker_id, run_id=run_id)
    steps = range(1, 11)
    seen = [TraceRecord(step=step, loss=1.0 * step, ratios=(-step,)) for step in steps]
    record_progress(store, run_id, worker_id, Progress(step=10, steps=10), traces=seen)
    scores = Scores(p_o=0.75, p_s=0.5)
    finish_run(store, run_id, worker_id, state="complete", scores=scores, reported=scores)
    before = get_run(store, run_id)
    keep(source, target, traces=4)
    kept = open_store(str(target))
    assert get_run(kept, run_id) == before
    assert [(each.step, each.loss, *each.ratios) for each in traces_of(kept, run_id)] == [
        (2, 1.5, -2.0),
        (6, 4.5, -6.0),
        (10, 8.5, -10.0),
    ]
    with kept.reading() as connection:
        for table in (worker, log):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
    kept.close()
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(worker)).scalar_one() == 1
    store.close()


def test_what_waits_is_kept_to_go_on(tmp_path: Path) -> None:
    source, target = tmp_path / "studies.db", tmp_path / "kept.db"
    store = open_store(str(source))
    run_id = create_run(store, SPEC, label="flat 1e-4")
    control_run(store, run_id, "paused")
    keep(source, target, unfinished="keep")
    kept = open_store(str(target))
    assert get_run(kept, run_id) == get_run(store, run_id)
    kept.close()
    store.close()


def _runs(path: Path) -> int:
    store = open_store(str(path))
    with store.reading() as connection:
        found = connection.execute(select(func.count()).select_from(run)).scalar_one()
    store.close()
    return int(found)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    target = tmp_path / "kept.db"
    target.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        keep(tmp_path / "studies.db", target)
    assert target.read_text() == "mine"


def test_the_store_of_the_repository_prints_its_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = Path(__file__).parents[1] / "studies.db"
    assert recorded.stat().st_size <= 5 * 2**20
    copy = tmp_path / "studies.db"
    shutil.copy(recorded, copy)
    assert run_command(["arena", "--store", str(copy), "--offline"]) == 0
    out = capsys.readouterr().out
    for row in ("flat 2e-5", "flat tuned", "LLRD tuned", "EWC (task)", "BERTcL combined"):
        assert row in out
