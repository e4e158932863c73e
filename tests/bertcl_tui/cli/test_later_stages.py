"""Rates for the later stages, as commands say, combine and use them."""

from pathlib import Path

import pytest

from bertcl_tui.cli.run import run_spec
from bertcl_tui.combine.drawing import facts_of_combined
from bertcl_tui.combine.mixture import read_mixture
from bertcl_tui.store.reader import Reader
from bertcl_tui.study.look import Question, look_at_study
from bertcl_tui.study.panels.rates import PANEL
from bertcl_tui.trial.look import look_at_run, note_on_drift
from engine.errors import UsageError
from engine.profiles import read_profile
from engine.store.connection import open_store
from tests.bertcl_tui.cli.conftest import Ask
from tests.engine.arena.doing import rates, searched
from tests.tiny import tiny_tasks

pytestmark = pytest.mark.sample


@pytest.fixture
def both(here: Path) -> Path:
    """Return a store with a search of all stages, and two of the later ones."""
    path = here / "studies.db"
    store = open_store(str(path))
    searched(store, "sst2:mrpc", [(rates(1e-5), 1.2)], name="every")
    searched(store, "sst2:mrpc", [(rates(2e-5), 1.3)], name="later", first_lr=5e-5)
    searched(store, "mrpc:sst2", [(rates(2e-5), 1.3)], name="back", first_lr=5e-5)
    store.close()
    return path


@pytest.fixture
def profile(both: Path, here: Path, ask: Ask) -> Path:
    """Return a profile for later stages."""
    path = here / "later.json"
    assert ask("combine", "later", "back", "--out", path).code == 0
    return path


def test_a_study_says_which_stages_it_searches(both: Path, ask: Ask) -> None:
    assert "later ones; stage 1 flat at 5e-5" in ask("show", "later").out
    assert "stage 1" not in ask("show", "every").out
    kinds = {row["name"]: row["first_lr"] for row in ask("studies", "--json").data}
    assert kinds == {"every": None, "later": 5e-5, "back": 5e-5}
    assert "later ones; stage 1 flat at 5e-5" in ask("show", "later", "0").out
    assert ask("show", "later", "0", "--json").data["first_lr"] == 5e-5


def test_what_differs_says_it_too(both: Path, ask: Ask) -> None:
    lines = ask("explain", "every:0", "later:0").out.splitlines()
    (found,) = [line.split() for line in lines if line.startswith("first lr ")][:1]
    assert found == ["first", "lr", "–", "5e-5"]


def test_kinds_are_never_combined(both: Path, ask: Ask) -> None:
    answer = ask("combine", "later", "every")
    assert answer.code == 0
    assert "for later stages, stage 1 flat at 5e-5" in answer.out
    assert "refused every: rates for all stages, not for stages after a flat 5e-5" in answer.err


def test_a_profile_brings_the_rate_of_stage_1_along(profile: Path, tmp_path: Path) -> None:
    found = read_profile(profile)
    assert (found.stages, found.first_lr) == ("later", 5e-5)
    assert found.source.endswith("with b = 1.8, for stages after a flat 5e-5.")
    data = tiny_tasks(tmp_path / "tasks")
    texts = {"sequence": "mood:topic", "data": str(data), "model": "sample"}
    assert run_spec(texts, "", None, profile).first_lr == 5e-5
    assert run_spec(texts, "replay", None, profile).first_lr == 5e-5
    assert run_spec(texts, "", 1e-4, None).first_lr is None
    assert run_spec(texts, "", 1e-4, None, first_lr=2e-5).first_lr == 2e-5
    with pytest.raises(UsageError, match="a profile says itself which stages it is for"):
        run_spec(texts, "", None, profile, first_lr=2e-5)
    with pytest.raises(UsageError, match="must be above 0 and at most 1, like 5e-5"):
        run_spec(texts, "", 1e-4, None, first_lr=2.0)


def test_joint_has_no_later_stages(profile: Path, here: Path, ask: Ask) -> None:
    data = tiny_tasks(here / "tasks")
    words = ("run", "mood:topic", "--data", data, "--model", "sample", "--method", "joint")
    answer = ask(*words, "--profile", profile, "--store", "new.db")
    assert answer.code == 2
    assert "joint learns in one stage, and these rates are for later ones" in answer.err
    assert not (here / "new.db").exists()


def test_a_search_refuses_what_does_not_go_with_it(here: Path, ask: Ask) -> None:
    answer = ask("search", "sst2:mrpc", "--first-lr", "1e-4")
    assert answer.code == 2
    assert "choose --searched-stages later, or leave it away" in answer.err
    assert list(here.iterdir()) == []


def test_screens_say_that_stage_1_was_flat(both: Path, here: Path) -> None:
    reader = Reader(str(both))
    every, later = (look_at_study(reader, Question(study_id=each), None) for each in (1, 2))
    assert every is not None
    assert later is not None
    assert PANEL.subtitle is not None
    assert [PANEL.subtitle(look) for look in (every, later)] == ["", "stage 1 flat at 5e-5"]
    assert later.cursor is not None
    trial = look_at_run(reader, later.cursor.run_id)
    assert trial is not None
    assert note_on_drift(trial) == "stage 1 flat at 5e-5 · drift was not measured"
    combined = read_mixture(reader, {2: frozenset()}).combined()
    said = [list(column.cells) for column in facts_of_combined(combined, None).columns]
    assert "later stages, stage 1 flat at 5e-5" in said[1]
