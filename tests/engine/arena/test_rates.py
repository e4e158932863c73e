"""Where rates come from, with searches in a real store."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.arena.entrants import parse_entrant
from engine.arena.rates import (
    FirstTaskTrial,
    NoRates,
    Rates,
    Setting,
    combined_point,
    find_rates,
    first_task_trials,
)
from engine.errors import UsageError
from engine.profiles import (
    ScoredTrial,
    StudyTrials,
    combine,
    make_grouping,
    published_profile,
    searched_profile,
    to_profile,
    transfer_rates,
    write_profile,
)
from engine.profiles.profile import llrd_rates
from engine.spec import Protocol, Source, Tuning
from engine.store.connection import Store
from engine.store.searches import searches
from engine.store.studies import control_study, find_study
from engine.tasks.models import backbone_of
from tests.engine.arena.doing import CHOICES, MODEL, PROTOCOL, race, rates, searched

pytestmark = pytest.mark.sample


def found(store: Store, entrant: str, sequence: str = "sst2:mrpc") -> Rates | NoRates:
    setting = Setting(
        data="hub",
        model=MODEL,
        protocol=PROTOCOL,
        searches=tuple(searches(store, MODEL, PROTOCOL)),
    )
    return find_rates(parse_entrant(entrant), tuple(sequence.split(":")), setting)


def tuned(study: str, sequence: str, trials: int) -> Tuning:
    return Tuning(study=study, sequence=sequence, epochs=4.0 * trials)


def test_a_named_rate_costs_nothing(store: Store) -> None:
    assert found(store, "flat@3e-5") == Rates(options={"lr": 3e-5})
    assert found(store, "ewc-task@3e-5") == Rates(options={"lr": 3e-5})


def test_the_best_trial_of_the_sequence_is_taken_where_it_was_searched(store: Store) -> None:
    searched(store, "sst2:mrpc", [({"lr": 1e-5}, 1.2), ({"lr": 4e-5}, 1.5)], method="flat")
    searched(store, "mrpc:sst2", [({"lr": 1e-4}, 1.9)], method="flat")
    source = Source(tuned=(tuned("sst2:mrpc-flat", "sst2:mrpc", 2),), searched_on=("sst2:mrpc",))
    assert found(store, "flat-tuned") == Rates(options={"lr": 4e-5}, source=source)
    assert found(store, "ewc-task@flat-tuned") == Rates(options={"lr": 4e-5}, source=source)


def test_of_two_searches_the_one_whose_best_is_better_over_its_seeds_is_taken(store: Store) -> None:
    lucky = searched(store, "sst2:mrpc", [({"lr": 1e-5}, 1.72)], method="flat", name="lucky")
    steady = searched(store, "sst2:mrpc", [({"lr": 4e-5}, 1.66)], method="flat", name="steady")
    race(store, lucky, 0, 1.60, 1.61)
    race(store, steady, 0, 1.67, 1.68)
    best = found(store, "flat-tuned")
    assert isinstance(best, Rates)
    assert best.options == {"lr": 4e-5}


def test_equation_1_ranks_by_the_mean_whatever_the_number_of_seeds(store: Store) -> None:
    study_id = searched(
        store, "sst2:mrpc", [({"lr": 1e-5}, 1.6), ({"lr": 1e-4}, 1.65)], method="flat"
    )
    race(store, study_id, 0, 1.6, 1.6)
    elsewhere = found(store, "flat-tuned", "rte:mrpc")
    assert isinstance(elsewhere, Rates)
    assert elsewhere.options["lr"] == pytest.approx((1e-4**1.8 * 1e-5) ** (1 / 2.8))


def test_elsewhere_all_searches_are_combined(store: Store) -> None:
    searched(store, "sst2:mrpc", [({"lr": 1e-5}, 1.2), ({"lr": 4e-5}, 1.5)], method="flat")
    searched(store, "mrpc:sst2", [({"lr": 1e-4}, 1.9)], method="flat")
    rates_elsewhere = found(store, "flat-tuned", "rte:mrpc")
    assert isinstance(rates_elsewhere, Rates)
    # ranks 1, 2 weigh 1.8 : 1; then the plain mean over both searches
    first = (4e-5**1.8 * 1e-5) ** (1 / 2.8)
    assert rates_elsewhere.options["lr"] == pytest.approx((first * 1e-4) ** 0.5)
    assert rates_elsewhere.source.searched_on == ("sst2:mrpc", "mrpc:sst2")
    assert rates_elsewhere.source.epochs == 12


def test_what_was_brought_along_from_earlier_searches_is_paid_for(store: Store) -> None:
    first = searched(store, "qqp:mrpc", [({"lr": 1e-5}, 1.2)] * 3, method="flat", name="first")
    control_study(store, first, "stopped")
    starts = {1: "best of first, clipped", 2: "best of a deleted study"}
    points = [({"lr": 1e-5}, 1.2)] * 4
    searched(store, "mrpc:sst2", points, method="flat", name="second", labels=starts)
    starts = {0: "flat 1e-5", 1: "best of second", 2: "best of first"}
    searched(store, "sst2:mrpc", points, method="flat", name="third", labels=starts)
    own = found(store, "flat-tuned")
    assert isinstance(own, Rates)
    assert {item.study: item.epochs for item in own.source.tuned} == {
        "third": 16.0,
        "second": 16.0,
        "first": 12.0,
    }
    assert own.source.searched_on == ("sst2:mrpc", "qqp:mrpc", "mrpc:sst2")


def test_a_rate_with_its_decay_becomes_a_profile_for_methods_that_carry_one(store: Store) -> None:
    point = {"lr": 1e-4, "decay": 0.8}
    searched(store, "sst2:mrpc", [(point, 1.4)], method="llrd")
    own = found(store, "llrd-tuned")
    carried = found(store, "replay@llrd-tuned")
    assert isinstance(own, Rates)
    assert isinstance(carried, Rates)
    assert own.options == point
    assert carried.learning_rates == llrd_rates(1e-4, 0.8, make_grouping("paper", CHOICES - 2))


def test_combined_is_equation_1_over_the_searches_of_this_protocol(store: Store) -> None:
    one = [(rates(1e-5), 1.1), (rates(3e-5), 1.6), (rates(9e-6), 1.4)]
    other = [(rates(2e-4), 1.3)]
    raced = searched(store, "sst2:mrpc", [*one[:1], (rates(3e-5), 1.8), *one[2:]])
    race(store, raced, 1, 1.5, 1.5)  # its mean is 1.6
    race(store, raced, 0, 1.1, 1.1)
    searched(store, "mrpc:sst2", other, protocol=replace(PROTOCOL, curve_share=0.1))
    searched(store, "qqp:mrpc", [(rates(1e-3), 1.9)], protocol=Protocol(epochs=3))
    combined = found(store, "combined", "rte:mrpc")
    assert isinstance(combined, Rates)
    backbone = backbone_of(MODEL, CHOICES)
    expected = combine(
        [
            StudyTrials(
                study=str(trials),
                sequence="a:b",
                backbone=backbone,
                grouping=make_grouping("paper", backbone.layers),
                protocol=PROTOCOL,
                trials=tuple(
                    ScoredTrial(number, p, "complete", point)
                    for number, (point, p) in enumerate(trials)
                ),
            )
            for trials in (one, other)
        ]
    )
    assert combined.learning_rates == pytest.approx(expected.learning_rates)
    assert combined.source.searched_on == ("sst2:mrpc", "mrpc:sst2")
    assert not combined.source.published


def test_profiles_for_later_stages_are_a_row_of_their_own(store: Store) -> None:
    assert found(store, "combined-later") == NoRates("nothing searched yet")
    searched(store, "sst2:mrpc", [(rates(1e-5), 1.1)])
    searched(store, "sst2:mrpc", [(rates(3e-5), 1.1)], name="one", first_lr=5e-5)
    searched(store, "mrpc:sst2", [(rates(3e-4), 1.3)], name="other", first_lr=5e-5)
    every, later = found(store, "combined", "rte:mrpc"), found(store, "combined-later", "rte:mrpc")
    assert isinstance(every, Rates)
    assert isinstance(later, Rates)
    assert (every.first_lr, every.source.searched_on) == (None, ("sst2:mrpc",))
    assert later.first_lr == 5e-5
    assert later.source.epochs == 2 * 4
    assert every.learning_rates == pytest.approx(rates(1e-5))
    assert later.learning_rates == pytest.approx(rates((3e-5 * 3e-4) ** 0.5))
    own = found(store, "bertcl-later", "mrpc:sst2")
    assert isinstance(own, Rates)
    assert (own.learning_rates, own.first_lr) == (rates(3e-4), 5e-5)
    assert found(store, "bertcl-later", "rte:mrpc") == NoRates("not searched here")


def test_one_rate_for_later_stages_brings_that_of_stage_1_along(store: Store) -> None:
    searched(store, "sst2:mrpc", [({"lr": 1e-5}, 1.1)], method="flat")
    assert found(store, "flat-later") == NoRates("nothing searched yet")
    points = [({"lr": 3e-5}, 1.1), ({"lr": 3e-4}, 1.3)]
    searched(store, "mrpc:sst2", points, method="flat", name="later", first_lr=5e-5)
    own, all_stages = found(store, "flat-later", "mrpc:sst2"), found(store, "flat-tuned")
    assert isinstance(own, Rates)
    assert isinstance(all_stages, Rates)
    assert (own.options, own.first_lr) == ({"lr": 3e-4}, 5e-5)
    assert (all_stages.options, all_stages.first_lr) == ({"lr": 1e-5}, None)
    beside = found(store, "ewc-task@flat-later", "rte:mrpc")
    assert isinstance(beside, Rates)
    assert (beside.first_lr, beside.source.searched_on) == (5e-5, ("mrpc:sst2",))


def test_a_search_of_later_stages_says_nothing_of_the_first_task(store: Store) -> None:
    points = [({"lr": 3e-5}, 1.1)]
    searched(store, "sst2:mrpc", points, method="flat", name="later", first_lr=5e-5)
    assert first_task_trials(store, searches(store, MODEL, PROTOCOL), "hub") == ()


def test_searches_after_another_stage_1_are_not_combined(store: Store) -> None:
    for name, first_lr in (("one", 5e-5), ("other", 2e-5)):
        searched(store, "sst2:mrpc", [(rates(3e-5), 1.1)], name=name, first_lr=first_lr)
    assert found(store, "combined-later", "rte:mrpc") == NoRates(
        "its searches had other rates in stage 1: 5e-5, 2e-5"
    )


def test_equation_1_by_hand() -> None:
    # b = 2: weights 2/3 and 1/3
    (lr,) = combined_point([[(8e-6,), (1e-6,)]], base=2)
    assert lr == pytest.approx(4e-6)


def test_the_best_profile_counts_only_where_it_was_searched(store: Store) -> None:
    searched(store, "sst2:mrpc", [(rates(1e-5), 1.5), (rates(2e-5), 1.4)])
    own = found(store, "bertcl")
    assert isinstance(own, Rates)
    assert own.learning_rates == rates(1e-5)
    assert found(store, "bertcl", "rte:mrpc") == NoRates("not searched here")


def test_what_the_authors_published_stands_in(store: Store) -> None:
    grouping = make_grouping("paper", CHOICES - 2)
    published, of_pair = published_profile(), searched_profile("qqp:mrpc")
    assert of_pair is not None
    combined, own = found(store, "combined", "rte:mrpc"), found(store, "bertcl", "qqp:mrpc")
    assert isinstance(combined, Rates)
    assert isinstance(own, Rates)
    for rates_found, profile in ((combined, published), (own, of_pair)):
        expected = transfer_rates(profile.learning_rates, profile.grouping, grouping)
        assert rates_found.learning_rates == expected
        assert rates_found.source.published
        assert rates_found.source.searched_on == profile.searched_on
    assert found(store, "flat-tuned") == NoRates("nothing searched yet")


def test_a_search_that_goes_on_is_not_used_yet(store: Store) -> None:
    study_id = searched(store, "sst2:mrpc", [({"lr": 1e-5}, 1.2)], method="flat", target=2)
    assert found(store, "flat-tuned") == NoRates("nothing searched yet")
    control_study(store, study_id, "paused")
    assert found(store, "flat-tuned") == NoRates("nothing searched yet")
    control_study(store, study_id, "stopped")
    assert isinstance(found(store, "flat-tuned"), Rates)


def test_a_search_that_found_nothing_is_said(store: Store) -> None:
    control_study(store, searched(store, "sst2:mrpc", [], method="flat", target=1), "stopped")
    assert found(store, "flat-tuned") == NoRates("no trial of its search came to its end")


def test_a_profile_of_a_file_is_carried_over_and_knows_its_searches(
    store: Store, tmp_path: Path
) -> None:
    study_id = searched(store, "sst2:mrpc", [(rates(1e-5), 1.6), (rates(2e-5), 1.4)])
    race(store, study_id, 0, 1.4)  # the profile is made with a mean of 1.5
    study = find_study(store, "sst2:mrpc-profile")
    backbone = backbone_of(MODEL, CHOICES)
    trials = tuple(
        ScoredTrial(number, p, "complete", rates(lr))
        for number, (lr, p) in enumerate(((1e-5, 1.5), (2e-5, 1.4)))
    )
    combined = combine(
        [
            StudyTrials(
                study=study.name,
                sequence="sst2:mrpc",
                backbone=backbone,
                grouping=make_grouping("paper", backbone.layers),
                protocol=PROTOCOL,
                trials=trials,
            )
        ]
    )
    file = tmp_path / "mine.json"
    write_profile(to_profile(combined, "mine"), file)
    race(store, study_id, 1, 1.3)
    carried = found(store, str(file))
    assert isinstance(carried, Rates)
    assert carried.learning_rates == pytest.approx(combined.learning_rates)
    assert carried.source == Source(
        tuned=(tuned(study.name, "sst2:mrpc", 4),), searched_on=("sst2:mrpc",), note="mine"
    )


def test_a_file_that_is_no_profile_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read profile"):
        found(store, str(tmp_path / "none.json"))


def test_the_first_task_alone_may_choose_another_rate_and_leaves_the_sequence_unseen(
    store: Store,
) -> None:
    # what a trial gets is p / 2 on every task; the one of 4e-5 is the best at the end
    searched(store, "sst2:mrpc", [({"lr": 1e-5}, 1.2), ({"lr": 4e-5}, 1.5)], method="flat")
    searched(store, "rte:mrpc", [({"lr": 9e-5}, 1.9)], method="flat")
    forgets = FirstTaskTrial(search=searches(store, MODEL, PROTOCOL)[0], rate=1e-4, accuracy=0.99)
    trials = first_task_trials(store, searches(store, MODEL, PROTOCOL), "hub")
    assert [(trial.task, trial.rate, trial.accuracy) for trial in trials] == [
        ("sst2", 1e-5, 0.6),
        ("sst2", 4e-5, 0.75),
        ("rte", 9e-5, 0.95),
    ]
    at = Setting(data="hub", model=MODEL, protocol=PROTOCOL, first_tasks=(*trials, forgets))
    source = Source(tuned=(tuned("sst2:mrpc-flat", "sst2:mrpc", 2),), first_task=True)
    for sequence in (("sst2", "mrpc"), ("sst2", "rte")):
        found = find_rates(parse_entrant("flat-first"), sequence, at)
        assert found == Rates(options={"lr": 1e-4}, source=source)
    none = find_rates(parse_entrant("flat-first"), ("mrpc", "sst2"), at)
    assert none == NoRates("no search for one rate on a sequence that begins with mrpc")
    assert first_task_trials(store, searches(store, MODEL, PROTOCOL), "elsewhere") == ()
