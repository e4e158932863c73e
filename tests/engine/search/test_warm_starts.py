import pytest

from engine.profiles.grouping import Grouping, make_grouping
from engine.profiles.profile import llrd_rates
from engine.search.spaces import ProfileSpace, WarmStart, make_space, warm_starts
from engine.spec import PRESETS, Protocol, SearchSettings, StudySpec
from engine.spec.run import SearchedMethod

TWELVE = make_grouping("paper", 12)


def starts_of(
    *,
    hidden_size: int = 768,
    grouping: Grouping = TWELVE,
    earlier: dict[str, tuple[float, ...]] | None = None,
    settings: SearchSettings | None = None,
    protocol: Protocol | None = None,
    method: SearchedMethod = "profile",
) -> tuple[WarmStart, ...]:
    spec = StudySpec(
        name="study",
        sequence=("a", "b"),
        data="hub",
        model="bert",
        method=method,
        search=settings or SearchSettings(),
        protocol=protocol or Protocol(),
    )
    space = make_space(spec.method, spec.search, grouping, hidden_size)
    return warm_starts(spec, space, grouping, hidden_size, earlier)


def labels(starts: tuple[WarmStart, ...]) -> list[str]:
    return [start.label for start in starts]


def test_flat_ones_alternate_with_the_others_likely_best_first() -> None:
    assert labels(starts_of(earlier={"sst2-mrpc": (2e-6,) * 10})) == [
        "flat 5e-5",
        "best of sst2-mrpc",
        "flat 1e-4",
        "published",
        "flat 2e-5",
        "llrd 0.9",
        "flat 1e-5",
        "llrd 0.8",
        "flat 5e-6",
        "head only",
    ]


def test_small_backbones_begin_at_a_higher_rate() -> None:
    six = make_grouping("paper", 6)
    starts = {start.label: start for start in starts_of(hidden_size=384, grouping=six)}
    assert next(iter(starts)) == "flat 1e-4"
    assert starts["llrd 0.9"].learning_rates[-1] == 1e-4


def test_every_start_lies_in_the_space_and_none_comes_twice() -> None:
    starts = starts_of(earlier={"again": (2e-5 * (1 + 1e-12),) * 10, "high": (1e-2,) * 10})
    assert_fit("profile", starts)
    assert "flat 2e-5" not in labels(starts)
    assert "high, clipped" in [label.removeprefix("best of ") for label in labels(starts)]


EARLIER = {
    "profile-study": (2e-6,) * 9 + (3e-5,),
    "flat-study": (4e-5,) * 10,
    "llrd-study": llrd_rates(3e-5, 0.7, TWELVE),
}


def test_a_flat_study_begins_with_what_is_flat() -> None:
    starts = starts_of(method="flat", earlier=EARLIER)
    assert_fit("flat", starts)
    assert labels(starts) == [
        "flat 5e-5",
        "best of flat-study",
        "flat 1e-4",
        "flat 2e-5",
        "flat 1e-5",
        "flat 5e-6",
    ]


def test_an_llrd_study_begins_with_what_decays_or_is_flat() -> None:
    starts = starts_of(method="llrd", earlier=EARLIER)
    assert_fit("llrd", starts)
    assert labels(starts) == [
        "flat 5e-5",
        "best of flat-study",
        "flat 1e-4",
        "best of llrd-study",
        "flat 2e-5",
        "llrd 0.9",
        "flat 1e-5",
        "llrd 0.8",
        "flat 5e-6",
    ]


def test_a_profile_study_begins_with_the_best_of_any_other() -> None:
    assert {f"best of {name}" for name in EARLIER} < set(labels(starts_of(earlier=EARLIER)))


def test_a_decay_that_was_clipped_is_said() -> None:
    starts = starts_of(method="llrd", earlier={"steep": llrd_rates(3e-5, 0.4, TWELVE)})
    clipped = next(start for start in starts if start.label == "best of steep, clipped")
    assert clipped.learning_rates == llrd_rates(3e-5, 0.5, TWELVE)


def assert_fit(method: SearchedMethod, starts: tuple[WarmStart, ...]) -> None:
    space = make_space(method, SearchSettings(), TWELVE, 768)
    points = [space.locate(start.learning_rates) for start in starts]
    assert all(point and space.clip(point) == point for point in points)
    assert len(set(points)) == len(points)


def test_a_flat_profile_that_was_clipped_is_not_called_the_baseline() -> None:
    settings = SearchSettings(body_bounds=(1e-7, 3e-5))
    starts = {start.label: start.learning_rates for start in starts_of(settings=settings)}
    assert "flat 1e-4" not in starts
    assert starts["flat 1e-4, clipped"] == (3e-5,) * 9 + (1e-4,)
    assert starts["flat 1e-5"] == (1e-5,) * 10


def test_head_only_leaves_the_body_where_it_is() -> None:
    assert WarmStart("head only", (1e-7,) * 9 + (1e-3,)) in starts_of()


def test_the_published_profile_keeps_its_own_grouping_and_shrinks_to_fewer_layers() -> None:
    own = {s.label: s for s in starts_of(grouping=make_grouping("original-code", 12))}
    assert own["published"].learning_rates[1] == pytest.approx(4.363e-6)
    six = {s.label: s for s in starts_of(grouping=make_grouping("paper", 6))}
    assert len(six["published"].learning_rates) == 8


@pytest.mark.parametrize(("preset", "expected"), [("paper", []), ("original-code", ["flat 1e-5"])])
def test_the_presets_of_the_paper_begin_as_the_authors_did(
    preset: str, expected: list[str]
) -> None:
    chosen = PRESETS[preset]
    assert labels(starts_of(settings=chosen.search, protocol=chosen.protocol)) == expected


def test_a_space_of_one_point_has_one_start() -> None:
    settings = SearchSettings(body_bounds=(1e-5, 1e-5), head_bounds=(1e-5, 1e-5))
    assert {start.learning_rates for start in starts_of(settings=settings)} == {(1e-5,) * 10}
    assert ProfileSpace(((1e-5, 1e-5),)).clip((1.0,)) == (1e-5,)
