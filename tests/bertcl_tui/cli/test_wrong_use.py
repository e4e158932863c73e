"""Wrong words: exit 2, one line that says what to do, nothing on stdout, nothing left behind."""

import sys
from pathlib import Path

import pytest

from bertcl_tui.cli.commands import COMMANDS
from tests.bertcl_tui.cli.conftest import Ask

WRONG = [
    ("serach", "No such command 'serach'"),
    ("search", "Missing argument 'SEQUENCE'"),
    ("search sst2", "forgetting needs two"),
    ("search sst2:mrpc --trials many", "trials 'many' is no whole number"),
    ("search sst2:mrpc --sampler bayes", "no sampler named 'bayes'"),
    ("search sst2:mrpc --data nowhere", "no data 'nowhere'"),
    ("search sst2:mprc", "did you mean 'mrpc'?"),
    ("search sst2:boolq", "use --data sample"),
    ("search sst2:mrpc --slots -1", "Invalid value for '--slots'"),
    ("search sst2:mrpc --method magic", "no method named 'magic'"),
    ("search sst2:mrpc --method replay", "method replay is not searched for; search profile, flat"),
    ("run sst2:mrpc", "use --lr 2e-5"),
    ("run sst2:mrpc --lr 0", "a learning rate above 0 and at most 1, not 0.0"),
    ("run sst2:mrpc --lr -1e-5", "a learning rate above 0"),
    ("run sst2:mrpc --lr nan", "a learning rate above 0 and at most 1, not nan"),
    ("run sst2:mrpc --lr fast", "Invalid value for '--lr'"),
    ("run sst2:mrpc --method magic --lr 1e-5", "no method named 'magic'; use one of flat, profile"),
    ("run sst2:mrpc --method profile", "use --profile FILE"),
    ("run sst2:mrpc --method profile --lr 1e-5", "needs a profile; use --profile FILE"),
    ("run sst2:mrpc --method flat --profile p.json", "takes no profile"),
    ("run sst2:mrpc --method ewc-task", "needs a learning rate: use --lr 2e-5, or a profile"),
    ("run sst2:mrpc --lr 1e-5 --option share=.1", "method flat has no option 'share'"),
    ("run sst2:mrpc --method replay --lr 1e-5 --option share", "write it like importance=500"),
    ("run sst2:mrpc --method replay --lr 1e-5 --option share=2", "must be from 0 to 1, not 2"),
    ("run sst2:mrpc --profile nowhere.json", "cannot read profile nowhere.json"),
    ("studies", "no store at"),
    ("studies --store a/b/c.db", "folder"),
    ("studies --stoer x", "No such option: --stoer"),
    ("show", "Missing argument 'STUDY'"),
    ("show sst2:mrpc -1", "No such option"),
    ("worker --slots none", "Invalid value for '--slots'"),
    ("worker --device gpu", "no device named 'gpu'"),
    ("worker --slots 0", "0 workers would do nothing"),
    ("worker --address here:6379", "--address is for workers on a cluster; name a --launcher"),
    ("worker --gpus-per-worker 1", "--gpus-per-worker is for workers on a cluster"),
    ("worker --launcher slurm --time 8:00:00", "time '8:00:00' is none; write one like 30d, 12h"),
    ("", "the app needs a terminal"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_wrong_words(ask: Ask, here: Path, words: str, said: str) -> None:
    answer = ask(*words.split())
    assert answer.code == 2
    assert answer.out == ""
    assert said in answer.err
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("words", ["", "studies", "--version"])
def test_windows_is_refused(ask: Ask, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    answer = ask(*words.split())
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: Windows is not supported; run bertcl-tui in WSL")
    assert answer.err.count("\n") == 1


def test_a_store_of_another_program_is_left_alone(ask: Ask, here: Path) -> None:
    other = here / "notes.txt"
    other.write_text("not a database, but long enough to look like one to somebody" * 20)
    answer = ask("studies", "--store", other)
    assert (answer.code, answer.out) == (2, "")
    assert "is not a database" in answer.err
    assert other.read_text().startswith("not a database")


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_help_with_an_example(ask: Ask, name: str) -> None:
    answer = ask(name, "--help")
    assert answer.code == 0
    assert f"Example: bertcl-tui {name}" in answer.out
    assert answer.err == ""


def test_help_names_every_command(ask: Ask) -> None:
    out = ask("--help").out
    assert all(command.name in out for command in COMMANDS)


def test_version(ask: Ask) -> None:
    assert ask("--version").out.startswith("bertcl-tui 0.")
