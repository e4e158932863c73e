"""Asking for searches; those that can begin are tried with real workers, in tests/process."""

import pytest
from msgspec.structs import replace

from engine.arena.plan import needed_searches
from engine.errors import UsageError
from engine.spec import StudySpec, preset
from engine.store.connection import Store
from engine.store.studies import control_study, get_study
from engine.work.requests import ask_for_searches
from tests.engine.arena.doing import MODEL, PROTOCOL, rates, searched, table_spec

SEQUENCE = ("sst2", "mrpc")
LIKE = StudySpec(name="a", sequence=SEQUENCE, data="hub", model=MODEL, protocol=PROTOCOL)


def test_a_paused_search_goes_on_for_those_that_need_it_or_wait_for_it(store: Store) -> None:
    study_id = searched(store, "sst2:mrpc", [(rates(1e-5), 1.2)], target=2)
    for methods in ("bertcl", "flat-tuned", "flat-tuned,bertcl"):
        control_study(store, study_id, "paused")
        needed = needed_searches(store, table_spec(methods), (SEQUENCE,))
        assert ask_for_searches(store, needed, LIKE) == [study_id]
        assert get_study(store, study_id).desired == "running"


def test_later_stages_are_not_searched_where_adams_state_is_carried(store: Store) -> None:
    protocol = preset("original-code").protocol
    table = table_spec("combined-later", protocol=protocol)
    needed = needed_searches(store, table, (SEQUENCE,))
    with pytest.raises(UsageError, match="preset original-code carries Adam's state"):
        ask_for_searches(store, needed, replace(LIKE, protocol=protocol))


def test_what_is_over_is_not_asked_for_again(store: Store) -> None:
    searched(store, "sst2:mrpc", [(rates(1e-5), 1.2)])
    needed = needed_searches(store, table_spec("bertcl"), (SEQUENCE,))
    assert ask_for_searches(store, needed, LIKE) == []
