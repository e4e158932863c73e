"""What can follow while a filter is written, and the filters before."""

import pytest

from bertcl_tui.store.filters import History, complete, completed, study_fields
from bertcl_tui.study.columns import trial_fields

TRIALS = trial_fields(8)
STUDIES = study_fields(["bert-base-uncased", "sample"])


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("st", "state:"),
        ("p>1 rep", "p>1 reported_p"),
        ("state:co", "state:complete"),
        ("state!=complete,fa", "state!=complete,failed"),
        ("label:fl", "label:flat"),
        ("state : co", "state : complete"),
        ("hea", "head"),
    ],
)
def test_goes_on_as_begun(text: str, whole: str) -> None:
    assert completed(text, TRIALS) == whole


@pytest.mark.parametrize(
    "text", ["", "p>1 ", "p>1", "state:complete", "nothing", "state:none", "p"]
)
def test_does_not_go_on_where_nothing_is_begun(text: str) -> None:
    assert completed(text, TRIALS) is None


def test_backbones_are_offered() -> None:
    assert completed("model:be", STUDIES) == "model:bert-base-uncased"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lr0..lr7"),
        ("lr3", "> < >= <= = !="),
        ("state:", "queued  running"),
        ("time>", "90s, 5m, 2h"),
        ("lr3>", "like 1e-5"),
        ("lr3 > ", "like 1e-5"),
        ("reason:", "any text"),
    ],
)
def test_says_what_can_follow(text: str, said: str) -> None:
    assert said in complete(text, TRIALS).hint


def test_earlier_filters_come_back_and_what_was_being_written_after_them() -> None:
    history = History()
    for text in ("p>1", "state:failed", "p>1", ""):
        history.remember(text)
    assert history.newer() is None
    assert [history.older("lr3"), history.older("p>1")] == ["p>1", "state:failed"]
    assert history.older("state:failed") is None
    assert [history.newer(), history.newer(), history.newer()] == ["p>1", "lr3", None]
