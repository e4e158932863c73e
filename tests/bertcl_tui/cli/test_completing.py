"""What a shell is offered when tab is pressed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.recorded import DONE, LIVE

PROGRAM = [Path(sys.executable).with_name("bertcl-tui")]
BETWEEN = "\f"
ONE_AFTER_ANOTHER = f"""
import os, sys
from bertcl_tui.cli import main

for line in sys.argv[1:]:
    print({BETWEEN!r}, flush=True)
    os.environ["_TYPER_COMPLETE_ARGS"] = "bertcl-tui " + line
    try:
        main()
    except SystemExit:
        pass
heavy = {{"torch", "transformers", "datasets", "optuna", "scipy", "sklearn", "matplotlib"}}
print(*heavy & set(sys.modules), file=sys.stderr)
"""
_OF_FISH = {
    "_BERTCL_TUI_COMPLETE": "complete_fish",
    "_TYPER_COMPLETE_FISH_ACTION": "get-args",
}

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("forked")]


def _ask(folder: Path, shell: dict[str, str]) -> list[str]:
    done = subprocess.run(
        PROGRAM,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **shell},
    )
    return done.stdout.splitlines()


@pytest.fixture
def folder(store: Path) -> Path:
    """Return a folder whose default store has studies."""
    return store.parent


COULD_COME_NEXT = (
    ("show ", {LIVE, DONE}),
    (f"trials {DONE[:4]}", {DONE}),
    ("search mrp", {"mrpc"}),
    ("search sst2:mr", {"sst2:mrpc"}),
    ("search --data ", {"sample", "hub"}),
    ("search --data sample rotten-tomatoes:priv", {"rotten-tomatoes:privacy-qa"}),
    ("search --preset pap", {"paper"}),
    ("clean ", {"checkpoints", "caches", "worker-logs"}),
    ("search --sampler ", {"tpe", "gp", "smooth", "cma", "random"}),
    ("run --method ewc", {"ewc-mlm", "ewc-task"}),
    ("run --method ewc-task --option ", {"importance=", "rows=", "gamma="}),
    ("run --option ", set()),
    (f"trials {LIVE} --sort l", {"label", "lr0", "lr7"}),
    (f"trials {LIVE} --columns p,num", {"p,number"}),
    (f"trials {LIVE} --columns number,lr", {"number,lr0", "number,lr7"}),
    ("trials nowhere --sort lr", set()),
    ("log --level w", {"warning"}),
    (f"log --study {LIVE[:4]}", {LIVE}),
    ("worker --device c", {"cpu", "cuda"}),
    ("config set theme bertcl", {"bertcl-dark", "bertcl-light"}),
    ("config set keys.qu", {"keys.quit"}),
    ("show --store nowhere.db ", set()),
)


def test_what_could_come_next_is_offered_with_nothing_heavy_loaded(folder: Path) -> None:
    shell = {**_OF_FISH, "PYTHONPATH": str(Path(__file__).parents[3])}
    lines = [line for line, _ in COULD_COME_NEXT]
    done = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_ANOTHER, *lines],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, **shell},
    )
    assert done.stderr == "\n", "what is heavy of the modules that were loaded"
    answers = done.stdout.split(BETWEEN)[1:]
    for (line, offered), answer in zip(COULD_COME_NEXT, answers, strict=True):
        words = {told.split("\t")[0] for told in answer.splitlines() if told}
        assert offered <= words, line
        assert bool(words) == bool(offered), line


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["search", "sst2", ":", "mr"], ["mrpc"]),
        (["search", "sst2:mr"], ["sst2:mrpc"]),  # where colons take nothing apart
        (["trials", "sst2", ":"], ["mrpc"]),
    ],
)
def test_bash_takes_words_apart_at_colons(
    folder: Path, words: list[str], offered: list[str]
) -> None:
    shell = {
        "_BERTCL_TUI_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(("bertcl-tui", *words)),
        "COMP_CWORD": str(len(words)),
    }
    assert _ask(folder, shell) == offered
