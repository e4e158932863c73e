import pytest

from bertcl_tui.filters import (
    STUDY_FIELDS,
    NumberTerm,
    WordTerm,
    fits,
    parse_filter,
    trial_fields,
)
from engine.errors import UsageError

FIELDS = trial_fields(8)


def test_reads_every_term() -> None:
    assert parse_filter("lr3>1e-5 p>=1.4 state:complete", FIELDS) == (
        NumberTerm("lr3", ">", 1e-5),
        NumberTerm("p", ">=", 1.4),
        WordTerm("state", "=", ("complete",)),
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
                "filter: 'lr8' is nothing to ask for; "
                "there is p, p_o, p_s, step, #, number, embeddings, head, lr0..lr7, state"
            ),
        ),
        ("p>much", "filter: 'p>much' compares p with no number; write it like p>1e-5"),
        ("p>nan", "filter: 'p>nan' compares p with no number; write it like p>1e-5"),
        ("p>", "filter: 'p>' compares p with no number; write it like p>1e-5"),
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
    assert fits(parse_filter(text, STUDY_FIELDS), numbers.get, texts.__getitem__) is expected
