"""The seeds that are derived from those that people write."""

from typing import get_args

from msgspec.structs import replace

from engine.arena.plan import arena_seeds
from engine.spec import SearchSettings, StudySpec, derived_seed
from engine.spec.run import SeedPurpose

STUDY = StudySpec(name="a:b", sequence=("a", "b"), data="", model="", seed=999)


def test_no_trial_has_a_seed_of_the_arena() -> None:
    trials = {STUDY.trial(number, (1e-5,)).seed for number in range(1000)}
    assert len(trials) == 1000
    assert not trials & set(arena_seeds(1000))
    assert not trials & set(arena_seeds(1000, STUDY.seed))


def test_seeds_of_two_purposes_are_never_the_same() -> None:
    purposes: tuple[SeedPurpose, ...] = get_args(SeedPurpose)
    seeds = {
        purpose: {derived_seed(purpose, seed, index) for seed in range(-5, 5) for index in range(9)}
        for purpose in purposes
    }
    # races below all others, these each in a class of their own modulo 4: not only these seeds,
    # but all that there are
    assert all(2**29 <= seed < 2**30 for seed in seeds.pop("racing"))
    assert [{seed % 4 for seed in found} for found in seeds.values()] == [{0}, {1}, {2}, {3}]
    assert all(2**30 <= seed < 2**31 for found in seeds.values() for seed in found)


def test_trials_that_share_their_seed_differ_in_their_rates_alone() -> None:
    shared = replace(STUDY, search=SearchSettings(trial_seeds="shared"))
    one, other = shared.trial(0, (1e-5,)), shared.trial(7, (2e-5,))
    assert other == replace(one, learning_rates=(2e-5,))


def test_neighbours_have_nothing_in_common() -> None:
    seeds = [
        derived_seed("trial", study, number)
        for study in (0, 1, 12, -5, 2**40, 2**80)
        for number in range(50)
    ]
    assert len(set(seeds)) == len(seeds)
    assert derived_seed("trial", 1, 21) != derived_seed("trial", 12, 1)


def test_a_seed_means_the_same_in_every_version() -> None:
    assert [derived_seed("arena", 0, index) for index in range(3)] == [
        1761346135,
        2140898343,
        1375482779,
    ]
    assert STUDY.trial(7, (1e-5,)).seed == 1954227517
