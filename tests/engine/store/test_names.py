"""Renaming: Optuna's name follows, the old one is found, and the costs of what it began stay."""

import optuna
import pytest
from sqlalchemy import update

from engine.errors import UsageError
from engine.spec import Protocol
from engine.spec.search import BEST_OF
from engine.store.connection import Store
from engine.store.names import rename_study
from engine.store.schema import run
from engine.store.searches import searches
from engine.store.studies import find_study, get_study
from tests.engine.store.conftest import new_study, new_trial


def test_a_study_has_its_new_name_everywhere_and_is_found_by_the_old_one(store: Store) -> None:
    study_id = new_study(store, "night")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    optuna.create_study(study_name="night", storage=store.url).add_trial(
        optuna.create_trial(value=1.0)
    )
    rename_study(store, study_id, "day")
    rename_study(store, study_id, "dusk")
    record = get_study(store, study_id)
    assert (record.name, record.spec.name, record.former_names) == (
        "dusk",
        "dusk",
        ("night", "day"),
    )
    assert optuna.get_all_study_names(store.url) == ["dusk"]
    assert len(optuna.load_study(study_name="dusk", storage=store.url).trials) == 1
    assert {find_study(store, name).id for name in ("dusk", "du", "night", "day")} == {study_id}
    new_study(store, "night")  # who has a name goes before who had it
    assert find_study(store, "night").id != study_id


def test_a_name_that_another_has_is_refused_and_nothing_changes(store: Store) -> None:
    study_id, other = new_study(store, "night"), new_study(store, "day")
    with pytest.raises(UsageError, match="there is a study named 'day'"):
        rename_study(store, study_id, "day")
    assert (get_study(store, study_id).name, get_study(store, other).name) == ("night", "day")
    rename_study(store, study_id, "night")
    assert get_study(store, study_id).former_names == ()
    rename_study(store, study_id, "noon")
    rename_study(store, study_id, "night")
    assert get_study(store, study_id).former_names == ("noon",)


def test_what_a_search_began_with_is_known_under_the_new_name(store: Store) -> None:
    first, second = new_study(store, "night"), new_study(store, "day")
    run_id = new_trial(store, second, 0)
    with store.writing() as connection:
        label = f"{BEST_OF}night"
        connection.execute(update(run).where(run.c.id == run_id).values(label=label))
    rename_study(store, first, "dusk")
    spec = get_study(store, second).spec
    found = {item.name: item for item in searches(store, spec.model, spec.protocol or Protocol())}
    assert [tuning.study for tuning in found["day"].brought] == ["dusk"]
