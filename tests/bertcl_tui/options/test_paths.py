"""What is being typed goes on as in a shell: folders, the files that can be meant, words."""

from pathlib import Path

import pytest

from bertcl_tui.options.paths import next_path, paths_after


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("data-old", "data-new/deep", "models/bert", "models/bert-large", ".hidden", "Ünï"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("data-new/tasks.toml", "data-new/notes.txt", "models/bert/config.json"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("text", "suffixes", "found"),
    [
        ("", (), []),
        ("data", (), ["data-new/", "data-old/"]),
        ("data-new/", (".toml",), ["data-new/deep/", "data-new/tasks.toml"]),
        ("data-new/", ("",), ["data-new/deep/", "data-new/notes.txt", "data-new/tasks.toml"]),
        ("~/mod", (), ["~/models/"]),
        ("./.h", (), ["./.hidden/"]),
        ("./h", (), []),
        ("models/bert", (), ["models/bert", "models/bert-large/"]),
        ("models/bert", (".toml",), ["models/bert/", "models/bert-large/"]),
        ("Ü", (), ["Ünï/"]),
        ("nowhere/at", (), []),
        ("models/bert/config.json/", (), []),
        ("a\0b/", (), []),
    ],
)
@pytest.mark.usefixtures("here")
def test_folders_and_fitting_files_are_offered(
    text: str, suffixes: tuple[str, ...], found: list[str]
) -> None:
    assert paths_after(text, suffixes) == found


def test_words_and_whole_paths_are_offered_too(here: Path) -> None:
    assert paths_after("d", (), ("dear", "hub")) == ["dear", "data-new/", "data-old/"]
    assert paths_after(f"{here}/models/b", ())[0] == f"{here}/models/bert"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("d", "data-"),
        ("data-", "data-new/"),
        ("data-new/", None),
        ("data-new/t", "data-new/tasks.toml"),
        ("data-new/tasks.toml", None),
        ("data-new", "data-new/"),
        ("hu", "hub"),
        ("hub", None),
        ("x", None),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_key_completes_as_far_as_it_is_clear_then_takes_the_first(
    text: str, after: str | None
) -> None:
    assert next_path(text, (".toml",), ("hub",)) == after
