"""track: as a person types it. What the trackers read of it is tested with the engine."""

from pathlib import Path

import pytest

from tests.bertcl_tui.cli.conftest import Ask
from tests.recorded import LIVE, PAUSED


def test_the_trials_that_are_named_are_written(ask: Ask, store: Path, here: Path) -> None:
    answer = ask("track", f"{LIVE}:0,7", "--to", "tensorboard", "--store", store)
    assert (answer.code, answer.out) == (0, "")
    folder = here / "tensorboard-runs"
    said = f"2 runs of {LIVE} written for TensorBoard; see: tensorboard --logdir {folder}\n"
    assert answer.err == said
    assert len(list((folder / "bertcl-tui").iterdir())) == 2
    words = ("--to", "tensorboard", "--out", "boards", "--project", "mine")
    data = ask("track", f"{LIVE}:0", *words, "--store", store, "--json").data
    assert [run["run"] for run in data["runs"]] == ["1"]
    assert len(list((here / "boards/mine").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([LIVE], "--to"),
        ([LIVE, "--to", "mlflo"], "did you mean 'mlflow'?"),
        ([f"{LIVE}:99", "--to", "tensorboard"], "no trial 99"),
        ([PAUSED, "--to", "tensorboard"], "nothing has begun"),
        (["nothing", "--to", "tensorboard"], "no study"),
        ([LIVE, "--to", "tensorboard", "--out", "/dev/null/x"], "choose another folder"),
    ],
)
def test_wrong_use_is_one_line_and_leaves_nothing(
    ask: Ask, store: Path, here: Path, words: list[str], said: str
) -> None:
    answer = ask("track", *words, "--store", store)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert said in answer.err
    assert not list(here.iterdir())


def test_of_imported_trials_there_is_nothing_to_write(ask: Ask, here: Path) -> None:
    ask("import", "--llrd", "2e-5,0.9", "--sequence", "a:b", "--scores", "0.8,0.7")
    answer = ask("track", "a:b", "--to", "tensorboard")
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "were imported" in answer.err
    assert "resume" not in answer.err
