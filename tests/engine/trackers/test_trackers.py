"""Runs given to each tracker's real library, read back by it, and given once more."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, event, update

from engine.errors import UsageError
from engine.store import schema
from engine.store.connection import Store, open_store
from engine.store.measurements import measurements_of
from engine.store.studies import find_study
from engine.trackers import TRACKERS, export_runs
from engine.trackers.tracked import TrackedRun, refuse_nothing, tracked_trials
from tests.engine.store.conftest import meanwhile
from tests.recorded import DONE, LIVE, PAUSED, recorded_store

if TYPE_CHECKING:
    from wandb.proto.wandb_internal_pb2 import Record

COMPLETE, PRUNED = 0, 7
BLOCK = 2**15


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(str(recorded_store(tmp_path_factory.mktemp("tracked") / "studies.db")))
    yield store
    store.close()


@pytest.fixture(scope="module")
def runs(store: Store) -> list[TrackedRun]:
    """Return a complete trial, and one that was pruned."""
    return tracked_trials(store, find_study(store, LIVE), [COMPLETE, PRUNED])


def test_a_run_is_told_in_full(store: Store, runs: list[TrackedRun]) -> None:
    complete, pruned = runs
    assert (complete.name, complete.group, complete.state) == (f"{LIVE} #0", LIVE, "complete")
    assert pruned.state == "pruned"
    assert pruned.tags["reason"].startswith("p 1.08")
    assert complete.parameters["lr0"] == 5e-6
    assert complete.parameters["group0"] == "embeddings"
    assert complete.parameters["method"] == "profile"
    assert complete.parameters["batch_size"] == 16
    assert complete.scores["p"] == complete.scores["p_o"] + complete.scores["p_s"]
    retention = measurements_of(store, int(complete.tags["run"]), "retention")
    assert sum(map(len, complete.history.values())) >= len(retention) > 0
    assert complete.history[retention[0].step]["retention/rotten-tomatoes"] == (
        retention[0].accuracy
    )


def test_every_run_of_a_study_that_has_begun_is_told_of_once(store: Store) -> None:
    told = tracked_trials(store, find_study(store, LIVE))
    assert len(told) == 31
    assert len({run.key for run in told}) == 31
    others = tracked_trials(store, find_study(store, DONE))
    assert not {run.key for run in told} & {run.key for run in others}
    paused = find_study(store, PAUSED)
    with pytest.raises(UsageError, match=f"of study '{PAUSED}' nothing has begun"):
        refuse_nothing(paused, tracked_trials(store, paused))


def test_all_that_is_told_is_of_one_moment(tmp_path: Path) -> None:
    store = open_store(str(recorded_store(tmp_path / "studies.db")))
    study = find_study(store, LIVE)

    def tell() -> list[TrackedRun]:
        return tracked_trials(store, study)

    def change() -> None:
        with store.writing() as connection:
            connection.execute(update(schema.measurement).values(accuracy=0.125, loss=1.0))
            connection.execute(update(schema.run).values(p_o=0.125))

    before = tell()
    with meanwhile(change):
        assert tell() == before
    assert tell() != before
    store.close()


def test_mlflow_has_each_run_once(runs: list[TrackedRun], tmp_path: Path) -> None:
    from mlflow import MlflowClient

    for some in (runs[:1], runs):
        shown = export_runs("mlflow", "lab", some, str(tmp_path / "mlflow.db"))
    assert shown == f"mlflow ui --backend-store-uri sqlite:///{tmp_path / 'mlflow.db'}"
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("lab")
    found = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert found.keys() == {run.name for run in runs}
    for run in runs:
        kept = found[run.name]
        assert kept.info.status == {"complete": "FINISHED", "pruned": "KILLED"}[run.state]
        assert kept.data.params["lr0"] == str(run.parameters["lr0"])
        assert kept.data.tags["study"] == LIVE
        name = "retention/rotten-tomatoes"
        history = client.get_metric_history(kept.info.run_id, name)
        assert {each.step: each.value for each in history} == {
            step: values[name] for step, values in run.history.items() if name in values
        }
        assert len({each.step for each in history}) == len(history)
    assert found[runs[0].name].data.metrics["p"] == runs[0].scores["p"]
    assert not list(tmp_path.glob("mlruns"))


def test_tensorboard_reads_scalars_and_parameters(runs: list[TrackedRun], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    for _ in range(2):
        export_runs("tensorboard", "lab", runs, str(tmp_path))
    folders = sorted((tmp_path / "lab").iterdir())
    assert len(folders) == 2
    for run, folder in zip(runs, folders, strict=True):
        assert len(list(folder.iterdir())) == 1
        board = EventAccumulator(str(folder)).Reload()
        name = "retention/rotten-tomatoes"
        assert {each.step: each.value for each in board.Scalars(name)} == pytest.approx(
            {step: values[name] for step, values in run.history.items() if name in values}
        )
        if run.state == "complete":
            assert board.Scalars("p")[0].value == pytest.approx(run.scores["p"])
        told = board.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        parameters = HParamsPluginData.FromString(told).session_start_info.hparams
        assert parameters["lr0"].number_value == run.parameters["lr0"]
        assert parameters["group0"].string_value == "embeddings"
        assert parameters["state"].string_value == run.state


def test_wandb_has_each_run_once_offline(runs: list[TrackedRun], tmp_path: Path) -> None:
    for some in (runs[:1], runs):
        export_runs("wandb", "lab", some, str(tmp_path))
    files = sorted(tmp_path.glob("wandb/offline-run-*/*.wandb"))
    assert {file.stem for file in files} == {f"run-{run.key}" for run in runs}
    assert len(files) == 2
    kept = list(records(next(file for file in files if runs[0].key in file.stem)))
    (begun,) = (record.run for record in kept if record.HasField("run"))
    assert (begun.project, begun.display_name, begun.run_group) == ("lab", runs[0].name, LIVE)
    config = {item.key: json.loads(item.value_json) for item in begun.config.update}
    assert config["lr0"] == runs[0].parameters["lr0"]
    steps = [record.history.step.num for record in kept if record.HasField("history")]
    assert steps == sorted(runs[0].history)
    summary = {
        item.key or item.nested_key[0]: json.loads(item.value_json)
        for record in kept
        for item in record.summary.update
    }
    assert summary["p"] == runs[0].scores["p"]
    assert summary["state"] == "complete"


def records(file: Path) -> Iterator["Record"]:
    """Yield what an offline run has kept: LevelDB's log format after a header of seven bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    kept, at, whole = file.read_bytes(), 7, b""
    while at + 7 <= len(kept):
        if BLOCK - at % BLOCK < 7:
            at += BLOCK - at % BLOCK
            continue
        length, kind = int.from_bytes(kept[at + 4 : at + 6], "little"), kept[at + 6]
        whole += kept[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in {1, 4}:  # whole, or the last part
            record = Record()
            record.ParseFromString(whole)
            yield record
            whole = b""


TRACKIO = """
import json, sys
import trackio
from trackio.sqlite_storage import SQLiteStorage
runs = [
    (run.name, run.config, SQLiteStorage.get_logs("lab", run.name))
    for run in trackio.Api().runs("lab")
]
print(json.dumps(runs))
"""


def test_trackio_has_each_run_once(
    runs: list[TrackedRun], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    for some in (runs[:1], runs):
        shown = export_runs("trackio", "lab", some, str(tmp_path))
    assert shown == f"TRACKIO_DIR={tmp_path} trackio show"
    said = subprocess.run(
        [sys.executable, "-c", TRACKIO], capture_output=True, text=True, check=True
    )
    kept = json.loads(said.stdout)
    assert [name for name, _, _ in kept] == [run.name for run in runs]
    for run, (_, config, logs) in zip(runs, kept, strict=True):
        assert config["lr0"] == run.parameters["lr0"]
        assert config["state"] == run.state
        name = "retention/rotten-tomatoes"
        assert {line["step"]: line[name] for line in logs if name in line} == {
            step: values[name] for step, values in run.history.items() if name in values
        }
    with pytest.raises(UsageError, match="TRACKIO_DIR"):
        export_runs("trackio", "lab", runs, str(tmp_path / "elsewhere"))


def test_what_is_not_installed_is_named_with_the_way_to_it(
    runs: list[TrackedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, tracker in TRACKERS.items():
        monkeypatch.setitem(
            TRACKERS,
            name,
            tracker._replace(library=f"no_{tracker.library}"),  # type: ignore[index]
        )
        with pytest.raises(UsageError, match=rf'pip install "bertcl-tui\[{name}\]"'):
            export_runs(name, "lab", runs, "")


@pytest.mark.parametrize("name", ["mlflow", "tensorboard", "wandb"])
def test_a_place_that_cannot_be_is_said_in_one_line(
    runs: list[TrackedRun], tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "in-it"
    with pytest.raises(UsageError, match=r"; choose another (place|folder)$"):
        export_runs(name, "lab", runs, str(place))
    with pytest.raises(UsageError, match="did you mean 'mlflow'"):
        export_runs("mlflo", "lab", runs, "")


def test_mlflow_is_not_let_at_a_file_that_is_none_of_its_own(
    runs: list[TrackedRun], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table, other = tmp_path / "trials.csv", recorded_store(tmp_path / "studies.db")
    table.write_bytes(b"a,b\n" * 300)
    for file, said in ((table, "file is not a database"), (other, "database of another program")):
        before = file.read_bytes()
        for place in (str(file), f"sqlite:///{file}"):
            with pytest.raises(UsageError, match=f"{said}.*; choose another --out$"):
                export_runs("mlflow", "lab", runs, place)
        assert file.read_bytes() == before
    assert capfd.readouterr() == ("", "")


def test_a_file_of_mlflow_is_whole_or_not_there(runs: list[TrackedRun], tmp_path: Path) -> None:
    made = 0

    def interrupt(_: object, __: object, statement: str, *___: object) -> None:
        nonlocal made
        made += "CREATE TABLE" in statement
        if made > 5:  # in the midst of them
            raise KeyboardInterrupt

    event.listen(Engine, "before_cursor_execute", interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            export_runs("mlflow", "lab", runs, str(tmp_path / "mlflow.db"))
    finally:
        event.remove(Engine, "before_cursor_execute", interrupt)
    assert made > 5
    assert not list(tmp_path.iterdir())


def test_a_server_of_mlflow_that_is_down_is_named_as_it_was_typed(runs: list[TrackedRun]) -> None:
    with pytest.raises(UsageError) as caught:
        export_runs("mlflow", "lab", runs, "http://me:hunter2@localhost:1")
    said = str(caught.value)
    assert said.startswith("MLflow at http://me:***@localhost:1: API request to ")
    assert "hunter2" not in said
    assert said.endswith("; choose another --out, or another --project")


@pytest.mark.parametrize("name", ["tensorboard", "wandb", "trackio"])
def test_what_goes_into_a_folder_goes_to_no_url(
    runs: list[TrackedRun], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="is written into a folder here"):
        export_runs(name, "lab", runs, "http://localhost:5000")
    with pytest.raises(UsageError, match="the project has no name"):
        export_runs(name, " ", runs, "")
    assert not list(tmp_path.iterdir())


def test_a_project_is_a_folder_within_the_folder(runs: list[TrackedRun], tmp_path: Path) -> None:
    folder = tmp_path / "my boards"
    shown = export_runs("tensorboard", "..", runs[:1], str(folder))
    assert shown == f"tensorboard --logdir '{folder}'"  # as it can be typed
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert [path.name for path in folder.iterdir()] == ["-"]
