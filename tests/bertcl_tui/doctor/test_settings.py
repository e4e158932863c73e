from pathlib import Path

import pytest

from bertcl_tui.doctor.machine import find_settings


def test_settings_that_are_right(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert find_settings(file).verdict == "good"
    file.write_text('theme = "nord"\n[keys]\nsort = "f6"\n')
    assert find_settings(file).text == f"{file}: 2 settings changed"


@pytest.mark.parametrize("text", ["theme = 'neon'", "keys = {sort = 'j'}", "theme = "])
def test_settings_that_cannot_be(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    finding = find_settings(file)
    assert finding.verdict == "note"
    assert "config edit" in finding.text
