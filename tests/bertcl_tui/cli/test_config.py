"""config: what is set, read and written by name."""

import sys
from pathlib import Path

import pytest

from bertcl_tui.actions import ACTIONS
from bertcl_tui.news.rules import Rule
from bertcl_tui.settings import Settings, read_settings
from tests.bertcl_tui.cli.conftest import Ask


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings" / "config.toml"
    monkeypatch.setenv("BERTCL_CONFIG", str(path))
    return path


def _editor(folder: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    """Let the person's editor replace a text."""
    program = folder / "editor.py"
    program.write_text(
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        f"path.write_text(path.read_text().replace({old!r}, {new!r}))\n"
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} {program}")


def test_what_is_set_and_what_is_not(ask: Ask, file: Path) -> None:
    assert ask("config", "path").out == f"{file}\n"
    assert "all is as it comes" in ask("config").out
    assert ask("config", "set", "theme", "nord").code == 0
    assert ask("config", "set", "sort", "f6,f5").code == 0
    facts = ask("config", "--json").data
    assert facts["changed"] == ["theme", "keys.sort"]
    assert facts["settings"] == {
        "theme": "nord",
        "notify": "on",
        "bell": "off",
        "desktop": "off",
        "warm": "on",
        "checkpoints": "",
        "cache": "",
        "keys": "usual",
        "keys.sort": "f6,f5",
    }
    rows = [line.split() for line in ask("config").out.splitlines()]
    assert ["theme", "nord", "default:", "bertcl-dark"] in rows
    assert ["bell", "off", "default"] in rows


def test_what_is_in_the_file_and_cannot_be_is_said(ask: Ask, file: Path) -> None:
    file.parent.mkdir()
    file.write_text('theme = "nrod"\n')
    assert "no theme named 'nrod'; did you mean 'nord'" in ask("config").err


def test_one_setting(ask: Ask, file: Path) -> None:
    assert ask("config", "get", "keys.quit").out == "q\n"
    ask("config", "set", "bell", "yes")
    assert ask("config", "get", "bell").out == "on\n"
    assert read_settings(file) == Settings(bell=True)
    ask("config", "unset", "bell")
    assert read_settings(file) == Settings()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("theme", "nrod"), "did you mean 'nord'"),
        (("bell", "loud"), "bell is on or off, not 'loud'"),
        (("keys.sort", "j"), "both 'sort' and 'cursor_down'"),
        (("keys.srot", "x"), "did you mean 'keys.sort'"),
        (("columns.trials", "p"), "is chosen in its table"),
        (("orders", "on"), "no setting 'orders'"),
        (("orders.trials", "p"), "is chosen by sorting its table"),
        (("watch.night.on", "new"), "no news named 'new'"),
        (("watch.night.bel", "on"), "name a part of a rule: watch.night.on, watch.night.studies"),
        (("watch.night", "on"), "name a part of a rule"),
        (("watch.a b.on", "over"), "name 'a b' of a rule"),
    ],
)
def test_what_cannot_be_set_is_not(ask: Ask, file: Path, words: tuple[str, str], said: str) -> None:
    answer = ask("config", "set", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert not file.exists()


def test_a_key_is_not_reset_to_one_that_another_action_has(ask: Ask, file: Path) -> None:
    ask("config", "set", "sort", "f6")
    ask("config", "set", "reverse", "o")
    answer = ask("config", "unset", "sort")
    assert answer.code == 2
    assert "both 'reverse' and 'sort'" in answer.err
    assert read_settings(file).keys == {"sort": "f6", "reverse": "o"}


def test_every_action_is_listed(ask: Ask) -> None:
    ask("config", "set", "sort", "f6")
    listed = {item["action"]: item for item in ask("config", "keys", "--json").data}
    assert set(listed) == {action.name for action in ACTIONS}
    assert (listed["sort"]["keys"], listed["sort"]["default"]) == (["f6"], ["o"])
    lines = ask("config", "keys").out.splitlines()
    assert next(line for line in lines if line.startswith("sort ")).split()[1] == "f6*"


def test_a_set_of_keys_is_taken_and_own_keys_stand_over_it(ask: Ask, file: Path) -> None:
    assert ask("config", "set", "sort", "f6").code == 0
    assert ask("config", "set", "keys", "vim").code == 0
    assert read_settings(file).keys == {"preset": "vim", "sort": "f6"}
    assert ask("config", "get", "keys").out == "vim\n"
    assert ask("config", "get", "delete_study").out == "x,D\n"
    listed = {item["action"]: item["keys"] for item in ask("config", "keys", "--json").data}
    assert (listed["sort"], listed["delete_study"]) == (["f6"], ["x", "D"])
    answer = ask("config", "set", "new_study", "x")
    assert (answer.code, answer.out) == (2, "")
    assert "x would be both" in answer.err
    assert "'new_study'" in answer.err
    assert "'delete_study'" in answer.err
    ask("config", "unset", "sort")
    assert read_settings(file).keys == "vim"
    ask("config", "unset", "keys")
    assert read_settings(file) == Settings()
    assert (
        "no set of keys named 'vin'; did you mean 'vim'" in ask("config", "set", "keys", "vin").err
    )


def test_a_set_that_an_own_key_is_in_the_way_of_is_refused_by_name(ask: Ask, file: Path) -> None:
    ask("config", "set", "sort", "U")
    answer = ask("config", "set", "keys", "vim")
    assert answer.code == 2
    assert "U would be both 'clear_marks' and 'sort' (Studies)" in answer.err
    assert read_settings(file).keys == {"sort": "U"}


def test_keys_go_from_one_person_to_another(ask: Ask, file: Path, tmp_path: Path) -> None:
    ask("config", "set", "keys", "vim")
    ask("config", "set", "sort", "f6")
    ask("config", "set", "theme", "nord")
    shared = tmp_path / "keys.toml"
    assert ask("config", "keys", "export", str(shared)).code == 0
    assert read_settings(shared) == Settings(keys={"preset": "vim", "sort": "f6"})
    file.unlink()
    ask("config", "set", "bell", "on")
    ask("config", "set", "quit", "f9")
    assert ask("config", "keys", "import", str(shared)).code == 0
    assert read_settings(file) == Settings(bell=True, keys={"preset": "vim", "sort": "f6"})
    shared.write_text('[keys]\nsort = "j"\n')
    answer = ask("config", "keys", "import", str(shared))
    assert answer.code == 2
    assert "both 'sort' and 'cursor_down'" in answer.err
    assert read_settings(file).keys == {"preset": "vim", "sort": "f6"}
    answer = ask("config", "keys", "import", str(tmp_path / "none.toml"))
    assert (answer.code, answer.err.count("\n")) == (2, 1)


def test_the_editor_begins_with_what_could_be_set(
    ask: Ask, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _editor(tmp_path, monkeypatch, "# theme", "theme")
    assert ask("config", "edit").code == 0
    assert read_settings(file) == Settings(theme="bertcl-light")


def test_what_was_edited_wrongly_does_not_count_and_is_not_lost(
    ask: Ask, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("config", "set", "theme", "nord")
    _editor(tmp_path, monkeypatch, "nord", "neon")
    answer = ask("config", "edit")
    assert answer.code == 2
    assert "no theme named 'neon'" in answer.err
    assert read_settings(file) == Settings(theme="nord")
    assert "neon" in file.with_name("config.toml.rejected").read_text()


def test_an_editor_that_is_not_there(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor")
    answer = ask("config", "edit")
    assert answer.code == 2
    assert "set $EDITOR" in answer.err


def test_a_rule_is_made_changed_and_taken_away(ask: Ask, file: Path) -> None:
    ask("config", "set", "watch.night.on", "new-best, budget=6h")
    told = ask("config", "set", "watch.night.webhook", "https://hooks.host/secret")
    assert told.err == "watch.night.webhook: https://hooks.host/…\n"
    assert ask("config", "set", "watch.night.bell", "on").code == 0
    (rule,) = read_settings(file).watch.values()
    assert rule == Rule(
        on=("new-best", "budget=6h"), webhook="https://hooks.host/secret", bell=True
    )
    assert file.stat().st_mode & 0o077 == 0
    shown = ask("config")
    assert "secret" not in shown.out + ask("config", "--json").out
    assert ["watch.night.bell", "on", "default:", "off"] in map(str.split, shown.out.splitlines())
    assert ask("config", "get", "watch.night.on").out == "new-best,budget=6h\n"
    ask("config", "unset", "watch.night.bell")
    assert not read_settings(file).watch["night"].bell
    assert ask("config", "unset", "watch.night").err == "watch.night: taken away\n"
    assert read_settings(file) == Settings()
