"""Searches of methods whose rates are tied, within a budget of epochs, by real workers."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from bertcl_tui.store.reader import Reader
from engine.profiles.grouping import make_grouping
from engine.profiles.profile import llrd_rates
from engine.spec import SearchSettings, StudySpec
from engine.store.connection import Store
from engine.store.runs import RunRecord, trials_of
from engine.store.schema import log
from engine.store.searches import spending_of, studies_wanting_trials
from engine.store.studies import create_study
from tests.process.conftest import wait_for_end

pytestmark = pytest.mark.process

EPOCHS = 1
OF_A_TRIAL = 2 * EPOCHS


@pytest.fixture
def tied(study_spec: StudySpec) -> StudySpec:
    """Return a search that has a budget for two trials and the beginning of a third."""
    return replace(
        study_spec,
        method="flat",
        protocol=replace(study_spec.protocol, epochs=EPOCHS),
        search=SearchSettings(
            trials=50, budget_epochs=2 * OF_A_TRIAL + 1, body_bounds=(1e-4, 1e-2), pruner="none"
        ),
    )


def test_rates_of_a_flat_search_are_one_and_of_an_llrd_search_decay_within_their_budgets(
    store: Store, tied: StudySpec, start: Callable[..., int]
) -> None:
    study_id = create_study(store, tied)
    search = replace(tied.search, budget_epochs=1.0)
    own_id = create_study(store, replace(tied, name="own", method="llrd", search=search))
    wait_for_end(start())

    trials = trials_of(store, study_id)
    for trial in trials:
        assert (trial.spec.method, trial.spec.learning_rates) == ("flat", None)
        assert_learnt_at(trial, (trial.spec.options["lr"],) * 4)
    assert trials[0].label == "flat 1e-4"
    assert studies_wanting_trials(store) == []
    with store.reading() as connection:
        spending = spending_of(connection, study_id, tied.search.budget_epochs or 0.0)
    assert spending.budget <= spending.spent < spending.budget + OF_A_TRIAL
    reader = Reader(store.url)
    row = reader.study(study_id)
    reader.close()
    assert row is not None
    assert (row.state, row.spending, row.ended) == ("complete", spending, len(trials))

    (trial,) = trials_of(store, own_id)
    lr, decay = (float(trial.spec.options[name]) for name in ("lr", "decay"))
    assert_learnt_at(trial, llrd_rates(lr, decay, make_grouping("paper", 2)))
    with store.reading() as connection:
        lines = connection.execute(select(log.c.text).where(log.c.run_id == trial.id)).scalars()
        assert "#0 begins · own" in lines.all()


def assert_learnt_at(trial: RunRecord, rates: tuple[object, ...]) -> None:
    assert trial.state in {"complete", "collapsed"}, trial.reason
    assert trial.learning_rates == rates
