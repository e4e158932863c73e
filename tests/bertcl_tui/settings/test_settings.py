"""The settings' file: read, written, refused."""

from pathlib import Path
from typing import NoReturn

import pytest

from bertcl_tui.news.rules import Rule
from bertcl_tui.settings import Settings, read_settings, settings_file, write_settings
from bertcl_tui.settings.named import Named, all_named, setting_names
from bertcl_tui.store.trial_rows import Order
from engine.errors import UsageError
from engine.store.connection import files_folder
from engine.tasks.cache import load_bytes, save_bytes


def test_without_a_file_all_is_as_it_comes(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "none.toml") == Settings()


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "config.toml"
    settings = Settings(
        bell=True,
        keys={"quit": "Q"},
        columns={"trials": ("p", "state")},
        watch={"night": Rule(on=("new-best", "budget=6h"), studies=("sst2:*",), command="say x")},
    )
    write_settings(settings, path)
    assert read_settings(path) == settings
    assert "theme" not in path.read_text()  # the default


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("theme = ", "config.toml: "),
        ("colour = 'red'", "unknown field `colour`"),
        pytest.param("bell = " + "9" * 5000, "Exceeds the limit", id="too long a number"),
        ("bell = 3", r"Expected `bool`, got `int` - at `\$.bell`"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as raised:
        read_settings(path)
    assert "\n" not in str(raised.value)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(UsageError, match="cannot be written"):
        write_settings(Settings(), tmp_path / "folder" / "config.toml")


def test_another_file_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BERTCL_CONFIG", str(tmp_path / "mine.toml"))
    assert settings_file() == tmp_path / "mine.toml"


def test_a_setting_that_has_parts_is_none_that_is_set_by_a_word() -> None:
    with_parts = {
        name for name in Settings.__struct_fields__ if isinstance(getattr(Settings(), name), dict)
    }
    assert with_parts & set(setting_names()) == {"keys"}  # which a set of keys names too


def test_what_tables_remember_is_shown_part_by_part() -> None:
    settings = Settings(
        columns={"trials": ("p", "state")}, orders={"trials": Order("lr3", descending=False)}
    )
    assert {Named("columns.trials", "p,state", ""), Named("orders.trials", "lr3 ascending", "")} < {
        *all_named(settings)
    }


@pytest.fixture
def without_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be a user whom nobody knows, as a container's made-up id is; return the current folder."""

    def unknown(user: int) -> NoReturn:
        raise KeyError(user)

    for name in ("HOME", *(f"BERTCL_{what}" for what in ("CACHE", "CONFIG"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_home_all_is_as_it_comes_and_nothing_is_written_where_one_stands(
    without_home: Path,
) -> None:
    assert read_settings(settings_file()) == Settings()
    with pytest.raises(UsageError, match="no home is known; set HOME or BERTCL_CONFIG"):
        write_settings(Settings(bell=True), settings_file())
    save_bytes("shapes", "key", b"content")
    assert load_bytes("shapes", "key") is None
    with pytest.raises(UsageError, match="no home is known; set HOME or XDG_DATA_HOME"):
        files_folder("postgresql://host/name")
    assert list(without_home.iterdir()) == []
