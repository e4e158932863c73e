import errno
import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from engine.errors import EngineError, UsageError
from engine.profiles import (
    Backbone,
    Combination,
    Grouping,
    Profile,
    Statistics,
    StudyShare,
    TrialShare,
    make_grouping,
    published_profile,
    read_authors_log,
    read_profile,
    refuse_base,
    transfer,
    write_profile,
)
from engine.spec import Protocol
from engine.spec.search import Stages
from tests.engine.profiles.samples import BACKBONE, GROUPING, RATES, sample_profile

PAPER = make_grouping("paper", 2)


def test_every_layer_has_the_rate_of_its_choice() -> None:
    profile = sample_profile((1e-6, 2e-6, 3e-6, 4e-6), Grouping("custom", ((1, 2), (3,))))
    choices = [profile.grouping.choice_of_layer(layer) for layer in (1, 2, 3)]
    assert [profile.learning_rates[choice] for choice in choices] == [2e-6, 2e-6, 3e-6]


@pytest.mark.parametrize("rate", [0.0, -1e-5, math.nan, math.inf, 1.5])
def test_a_rate_outside_0_to_1_is_refused_with_its_choice(rate: float) -> None:
    with pytest.raises(UsageError, match=f"'sample' has learning rate {rate} for layer 2; it must"):
        sample_profile((1e-6, 1e-6, rate, 1e-6))


def test_rates_and_choices_go_together() -> None:
    with pytest.raises(UsageError, match="'sample' has 3 learning rates for 4 choices"):
        sample_profile(RATES[:3])


def test_backbone_and_grouping_go_together() -> None:
    with pytest.raises(UsageError, match="a backbone of 6 layers but groups 2"):
        Profile(
            name="deep",
            backbone=Backbone("tiny", layers=6),
            grouping=GROUPING,
            learning_rates=RATES,
        )


def test_a_profile_has_a_name() -> None:
    with pytest.raises(UsageError, match="needs a name"):
        sample_profile(name=" ")


@pytest.mark.parametrize("base", [0.99, 0.0, -2.0, math.nan, math.inf])
def test_a_base_that_ranks_nothing_is_refused(base: float) -> None:
    with pytest.raises(UsageError, match=r"base b is .*; it must be a number of at least 1"):
        refuse_base(base)
    with pytest.raises(UsageError, match="base b"):
        Profile(
            name="combined",
            backbone=BACKBONE,
            grouping=GROUPING,
            learning_rates=RATES,
            combination=Combination(base=base, studies=()),
        )


def test_a_profile_comes_back_as_it_was_written(tmp_path: Path) -> None:
    profile = msgspec.structs.replace(
        sample_profile(),
        statistics=Statistics(p=1.5, p_o=0.8, p_s=0.7, count=3),
        combination=Combination(
            base=1.8,
            studies=(
                StudyShare(
                    study="s",
                    sequence="sst2:mrpc",
                    trials=(TrialShare(number=7, rank=1, weight=1.0, p=1.5),),
                ),
            ),
        ),
        protocol=Protocol(epochs=2),
        searched_on=("sst2:mrpc",),
        source="Made by a test.",
        software={"torch": "2.13.0"},
        created=datetime(2024, 5, 1, 12, 30, tzinfo=UTC),
    )
    write_profile(profile, tmp_path / "profile.json")
    assert read_profile(tmp_path / "profile.json") == profile


def test_a_profile_for_later_stages_says_after_which_rate(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    later = msgspec.structs.replace(sample_profile(), stages="later", first_lr=5e-5)
    write_profile(later, path)
    content = json.loads(path.read_text())
    assert (content["stages"], content["first_lr"]) == ("later", 5e-5)
    assert read_profile(path) == later
    deeper = transfer(msgspec.structs.replace(later, grouping=PAPER), 6)
    assert (deeper.stages, deeper.first_lr) == ("later", 5e-5)


def test_an_older_file_is_for_all_stages(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    write_profile(sample_profile(), path)
    content = json.loads(path.read_text())
    del content["stages"], content["first_lr"]
    path.write_text(json.dumps(content))
    assert read_profile(path) == sample_profile()


@pytest.mark.parametrize(
    ("stages", "first_lr", "trouble"),
    [
        ("later", None, "must have first_lr, the rate of stage 1, where its stages are 'later'"),
        ("all", 5e-5, "must have first_lr, the rate of stage 1, where its stages are 'later'"),
        ("later", 2.0, "has first_lr 2.0; it must be above 0 and at most 1"),
    ],
)
def test_stages_and_the_rate_before_them_go_together(
    stages: Stages, first_lr: float | None, trouble: str
) -> None:
    with pytest.raises(UsageError, match=trouble):
        msgspec.structs.replace(sample_profile(), stages=stages, first_lr=first_lr)


def test_the_file_is_plain_json_for_any_script(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    write_profile(published_profile(), path)
    content = json.loads(path.read_text())
    assert (content["format"], content["version"]) == ("bertcl-profile", 1)
    assert content["grouping"]["layers"][:2] == [[1, 2], [3]]
    assert content["learning_rates"][0] == 3.29537129e-06
    assert [file.name for file in tmp_path.iterdir()] == ["profile.json"]


def test_an_older_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text("older")
    write_profile(sample_profile(), path)
    assert read_profile(path) == sample_profile()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot write profile .*nowhere.*no such file"):
        write_profile(sample_profile(), tmp_path / "nowhere" / "profile.json")


def test_a_folder_is_no_file_and_stays_as_it_is(tmp_path: Path) -> None:
    target = tmp_path / "profile.json"
    target.mkdir()
    with pytest.raises(UsageError, match="is a folder; name a file in it"):
        write_profile(sample_profile(), target)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not Path("/sys/kernel").exists(), reason="needs a folder closed even to root")
def test_a_read_only_folder_is_named() -> None:
    closed = "(read-only file system|permission denied|operation not permitted)"
    with pytest.raises(UsageError, match=f"/sys/profile.json: {closed}; choose another place"):
        write_profile(sample_profile(), Path("/sys/profile.json"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_in_one_line_and_the_older_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "profile.json"
    path.write_text("older")
    monkeypatch.setattr("engine.files.token_hex", lambda _: "drawn")
    beside = tmp_path / f".profile.json.{os.getpid()}-drawn.part"
    beside.symlink_to("/dev/full")
    with pytest.raises(EngineError) as caught:
        write_profile(sample_profile(), path)
    assert not isinstance(caught.value, UsageError)
    assert os.strerror(errno.ENOSPC).lower() in str(caught.value)
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def broken(**changes: object) -> str:
    content = json.loads(msgspec.json.encode(sample_profile()))
    return json.dumps({**content, **changes})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[1, 2]", "is not a profile; export one"),
        ("{}", "is not a profile: its format is None"),
        (broken(format="other"), "its format is 'other', not 'bertcl-profile'"),
        (broken(version=2), "has version 2, and this bertcl-tui reads up to 1; update"),
        (broken(version="1"), r"version.*mend it or export it again"),
        (broken(learning_rates=[1e-5] * 3), "has 3 learning rates for 4 choices; give one per"),
        (broken(learning_rates=[1e-5, float("nan")]), "holds NaN, which is no number"),
        (broken(learning_rates=[1e-5, float("inf")]), "holds Infinity, which is no number"),
        (broken(learning_rates=[1e-5, 1e-5, 0, 1e-5]), "learning rate 0.0 for layer 2"),
        (broken(learning_rates="fast"), r"\$\.learning_rates"),
        (broken(grouping={"preset": "paper", "layers": [[1], [3]]}), "layer 3 where layer 2"),
        (broken(grouping={"preset": "mine", "layers": [[1], [2]]}), r"mine.*\$\.grouping"),
        (broken(statistics={"p": -1}), r"\$\.statistics\.p"),
        (broken(surprise=1), "surprise"),
    ],
)
def test_a_malformed_file_gets_one_clear_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "profile.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=complaint) as caught:
        read_profile(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_rate_too_large_for_a_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(broken(learning_rates=[1e-5] * 4).replace("1e-05", "1e999", 1))
    with pytest.raises(UsageError, match="learning rate inf for embeddings"):
        read_profile(path)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read profile .*gone.json: no such file"):
        read_profile(tmp_path / "gone.json")
    with pytest.raises(UsageError, match="is a directory"):
        read_profile(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is not JSON"):
        read_profile(tmp_path / "binary")


def test_files_may_be_named_by_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_profile(sample_profile(), "profile.json")
    assert read_profile("profile.json") == sample_profile()
    row = (0.9, 0.8, 0.85, *(n * 1e-6 for n in range(1, 11)))
    Path("log.csv").write_text(",".join(map(str, row)))
    (trial,) = read_authors_log("log.csv")
    assert (trial.p_o_before, trial.p_s, trial.p_o) == row[:3]
