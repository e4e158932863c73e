"""What a table lacks, with runs in a real store."""

import pytest
from msgspec.structs import replace

from engine.arena.plan import Plan, find_record, make_plan, needed_searches
from engine.store.connection import Store
from engine.store.run_states import create_run
from tests.engine.arena.doing import PROTOCOL, do, flat_spec, rates, searched, table_spec

pytestmark = pytest.mark.sample


def states(plan: Plan) -> list[tuple[str, int, str]]:
    return [(run.entrant.name, run.spec.seed, run.state) for run in plan.runs]


def test_runs_are_known_by_what_they_do_not_by_who_asked_or_where(store: Store) -> None:
    create_run(store, replace(flat_spec(1000), device="cuda:1"))
    do(store, ((0.9,), (0.8, 0.7)))
    create_run(store, flat_spec(1001, lr=3e-5))
    plan = make_plan(store, table_spec("flat"))
    assert states(plan) == [("flat@2e-5", 1000, "complete"), ("flat@2e-5", 1001, "missing")]
    assert [run.spec.seed for run in plan.unfinished] == [1001]


def test_a_trial_with_the_same_rates_is_no_run_of_the_arena(store: Store) -> None:
    searched(store, "sst2:mrpc", [({"lr": 2e-5}, 1.5)], method="flat")
    trial = replace(flat_spec(0))
    assert find_record(store, trial) is None


def test_of_several_runs_that_do_the_same_a_complete_one_counts(store: Store) -> None:
    for state in ("failed", "complete", "stopped"):
        create_run(store, flat_spec(1000))
        do(store, ((0.9,), (0.8, 0.7)), state=state)  # type: ignore[arg-type]
    (run,) = make_plan(store, table_spec("flat", seeds=1)).runs
    assert run.state == "complete"


def test_other_protocols_are_other_runs(store: Store) -> None:
    create_run(store, replace(flat_spec(1000), protocol=replace(PROTOCOL, epochs=3)))
    (run,) = make_plan(store, table_spec("flat", seeds=1)).runs
    assert run.state == "missing"


def test_a_run_that_was_followed_otherwise_has_the_same_scores(store: Store) -> None:
    followed = replace(PROTOCOL, retention_rows=8, curve_share=0.1)
    create_run(store, replace(flat_spec(1000), protocol=followed))
    (run,) = make_plan(store, table_spec("flat", seeds=1)).runs
    assert run.state == "queued"


def test_runs_that_begin_alike_do_not_stand_side_by_side(store: Store) -> None:
    plan = make_plan(store, table_spec("flat,replay", "sst2:mrpc mrpc:qqp sst2:qqp"))
    assert [(r.spec.seed, r.spec.sequence, r.spec.method) for r in plan.runs[:6]] == [
        (1000, ("sst2", "mrpc"), "flat"),
        (1000, ("sst2", "mrpc"), "replay"),
        (1000, ("mrpc", "qqp"), "flat"),
        (1000, ("mrpc", "qqp"), "replay"),
        (1000, ("sst2", "qqp"), "flat"),
        (1000, ("sst2", "qqp"), "replay"),
    ]
    assert {run.spec.seed for run in plan.runs[6:]} == {1001}


def test_a_row_without_rates_says_why(store: Store) -> None:
    plan = make_plan(store, table_spec("flat,bertcl", "sst2:mrpc rte:mrpc", seeds=1))
    assert [(item.entrant.name, item.sequence, item.reason) for item in plan.unfilled] == [
        ("bertcl", ("rte", "mrpc"), "not searched here")
    ]


def test_options_of_a_method_are_written_out(store: Store) -> None:
    (run,) = make_plan(store, table_spec("ewc-task,importance=500", seeds=1)).runs
    assert run.spec.options == {
        "lr": 2e-5,
        "importance": 500.0,
        "rows": 256,
        "gamma": 0.0,
        "fisher": "exact",
        "penalty": "coupled",
    }


PLACES = (("sst2", "mrpc"), ("mrpc", "sst2"))


def test_only_searches_that_some_row_is_to_have_its_rates_from(store: Store) -> None:
    assert needed_searches(store, table_spec("flat,published,joint"), PLACES) == ()
    needed = needed_searches(store, table_spec("flat,ewc-task@llrd-tuned,combined"), PLACES)
    assert [(need.method, need.sequence, need.met) for need in needed] == [
        ("profile", PLACES[0], False),
        ("profile", PLACES[1], False),
        ("llrd", PLACES[0], False),
        ("llrd", PLACES[1], False),
    ]


def test_later_stages_are_searched_for_the_rows_that_need_it(store: Store) -> None:
    later = searched(store, "sst2:mrpc", [(rates(1e-5), 1.2)], first_lr=5e-5)
    needed = needed_searches(store, table_spec("combined,combined-later"), PLACES)
    assert [(need.stages, need.sequence, need.met) for need in needed] == [
        ("all", PLACES[0], False),
        ("all", PLACES[1], False),
        ("later", PLACES[0], True),
        ("later", PLACES[1], False),
    ]
    assert needed[2].found is not None
    assert needed[2].found.study.id == later
    (run,) = make_plan(store, table_spec("combined-later", seeds=1)).runs
    assert (run.spec.first_lr, run.spec.first_seed) == (5e-5, None)


def test_others_wait_until_it_is_known_what_the_profile_took(store: Store) -> None:
    searched(store, "sst2:mrpc", [(rates(1e-5), 1.2), (rates(2e-5), 1.3)])
    searched(store, "mrpc:sst2", [(rates(1e-5), 1.2)], target=2)
    one, other = needed_searches(store, table_spec("flat-tuned,bertcl"), PLACES)[2:]
    assert one.yardstick is not None
    assert (one.waits, one.yardstick.epochs) == (False, 8.0)
    assert other.waits


def test_one_rate_for_later_stages_waits_for_the_profile_of_those(store: Store) -> None:
    searched(store, "sst2:mrpc", [(rates(1e-5), 1.2)])
    table = table_spec("flat-later,combined,combined-later")
    every, later, flat = needed_searches(store, table, PLACES[:1])
    assert (every.met, later.met) == (True, False)
    assert (flat.method, flat.stages, flat.waits, flat.yardstick) == ("flat", "later", True, None)
    searched(store, "sst2:mrpc", [(rates(1e-5), 1.2)] * 3, name="later", first_lr=5e-5)
    flat = needed_searches(store, table, PLACES[:1])[2]
    assert flat.yardstick is not None
    assert (flat.waits, flat.yardstick.name) == (False, "later")


def test_without_a_row_of_profiles_nothing_waits(store: Store) -> None:
    (need,) = needed_searches(store, table_spec("flat-tuned"), PLACES[:1])
    assert (need.waits, need.yardstick) == (False, None)


def test_a_search_that_is_there_is_not_needed_again(store: Store) -> None:
    searched(store, "sst2:mrpc", [({"lr": 1e-5}, 1.2)], method="flat")
    (need,) = needed_searches(store, table_spec("flat-tuned"), PLACES[:1])
    assert need.met
