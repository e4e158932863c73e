"""import and combine: from logs to a profile."""

from pathlib import Path

import pytest

from bertcl_tui.cli.combine import Selection, parse_selection
from engine.errors import UsageError
from engine.profiles import published_profile, read_profile
from tests.bertcl_tui.cli.conftest import Ask
from tests.recorded import DONE, LIVE

ORIGIN = Path(__file__).parents[4] / "shared" / "origin"
PAIRS = ("sst2:mrpc", "mrpc:sst2", "qqp:mrpc", "mrpc:qqp")
LOW, HIGH = 1e-6, 1e-4


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log of three trials: p 1.6 at LOW, p 1.5 at HIGH, and one that collapsed."""
    good = [0.9, 0.8, 0.8, *[LOW] * 10]
    fair = [0.9, 0.7, 0.8, *[HIGH] * 10]
    constant = [[0.5, 0.6, 0.5, *[rate] * 10] for rate in (1e-3, 5e-4)]
    path = tmp_path / "log.csv"
    path.write_text(",".join(str(number) for row in (good, fair, *constant) for number in row))
    return path


@pytest.mark.parametrize(
    ("text", "selection"),
    [
        ("sst2:mrpc", Selection("sst2:mrpc", None)),
        ("sst2:mrpc:3", Selection("sst2:mrpc", (3,))),
        ("first-try:1,4,7-9", Selection("first-try", (1, 4, 7, 8, 9))),
        ("sst2:mrpc-2:0,0", Selection("sst2:mrpc-2", (0,))),
    ],
)
def test_selections_are_read(text: str, selection: Selection) -> None:
    assert parse_selection(text) == selection


@pytest.mark.parametrize("text", ["a:b:5-1", "a:b:1,", "a:b:1--2", "a:b:1-2-3"])
def test_selections_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        parse_selection(text)


def test_a_log_becomes_a_finished_study(ask: Ask, here: Path, log: Path) -> None:
    answer = ask("import", log, "--sequence", "sst2:mrpc")
    assert answer.code == 0
    assert answer.err == "study sst2:mrpc: 4 trials imported, 2 of them collapsed\n"
    (study,) = ask("studies", "--json").data
    assert (study["state"], study["origin"]) == ("complete", "import log.csv")
    trials = ask("trials", "sst2:mrpc", "--json").data
    assert [trial["label"] for trial in trials] == [None, None, *["collapsed in stage 1"] * 2]
    shown = ask("show", "sst2:mrpc", "0", "--json").data["accuracy"]["search"]
    assert shown["matrix"] == [[0.9], [0.8, 0.8]]
    assert shown["forgetting"] == pytest.approx(0.1)


def test_a_second_import_gets_a_name_of_its_own(ask: Ask, here: Path, log: Path) -> None:
    for _ in range(2):
        ask("import", log, "--sequence", "sst2:mrpc")
    names = [study["name"] for study in ask("studies", "--json").data]
    assert names == ["sst2:mrpc", "sst2:mrpc-2"]
    again = ask("import", log, "--sequence", "sst2:mrpc", "--name", "sst2:mrpc")
    assert again.code == 2
    assert len(ask("studies", "--json").data) == 2


def test_combined_rates_by_hand(ask: Ask, here: Path, log: Path) -> None:
    ask("import", log, "--sequence", "sst2:mrpc")
    profile = ask("combine", "sst2:mrpc:0-1", "--base", "3", "--json").data
    # Weights 3/4 and 1/4: 10^(-6·3/4 - 4·1/4).
    assert profile["learning_rates"] == pytest.approx([10**-5.5] * 10)
    shares = profile["combination"]["studies"][0]["trials"]
    assert [(share["number"], share["weight"]) for share in shares] == [(0, 0.75), (1, 0.25)]


def test_combine_says_what_hangs_on_each_study(ask: Ask, here: Path, log: Path) -> None:
    for name in ("a", "b"):
        ask("import", log, "--sequence", "sst2:mrpc", "--name", name)
    # Of two trials, flat 1e-6 and flat 1e-4, each study gives one: half of 100 either way.
    lines = ask("combine", "a:0", "b:1").out.splitlines()
    assert "without a: embeddings ×10.00" in lines
    assert "without b: embeddings ×0.10" in lines


def test_combine_for_people(ask: Ask, here: Path, log: Path) -> None:
    ask("import", log, "--sequence", "sst2:mrpc")
    answer = ask("combine", "sst2:mrpc:0-1", "--base", "3", "--out", "out/mine.json")
    rows = [line.split() for line in answer.out.splitlines()]
    assert rows[1] == ["embeddings", "3.2e-6", "1e-6", "1e-4"]
    assert ["sst2:mrpc", "0", "1", "1.600", "75.0%"] in rows
    assert answer.out.splitlines()[-1] == "b = 3: 1.6 effective trials of 2"
    assert answer.err == f"profile written to {here / 'out' / 'mine.json'}\n"
    profile = read_profile(here / "out" / "mine.json")
    assert profile.name == "mine"
    assert profile.backbone == published_profile().backbone
    assert profile.searched_on == ("sst2:mrpc",)
    assert "torch" in profile.software


def test_who_is_left_out_is_told_beside_the_answer(ask: Ask, store: Path) -> None:
    answer = ask("combine", LIVE, DONE, "--store", store)
    assert answer.code == 0
    assert f"left out of {LIVE}, pruned: 7, 13, 19" in answer.err
    assert f"refused {DONE}: other backbone" in answer.err
    assert "pruned" not in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((f"{LIVE}:77",), f"study '{LIVE}' has no trial 77; see bertcl-tui trials {LIVE}"),
        ((LIVE, "--base", "0.5"), "base b is 0.5; it must be a number of at least 1, such as 1.8"),
        ((LIVE, "--base", "nan"), "base b is nan"),
        ((f"{LIVE}:7",), "nothing to combine"),
        ((LIVE, LIVE), "is given 2 times"),
        (("nothing",), "no study named 'nothing'"),
        ((LIVE, "--out", "no/such/folder/p.json"), "cannot make folder"),
    ],
)
def test_what_cannot_be_combined(
    ask: Ask, store: Path, here: Path, words: tuple[str, ...], said: str
) -> None:
    answer = ask("combine", *words, "--store", store)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sequence", "sst2"), "forgetting needs two"),
        (("--sequence", "sst2:mrpc:qqp"), "an import is about two tasks"),
        (("--sequence", "sst2:mrpc", "--grouping", "mine"), "no grouping named 'mine'"),
        (("--sequence", "sst2:mrpc", "--model", "no such"), "is no model"),
        (("--sequence", "sst2:mrpc", "--name", "a b"), "name 'a b' may have"),
        ((), "Missing option '--sequence'"),
    ],
)
def test_what_cannot_be_imported_leaves_nothing(
    ask: Ask, here: Path, log: Path, words: tuple[str, ...], said: str
) -> None:
    answer = ask("import", log, *words)
    assert answer.code == 2
    assert said in answer.err
    assert list(here.iterdir()) == []


def test_a_file_that_is_no_log_leaves_nothing(ask: Ask, here: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b,c")
    answer = ask("import", other, "--sequence", "sst2:mrpc")
    assert answer.code == 2
    assert "has no learning rates of 10 choices" in answer.err
    assert list(here.iterdir()) == []


@pytest.mark.skipif(not ORIGIN.is_dir(), reason="the authors' logs are not at hand")
def test_the_authors_logs_give_the_vector_they_published(ask: Ask, here: Path) -> None:
    for pair in PAIRS:
        log = ORIGIN / f"{pair.replace(':', '-')}.csv"
        assert ask("import", log, "--sequence", pair).code == 0
    profile = ask("combine", *PAIRS, "--json").data
    assert profile["learning_rates"] == pytest.approx(
        published_profile().learning_rates, rel=0.0025
    )
    assert profile["grouping"]["preset"] == "original-code"
