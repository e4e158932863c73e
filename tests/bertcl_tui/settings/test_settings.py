"""The settings' file: read, written, refused."""

from pathlib import Path

import pytest

from bertcl_tui.settings import Settings, read_settings, settings_file, write_settings
from engine.errors import UsageError


def test_without_a_file_all_is_as_it_comes(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "none.toml") == Settings()


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "config.toml"
    settings = Settings(bell=True, keys={"quit": "Q"}, columns={"trials": ("p", "state")})
    write_settings(settings, path)
    assert read_settings(path) == settings
    assert "theme" not in path.read_text()  # the default


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("theme = ", "config.toml: "),
        ("colour = 'red'", "unknown field `colour`"),
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
