from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from engine.errors import UsageError
from engine.store.connection import Store, open_store
from engine.store.deletion import delete_study
from engine.store.schema import measurement, run, stage, study
from engine.store.studies import control_study
from engine.store.workers import end_worker
from tests.recorded import DONE, recorded_store

LIVE_ID, DONE_ID = 1, 2


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(recorded_store(tmp_path / "studies.db")))


def _rows(store: Store, study_id: int) -> list[int]:
    of_study = select(run.c.id).where(run.c.study_id == study_id)
    queries = [
        select(func.count()).select_from(study).where(study.c.id == study_id),
        select(func.count()).select_from(run).where(run.c.study_id == study_id),
        select(func.count()).select_from(stage).where(stage.c.run_id.in_(of_study)),
        select(func.count()).select_from(measurement).where(measurement.c.run_id.in_(of_study)),
    ]
    with store.reading() as connection:
        return [connection.execute(query).scalar_one() for query in queries]


def test_everything_of_the_study_goes_and_nothing_else(store: Store) -> None:
    others = _rows(store, LIVE_ID)
    assert all(_rows(store, DONE_ID))
    delete_study(store, DONE_ID)
    assert _rows(store, DONE_ID) == [0, 0, 0, 0]
    assert _rows(store, LIVE_ID) == others


def test_no_measurement_is_left_without_its_run(store: Store) -> None:
    delete_study(store, DONE_ID)
    orphans = select(func.count()).where(measurement.c.run_id.not_in(select(run.c.id)))
    with store.reading() as connection:
        assert connection.execute(orphans).scalar_one() == 0


def test_a_study_at_work_stays(store: Store) -> None:
    before = _rows(store, LIVE_ID)
    with pytest.raises(UsageError, match="'rotten-tomatoes:privacy-qa' is being worked on"):
        delete_study(store, LIVE_ID)
    assert _rows(store, LIVE_ID) == before


def test_a_study_whose_worker_is_gone_goes(store: Store) -> None:
    control_study(store, LIVE_ID, "stopped")
    end_worker(store, 1)
    delete_study(store, LIVE_ID)
    assert _rows(store, LIVE_ID) == [0, 0, 0, 0]


def test_no_such_study_is_no_trouble(store: Store) -> None:
    delete_study(store, 99)
    assert all(_rows(store, DONE_ID))


def test_checkpoints_go_too(store: Store) -> None:
    with store.reading() as connection:
        of_study = select(run.c.id).where(run.c.study_id == DONE_ID)
        run_id = connection.execute(of_study).scalars().first()
    folder = store.folder / f"run-{run_id}"
    folder.mkdir(parents=True)
    (folder / "checkpoint.safetensors").write_bytes(b"weights")
    delete_study(store, DONE_ID)
    assert not folder.exists()


def test_optunas_rows_go_too(store: Store) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.disable_default_handler()
    for name in (DONE, "another"):
        in_optuna = optuna.create_study(study_name=name, storage=store.url, direction="maximize")
        trial = in_optuna.ask({"lr0": optuna.distributions.FloatDistribution(1e-7, 1e-3, log=True)})
        trial.report(0.5, 1)
        trial.set_user_attr("label", "flat 1e-5")
        in_optuna.tell(trial, 1.0)
    delete_study(store, DONE_ID)
    assert optuna.get_all_study_names(store.url) == ["another"]
    tables = ("trials", "trial_params", "trial_values", "trial_intermediate_values")
    with store.reading() as connection:
        counts = [
            connection.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in tables
        ]
    assert counts == [1, 1, 1, 1]
