"""What doctor says of the terminal and of the settings."""

from pathlib import Path
from typing import Any

import pytest

from bertcl_tui.doctor.findings import Terminal, find_settings, look_at_terminal

GOOD: dict[str, Any] = {
    "columns": 120,
    "lines": 40,
    "encoding": "utf-8",
    "colours": "truecolor",
    "variables": {"TERM": "xterm-256color"},
}


def test_nothing_is_said_against_a_good_terminal() -> None:
    (finding,) = look_at_terminal(Terminal(**GOOD))
    assert finding.verdict == "good"
    assert finding.text == "xterm-256color, 120×40, truecolor colours, utf-8"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"columns": 79}, "at least 80×24"),
        ({"encoding": "ISO-8859-1"}, "LANG=C.UTF-8"),
        ({"colours": None, "variables": {"TERM": "xterm", "NO_COLOR": "1"}}, "unset NO_COLOR"),
        ({"colours": None, "variables": {"TERM": "dumb"}}, "export TERM=xterm-256color"),
        ({"colours": "256"}, "config set theme ansi-dark"),
        ({"colours": "256", "variables": {"TERM": "screen", "TMUX": "/tmp/t"}}, "tmux-256color"),
    ],
)
def test_what_is_wrong_comes_with_the_way_out(changed: dict[str, Any], said: str) -> None:
    first, *troubles = look_at_terminal(Terminal(**{**GOOD, **changed}))
    assert first.verdict == "note"
    assert [said in finding.text for finding in troubles] == [True]


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
