"""The JSON schema says of files what reading them says, as far as a schema can."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from assets.schema import SCHEMA_FILE, schema_text
from engine.errors import UsageError
from engine.profiles import (
    Backbone,
    Combination,
    Profile,
    Statistics,
    StudyShare,
    TrialShare,
    make_grouping,
    published_profile,
    read_profile,
    searched_profile,
    transfer,
)
from engine.spec import Protocol

PUBLISHED = Path(__file__).parents[3] / "assets/profiles"
SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
FULL = Profile(
    name="full",
    backbone=Backbone("tiny", layers=2),
    grouping=make_grouping("paper", 2),
    learning_rates=(1e-6, 1.0, 3e-5, 1e-3),
    stages="later",
    first_lr=5e-5,
    statistics=Statistics(p=1.4, p_o=0.8, p_s=0.6, count=3),
    combination=Combination(
        base=1.8,
        studies=(
            StudyShare(
                study="a:b", sequence="a:b", trials=(TrialShare(number=0, rank=1, weight=1, p=1.4),)
            ),
        ),
    ),
    protocol=Protocol(),
)
WRONG: dict[str, dict[str, Any]] = {
    "no format": {"format": None},
    "another format": {"format": "other"},
    "a newer version": {"version": 2},
    "a field too much": {"rates": [1e-5]},
    "a rate of nothing": {"learning_rates": [0, 1e-5, 1e-5, 1e-5]},
    "a rate above one": {"learning_rates": [2, 1e-5, 1e-5, 1e-5]},
    "no rates": {"learning_rates": []},
    "an unknown grouping": {"grouping": {"preset": "mine", "layers": [[1], [2]]}},
    "a choice without layers": {"grouping": {"preset": "custom", "layers": [[1], []]}},
    "layer 0": {"grouping": {"preset": "custom", "layers": [[0], [1]]}},
    "no layers": {"backbone": {"name": "tiny", "layers": 0}},
    "a first rate for all stages": {"stages": "all"},
    "no first rate for later stages": {"first_lr": None},
    "a base below one": {"combination": {"base": 0.5, "studies": []}},
    "more than all": {"statistics": {"p": 1.0, "p_s": 1.5}},
}


def _content(profile: Profile) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.to_builtins(profile)
    return content


def test_the_file_is_what_the_classes_say() -> None:
    said = "python -m assets.schema writes it anew"
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), said


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "profile",
    [FULL, published_profile(), searched_profile("sst2:mrpc"), transfer(published_profile(), 24)],
    ids=lambda profile: profile.name,
)
def test_what_is_written_fits(profile: Profile) -> None:
    jsonschema.validate(json.loads(msgspec.json.encode(profile)), SCHEMA)


@pytest.mark.parametrize("path", sorted(PUBLISHED.glob("*.json")), ids=lambda path: path.name)
def test_files_fit(path: Path) -> None:
    jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), SCHEMA)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_refused_does_not_fit(wrong: dict[str, Any], tmp_path: Path) -> None:
    content = _content(FULL) | wrong
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UsageError):
        read_profile(path)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, SCHEMA)
