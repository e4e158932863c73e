import pytest

from bertcl_tui.style.wording import (
    count,
    duration,
    score,
    signed,
    size,
    spent_text,
    steps_rate,
    tokens_rate,
)
from engine.arena import legend
from engine.store.measurements import Spent


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (61, "1 min"),
        (3570, "1 h 00"),
        (12_000, "3 h 20"),
        (86_399, "1 d 0 h"),
        (187_200, "2 d 4 h"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_score() -> None:
    assert (score(None), score(1.41666)) == ("–", "1.417")


@pytest.mark.parametrize(
    ("difference", "text"),
    [(None, "–"), (-0.0004, "0.000"), (-0.0, "0.000"), (-0.0006, "−0.001"), (0.1, "0.100")],
)
def test_differences_have_one_sign_below_0_and_none_where_they_round_to_it(
    difference: float | None, text: str
) -> None:
    assert signed(difference) == text
    if difference is not None:
        assert legend.number(difference) == text


def test_steps_rate() -> None:
    assert (steps_rate(None), steps_rate(9.94), steps_rate(10.8)) == ("", "9.9 st/s", "11 st/s")


def test_tokens_rate() -> None:
    rates = (None, 870.4, 1234.0, 33_700.0)
    assert [tokens_rate(rate) for rate in rates] == ["", "870 tok/s", "1.2k tok/s", "34k tok/s"]


def test_where_time_went() -> None:
    spent = Spent(learning=62.0, measuring=30.0, waiting=8.0, ideal=25.42)
    shares = "learning 62 % · measuring 30 % · waiting 8 %"
    assert spent_text([spent, None]) == f"{shares}, 41 % of this machine's rate"
    slow = Spent(learning=38.0, measuring=0.0, waiting=62.0)
    assert spent_text([spent, slow]) == "learning 50 % · measuring 15 % · waiting 35 %"
    assert spent_text([]) == spent_text([None]) == ""
    assert spent_text([Spent(learning=0.0, measuring=0.0, waiting=0.0, ideal=0.0)]) == ""


def test_size() -> None:
    assert [size(n) for n in (None, 12, 2048, 3_500_000, 1_620_000_000)] == [
        "–",
        "12 B",
        "2 KiB",
        "3 MiB",
        "1.5 GiB",
    ]


def test_count() -> None:
    assert count(1, "study", "studies") == "1 study"
    assert count(3, "study", "studies") == "3 studies"
    assert count(1200, "trial") == "1,200 trials"
