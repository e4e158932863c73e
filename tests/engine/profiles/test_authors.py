import math
from pathlib import Path
from statistics import geometric_mean

import pytest

from engine.errors import UsageError
from engine.profiles import (
    LoggedTrial,
    ScoredTrial,
    StudyTrials,
    combine,
    make_grouping,
    published_profile,
    read_authors_log,
    read_profile,
    searched_profile,
    write_profile,
)

LOGS = Path(__file__).parents[4] / "shared" / "origin"
NAMES = ("sst2-mrpc", "mrpc-sst2", "qqp-mrpc", "mrpc-qqp")
LEARNT = (0.9, 0.8, 0.85)
RATES = tuple(n * 1e-6 for n in range(1, 11))

needs_logs = pytest.mark.skipif(not LOGS.is_dir(), reason="the authors' logs are not here")


def write_log(path: Path, *trials: tuple[float, ...], end: str = ",") -> Path:
    path.write_text(",".join(str(value) for trial in trials for value in trial) + end)
    return path


def authors_studies(*, collapsed: bool = True) -> list[StudyTrials]:
    published = published_profile()
    return [
        StudyTrials(
            study=name,
            sequence=name.replace("-", ":"),
            backbone=published.backbone,
            grouping=published.grouping,
            protocol=None,
            trials=tuple(
                trial.scored()
                for trial in read_authors_log(LOGS / f"{name}.csv")
                if collapsed or trial.collapsed_in is None
            ),
        )
        for name in NAMES
    ]


def deviation_from_published(studies: list[StudyTrials]) -> float:
    pairs = zip(combine(studies).learning_rates, published_profile().learning_rates, strict=True)
    return max(abs(ours / theirs - 1) for ours, theirs in pairs)


@needs_logs
def test_the_four_logs_give_the_published_vector() -> None:
    assert deviation_from_published(authors_studies()) < 0.0025


@needs_logs
def test_without_collapsed_trials_the_vector_is_nearly_the_same() -> None:
    assert 0.0025 < deviation_from_published(authors_studies(collapsed=False)) < 0.004


@needs_logs
def test_each_log_gives_its_known_mean() -> None:
    combined = combine(authors_studies())
    assert [len(mean.trials) for mean in combined.studies] == [49, 50, 23, 37]
    assert combined.studies[0].learning_rates == pytest.approx(
        (9.01e-6, 3.94e-6, 2.46e-6, 1.23e-6, 1.54e-6, 2.20e-6, 2.79e-6, 3.53e-6, 3.87e-6, 2.60e-6),
        rel=0.005,
    )


@needs_logs
def test_the_trials_that_collapsed_are_found() -> None:
    logs = {name: read_authors_log(LOGS / f"{name}.csv") for name in NAMES}

    def count(stage: str) -> list[int]:
        return [sum(trial.collapsed_in == stage for trial in logs[name]) for name in NAMES]

    assert count("stage 1") == [14, 20, 12, 16]
    assert count("stage 2") == [4, 4, 1, 3]
    best = [max(log, key=lambda trial: trial.p) for log in logs.values()]
    assert [trial.collapsed_in for trial in best] == [None] * 4


def test_the_order_of_the_thirteen_numbers(tmp_path: Path) -> None:
    (trial,) = read_authors_log(write_log(tmp_path / "log.csv", (0.9, 0.7, 0.8, *RATES)))
    assert trial == LoggedTrial(
        number=0, p_o_before=0.9, p_s=0.7, p_o=0.8, learning_rates=RATES, collapsed_in=None
    )
    assert trial.scored() == ScoredTrial(0, pytest.approx(1.5), "complete", RATES)


@pytest.mark.parametrize("end", ["", ",", ",\n", "\n", " , "])
def test_the_line_may_end_as_it_likes(tmp_path: Path, end: str) -> None:
    path = write_log(tmp_path / "log.csv", (*LEARNT, *RATES), (*LEARNT, *RATES), end=end)
    assert [trial.number for trial in read_authors_log(path)] == [0, 1]


def test_constant_predictions_are_recognised_by_their_repetition(tmp_path: Path) -> None:
    def rates(n: int) -> tuple[float, ...]:
        return (n * 1e-6,) * 10

    path = write_log(
        tmp_path / "log.csv",
        (0.7, 0.6, 0.7, *rates(1)),  # these two give the constant accuracies away
        (0.7, 0.6, 0.7, *rates(2)),
        (0.7, 0.8, 0.7, *rates(3)),  # D_o never learnt
        (0.9, 0.6, 0.3, *rates(4)),  # D_s never learnt
        (0.9, 0.8, 0.9, *rates(5)),  # nothing forgotten, once
        (0.91, 0.8, 0.91, *rates(6)),  # the same profile twice is no evidence
        (0.91, 0.8, 0.91, *rates(6)),
    )
    assert [trial.collapsed_in for trial in read_authors_log(path)] == [
        "stage 1",
        "stage 1",
        "stage 1",
        "stage 2",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "has 0 numbers, which is no whole number of trials; each trial needs 13"),
        ("0.5,0.5", "has 2 numbers, which is no whole number"),
        ("a,b", r"has 'a' at number 1 \(trial 0, value 1 of 13\); a number belongs there"),
        ("0.5,,0.5", r"has '' at number 2"),
    ],
)
def test_a_log_of_another_kind_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(content)
    with pytest.raises(UsageError, match=complaint) as caught:
        read_authors_log(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("trial", "complaint"),
    [
        ((1.2, 0.8, 0.8, *RATES), r"accuracy 1.2 at number 14 \(trial 1, value 1 of 13\)"),
        ((0.8, math.nan, 0.8, *RATES), r"accuracy nan at number 15 \(trial 1, value 2 of 13\)"),
        ((*LEARNT, 0.0, *RATES[1:]), "learning rate 0.0 at number 17 .*above 0 and at most 1"),
        ((*LEARNT, *RATES[:9], -1e-5), r"learning rate -1e-05 at number 26 \(trial 1, value 13 of"),
        ((*LEARNT, *RATES[:9], math.nan), "learning rate nan at number 26"),
        ((*LEARNT, *RATES[:9], 3.0), "learning rate 3.0 at number 26"),
    ],
)
def test_impossible_numbers_are_refused_with_their_place(
    tmp_path: Path, trial: tuple[float, ...], complaint: str
) -> None:
    path = write_log(tmp_path / "log.csv", (*LEARNT, *RATES), trial)
    with pytest.raises(UsageError, match=complaint):
        read_authors_log(path)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read log .*gone.csv: no such file"):
        read_authors_log(tmp_path / "gone.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not text"):
        read_authors_log(tmp_path / "binary.csv")


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
