"""A trial that ended without a result is run once more, as the same trial."""

from collections.abc import Callable

import optuna
import pytest
from msgspec.structs import replace
from optuna.trial import TrialState

from engine.search.storage import AGAIN
from engine.spec import StudySpec
from engine.store.connection import Store
from engine.store.measurements import drift_of
from engine.store.runs import trials_of
from engine.store.studies import control_study, create_study
from engine.work.requests import retry_runs
from tests.process.conftest import wait_for, wait_for_end

pytestmark = pytest.mark.process

Start = Callable[..., int]


def test_a_stopped_trial_is_run_to_its_end_and_told_to_the_sampler(
    store: Store, study_spec: StudySpec, start: Start
) -> None:
    search = replace(study_spec.search, trials=1)
    spec = replace(study_spec, protocol=replace(study_spec.protocol, epochs=2), search=search)
    study_id = create_study(store, spec)
    pid = start()
    wait_for(lambda: any(run.step for run in trials_of(store, study_id)), "a first step")
    control_study(store, study_id, "stopped")
    wait_for_end(pid)
    (stopped,) = trials_of(store, study_id)
    assert stopped.state == "stopped"
    assert list(store.folder.glob("run-*/checkpoint*")), "it may be gone on with"

    retry_runs(store, [stopped.id])
    wait_for_end(start())

    (again,) = trials_of(store, study_id)
    assert (again.state, again.number, again.spec) == ("complete", 0, stopped.spec)
    assert {item.stage for item in drift_of(store, again.id)} == {0, 1}
    first, told = optuna.load_study(study_name=spec.name, storage=store.url).trials
    assert (first.state, told.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert (told.value, told.user_attrs[AGAIN], told.params) == (again.p, 0, first.params)
