"""Which searches a table needs."""

from engine.arena.needs import search_needs
from engine.store.connection import Store
from tests.engine.arena.doing import rates, searched, wanted

PLACES = (("sst2", "mrpc"), ("mrpc", "sst2"))


def test_only_searches_that_some_row_is_to_have_its_rates_from(store: Store) -> None:
    assert search_needs(store, wanted("flat,published,joint"), PLACES) == ()
    needs = search_needs(store, wanted("flat,ewc-task@llrd-tuned,combined"), PLACES)
    assert [(need.method, need.sequence, need.met) for need in needs] == [
        ("profile", PLACES[0], False),
        ("profile", PLACES[1], False),
        ("llrd", PLACES[0], False),
        ("llrd", PLACES[1], False),
    ]


def test_others_wait_until_it_is_known_what_the_profile_took(store: Store) -> None:
    searched(store, "sst2:mrpc", [(rates(1e-5), 1.2), (rates(2e-5), 1.3)])
    searched(store, "mrpc:sst2", [(rates(1e-5), 1.2)], target=2)
    one, other = search_needs(store, wanted("flat-tuned,bertcl"), PLACES)[2:]
    assert one.yardstick is not None
    assert (one.waits, one.yardstick.epochs) == (False, 8.0)
    assert other.waits


def test_without_a_row_of_profiles_nothing_waits(store: Store) -> None:
    (need,) = search_needs(store, wanted("flat-tuned"), PLACES[:1])
    assert (need.waits, need.yardstick) == (False, None)


def test_a_search_that_is_there_is_not_needed_again(store: Store) -> None:
    searched(store, "sst2:mrpc", [({"lr": 1e-5}, 1.2)], method="flat")
    (need,) = search_needs(store, wanted("flat-tuned"), PLACES[:1])
    assert need.met
