from pathlib import Path
from statistics import geometric_mean

import pytest

from engine.profiles import (
    make_grouping,
    published_profile,
    read_profile,
    searched_profile,
    write_profile,
)

ASSET = Path(__file__).parents[3] / "assets" / "profiles" / "bertcl-combined.json"


def test_the_published_profile_is_the_papers() -> None:
    profile = published_profile()
    assert profile.backbone.name == "bert-base-uncased"
    assert profile.grouping == make_grouping("original-code", 12)
    assert profile.learning_rates[profile.grouping.choice_of_layer(12)] == 3.18562234e-06
    assert profile.learning_rates[-1] == 1.11884272e-05


def test_the_asset_is_the_published_profile_to_the_byte(tmp_path: Path) -> None:
    assert read_profile(ASSET) == published_profile()
    write_profile(published_profile(), tmp_path / "again.json")
    assert ASSET.read_bytes() == (tmp_path / "again.json").read_bytes(), (
        f"write published_profile() to {ASSET} again"
    )


def test_the_published_profile_is_the_mean_of_the_four_searches() -> None:
    published = published_profile()
    searched = [searched_profile(sequence) for sequence in published.searched_on]
    rates = [profile.learning_rates for profile in searched if profile is not None]
    assert len(rates) == 4
    means = tuple(map(geometric_mean, zip(*rates, strict=True)))
    assert means == pytest.approx(published.learning_rates, rel=0.01)


def test_nobody_published_a_search_on_other_sequences() -> None:
    assert searched_profile("rte:mrpc") is None
