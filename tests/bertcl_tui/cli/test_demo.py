"""demo, once its search is over; how it begins takes minutes and is not for a test."""

from pathlib import Path

from bertcl_tui.cli.demo import demo_spec
from engine.profiles import read_profile
from tests.bertcl_tui.cli.conftest import Ask


def test_a_finished_demo_is_shown_again(ask: Ask, here: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(",".join(map(str, [0.9, 0.8, 0.7, *[1e-5] * 10, 0.9, 0.7, 0.8, *[2e-5] * 10])))
    words = ("--sequence", "sst2:mrpc", "--name", "demo", "--store", "demo.db")
    assert ask("import", log, *words).code == 0

    answers = [ask("demo"), ask("demo")]

    assert answers[0] == answers[1]
    assert answers[0].code == 0
    assert len(answers[0].out.splitlines()) == 3
    assert "begin anew: bertcl-tui demo --fresh" in answers[0].err
    profile = read_profile(here / "profiles" / "demo.json")
    assert profile.searched_on == ("sst2:mrpc",)


def test_fewer_cores_try_fewer_profiles() -> None:
    assert demo_spec("demo", 1).search.trials < demo_spec("demo", 2).search.trials
