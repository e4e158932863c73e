"""What becomes of a combination: another depth, a file, a comparison."""

from pathlib import Path

import pytest

from bertcl_tui.combine.mixture import (
    at_depth,
    default_path,
    export_profile,
    finished_profile,
    known_profiles,
    load_reference,
    marks,
)
from engine.errors import UsageError
from engine.profiles import (
    Backbone,
    Combined,
    ScoredTrial,
    StudyTrials,
    bootstrap_band,
    combine,
    make_grouping,
    published_profile,
    read_profile,
    transfer,
)

TRIALS = (
    ScoredTrial(0, 1.40, "complete", (1e-6, 2e-6, 4e-6, 8e-6, 1e-4)),
    ScoredTrial(1, 1.35, "complete", (4e-6, 2e-6, 1e-6, 2e-6, 4e-4)),
    ScoredTrial(2, 1.30, "complete", (2e-5, 2e-6, 3e-6, 5e-6, 1e-3)),
)


@pytest.fixture
def combined() -> Combined:
    study = StudyTrials(
        study="a:b",
        sequence="a:b",
        backbone=Backbone("small", 3),
        grouping=make_grouping("paper", 3),
        protocol=None,
        trials=TRIALS,
    )
    return combine([study], 1.8)


def test_another_depth_is_the_transfer_of_the_profile(combined: Combined) -> None:
    target = Backbone("large", 7)
    moved = at_depth(combined, target)
    transferred = transfer(finished_profile(combined, "x"), target)
    assert moved.grouping == transferred.grouping
    assert moved.learning_rates == pytest.approx(transferred.learning_rates, rel=1e-12)
    assert finished_profile(combined, "x", target).learning_rates == transferred.learning_rates


def test_the_band_comes_along(combined: Combined) -> None:
    same = bootstrap_band(at_depth(combined, Backbone("same", 3)))
    assert same.low == pytest.approx(bootstrap_band(combined).low, rel=1e-12)
    moved = at_depth(combined, Backbone("large", 7))
    band = bootstrap_band(moved)
    assert len(band.low) == moved.grouping.n_choices
    for low, rate, high in zip(band.low, moved.learning_rates, band.high, strict=True):
        assert low <= rate <= high


def test_an_exported_profile_can_be_read_again(combined: Combined, tmp_path: Path) -> None:
    profile = finished_profile(combined, "mine", Backbone("large", 7))
    path = export_profile(profile, tmp_path / "profiles" / "mine.json")
    assert path == tmp_path / "profiles" / "mine.json"
    assert read_profile(path) == profile
    assert profile.name == "mine"
    assert profile.created is not None
    assert [file.name for file in path.parent.iterdir()] == ["mine.json"]


def test_a_place_that_cannot_be_is_said(combined: Combined, tmp_path: Path) -> None:
    profile = finished_profile(combined, "mine")
    with pytest.raises(UsageError, match="cannot make folder"):
        export_profile(profile, tmp_path / "no" / "such" / "mine.json")
    assert list(tmp_path.iterdir()) == []


def test_a_profile_is_named_after_what_it_came_from(combined: Combined) -> None:
    assert default_path(combined) == Path("profiles/a-b-b1.8.json")
    assert default_path(combined, Backbone("x", 6)) == Path("profiles/a-b-b1.8-6-layers.json")


def test_the_published_profile_stands_beside_any_depth(combined: Combined) -> None:
    reference = load_reference("published")
    assert reference is not None
    rates = marks(reference, combined)
    published = published_profile()
    expected = transfer(published, combined.backbone, combined.grouping)
    assert rates == expected.learning_rates
    assert len(rates) == combined.grouping.n_choices


def test_any_profile_can_be_compared_with(
    combined: Combined, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    profile = finished_profile(combined, "mine")
    export_profile(profile, Path("profiles/mine.json"))
    assert known_profiles() == ("published", "nothing", str(Path("profiles/mine.json")))
    reference = load_reference("profiles/mine.json")
    assert reference is not None
    assert marks(reference, combined) == pytest.approx(combined.learning_rates, rel=1e-12)
    assert load_reference("nothing") is None
    with pytest.raises(UsageError, match="cannot read profile"):
        load_reference("profiles/other.json")
