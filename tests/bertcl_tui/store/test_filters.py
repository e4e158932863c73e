import pytest

from bertcl_tui.store.filters import (
    NumberTerm,
    WordTerm,
    bounds_in,
    filter_text,
    fits,
    parse_filter,
    study_fields,
    with_bounds,
)
from bertcl_tui.study.columns import trial_fields
from engine.errors import UsageError

FIELDS = trial_fields(8)


def test_reads_every_term() -> None:
    assert parse_filter("lr3>1e-5 p>=1.4 state:complete", FIELDS) == (
        NumberTerm("lr3", ">", 1e-5),
        NumberTerm("p", ">=", 1.4),
        WordTerm("state", "=", ("complete",)),
    )


def test_a_space_around_an_operator_does_not_end_a_term() -> None:
    assert parse_filter("flat p_o > 0.6 state != pruned", FIELDS) == (
        WordTerm("text", "=", ("flat",)),
        NumberTerm("p_o", ">", 0.6),
        WordTerm("state", "!=", ("pruned",)),
    )


@pytest.mark.parametrize("text", ["", "   ", "p", "state", "lr3 head"])
def test_nothing_asks_for_nothing(text: str) -> None:
    assert parse_filter(text, FIELDS) == ()


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("#=7", NumberTerm("number", "=", 7)),
        ("number:7", NumberTerm("number", "=", 7)),
        ("head<.001", NumberTerm("lr7", "<", 0.001)),
        ("embeddings<=1e-6", NumberTerm("lr0", "<=", 1e-6)),
        ("p_o!=0.5", NumberTerm("p_o", "!=", 0.5)),
        ("state!=collapsed", WordTerm("state", "!=", ("collapsed",))),
        ("state:Pruned,collapsed", WordTerm("state", "=", ("pruned", "collapsed"))),
        ("p_o > 0.6", NumberTerm("p_o", ">", 0.6)),
        ("p_o >=.6", NumberTerm("p_o", ">=", 0.6)),
        ("p_o<= .6", NumberTerm("p_o", "<=", 0.6)),
        ("state : complete", WordTerm("state", "=", ("complete",))),
        ("memory", WordTerm("text", "=", ("memory",))),
        ("50%", WordTerm("text", "=", ("50%",))),
    ],
)
def test_reads(text: str, term: NumberTerm | WordTerm) -> None:
    assert parse_filter(text, FIELDS) == (term,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "lr8>1e-5",
            (
                "filter: no field named 'lr8'; did you mean 'lr7'? "
                "Use one of p, p_o, p_s, p_o_before, forgetting, bwt, mean, confirmed, "
                "reported_p, reported_p_o, reported_p_s, number, #, "
                "marked, time, step, steps, rate, tokens, seed, attempts, embeddings, head, "
                "lr0..lr7, state, note, label, reason"
            ),
        ),
        ("p>much", "filter: 'p>much' compares p with no number; write it like p>1e-5"),
        ("p>nan", "filter: 'p>nan' compares p with no number; write it like p>1e-5"),
        ("p>", "filter: 'p>' compares p with no number; write it like p>1e-5"),
        (">", "filter: '>' compares nothing; write it like p_o>0.6"),
        (">= 0.6", "filter: '>=0.6' compares nothing; write it like p_o>0.6"),
        ("p_o > > 0.6", "filter: 'p_o>>0.6' compares p_o with no number; write it like p_o>1e-5"),
        ("state>complete", "filter: 'state>complete' orders words; use : or != there"),
        (
            "state:done",
            (
                "filter: no state 'done'; it is one of queued, running, paused, stalled, lost, "
                "complete, pruned, collapsed, stopped, failed"
            ),
        ),
    ],
)
def test_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_filter(text, FIELDS)
    assert str(caught.value) == message


def test_a_state_wants_a_word() -> None:
    with pytest.raises(UsageError, match="'state:' wants a word after it, one of queued,"):
        parse_filter("state:", FIELDS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("mrpc", True),
        ("MRPC", True),
        ("qqp", False),
        ("p>1.4 mrpc", True),
        ("p>1.5 mrpc", False),
        ("p_o>0.1", False),  # not measured
        ("state:running,paused", True),
        ("state!=running", False),
        ("model:mini", True),
    ],
)
def test_fits(text: str, *, expected: bool) -> None:
    numbers = {"p": 1.41}
    texts = {"state": "running", "model": "MiniLM", "text": "sst2:mrpc MiniLM"}
    assert fits(parse_filter(text, study_fields()), numbers.get, texts.__getitem__) is expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("time>90", 90), ("time>90s", 90), ("time>1.5m", 90), ("time>2min", 120), ("time>2H", 7200)],
)
def test_times_have_units(text: str, seconds: float) -> None:
    assert parse_filter(text, FIELDS) == (NumberTerm("busy_seconds", ">", seconds),)


def test_a_time_that_is_none_is_told_how_it_is_written() -> None:
    with pytest.raises(UsageError, match="write it like time>5m"):
        parse_filter("time>5x", FIELDS)


def test_a_rate_has_no_unit() -> None:
    with pytest.raises(UsageError, match="compares lr3 with no number"):
        parse_filter("lr3>5m", FIELDS)


def test_bounds_of_a_number_are_read_and_written_into_a_filter() -> None:
    fields = trial_fields(4)
    where = parse_filter("lr3>1e-6 embeddings<=1e-5 lr3<1e-4 lr3>=2e-6 p=1.4 sst2", fields)
    assert bounds_in(where, "lr3") == (2e-6, 1e-4)
    assert bounds_in(where, "lr0") == (None, 1e-5)
    assert bounds_in(where, "p") == (1.4, 1.4)
    assert bounds_in(where, "p_o") == (None, None)
    text = with_bounds(
        "sst2 lr3 > 1e-6 embeddings<1 lr3!=2", {"lr3": ("5e-6", ""), "lr0": ("", "")}, fields
    )
    assert text == "sst2 lr3!=2 lr3>=5e-6"
    assert with_bounds("", {"p": ("1.2", "1.4")}, fields) == "p>=1.2 p<=1.4"


def test_a_filter_is_written_as_it_could_have_been_typed() -> None:
    fields = trial_fields(4)
    for text in ("lr3>1e-05 p<=1.4 state:complete,pruned", "state!=failed note:x sst2"):
        where = parse_filter(text, fields)
        assert parse_filter(filter_text(where), fields) == where
    assert filter_text(parse_filter("lr3>0.00001", fields)) == "lr3>1e-5"
