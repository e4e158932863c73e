"""One table of options makes the flags of search and run."""

import shlex
from collections.abc import Mapping

import pytest
import typer
from typer.testing import CliRunner

from bertcl_tui.cli.parameters import with_flags
from bertcl_tui.options import OPTIONS, build_study_spec, search_command


def typed(words: list[str], without: set[str] | None = None) -> Mapping[str, str]:
    """Return what a command with these flags is given."""
    given: list[Mapping[str, str]] = []

    def command(texts: Mapping[str, str], *, detach: bool = False) -> None:
        given.append(texts)

    app = typer.Typer()
    app.command()(with_flags(command, without=without or set()))
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return given[0]


def test_every_option_is_a_flag() -> None:
    words = ["sst2:mrpc"]
    for item in OPTIONS[1:]:
        words += [item.flag, f"some {item.name}"]
    expected = {item.name: f"some {item.name}" for item in OPTIONS[1:]}
    assert typed(words) == {"sequence": "sst2:mrpc", **expected}


def test_what_is_not_typed_is_empty() -> None:
    assert set(typed(["sst2:mrpc"]).values()) == {"sst2:mrpc", ""}


def test_options_that_mean_nothing_are_no_flags() -> None:
    assert "name" not in typed(["sst2:mrpc"], without={"name"})


@pytest.mark.parametrize(
    "texts",
    [
        {"sequence": "sst2:mrpc"},
        {"sequence": "boolq:privacy-qa", "data": "sample", "trials": "7", "name": "seventh"},
        {"sequence": "sst2:mrpc", "preset": "paper", "pruner": "none", "batch_size": "4"},
    ],
)
def test_the_command_that_the_form_shows_asks_for_the_same_study(texts: dict[str, str]) -> None:
    words = shlex.split(search_command(texts))[2:]
    assert build_study_spec(typed(words)) == build_study_spec(texts)
