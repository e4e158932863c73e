"""What is printed: whole where a terminal is narrow, and with no code in it that is not ours."""

from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest
from rich.text import Text

from bertcl_tui.cli.output import View, make_table, open_progress, print_line, print_text, say

NAME = "rotten-tomatoes:privacy-qa:boolq" * 3


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", ["0", "1", "20", "200"])
def test_no_name_and_no_number_is_cut_however_narrow_it_is(
    monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", columns)
    table = make_table(["name"], ["p_o", "p_s"])
    table.add_row(NAME, "0.672", "0.609")
    terminal = Terminal()
    with redirect_stdout(terminal):
        print_text(table)
    assert terminal.getvalue().splitlines()[1].split() == [
        NAME,
        "0.672",
        "0.609",
    ]


def test_a_long_name_does_not_widen_a_table_beyond_what_is_read() -> None:
    table = make_table(["name"], ["p"], ["what it is"])
    table.add_row("n" * 300, "1.417", "w" * 200)
    terminal = Terminal()
    with redirect_stdout(terminal):
        print_text(table)
    name, p, what = Text.from_ansi(terminal.getvalue()).plain.splitlines()[1].split()
    assert name == "n" * 99 + "…"
    assert (p, what) == ("1.417", "w" * 200)


def test_what_would_command_a_terminal_is_shown_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    text = "a\x1b[2Jb\x9bc\rd\x07"
    table = make_table(["name"])
    table.add_row(text)
    terminal = Terminal()
    with redirect_stdout(terminal), redirect_stderr(terminal):
        say(text)
        print_line(text)
        print_text(Text(text))
        print_text(table)
    for line in terminal.getvalue().splitlines():
        assert line.isprintable()
        assert line.startswith(("a\\x1b[2Jb\\x9bc", "name"))


@pytest.mark.parametrize("name", ["a:heart:b", "[b]a[/b]", "[/nope] a", "[link=x]", "a\nb"])
def test_a_name_stands_as_it_is_written(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    table = make_table([name])
    table.add_row(name)
    terminal = Terminal()
    with redirect_stdout(terminal), redirect_stderr(terminal), open_progress() as display:
        print_text(table)
        display.show(View(title=name, done=1.0, total=2.0, note=name, news=(name,)))
    written = name.replace("\n", "\\n")
    plain = Text.from_ansi(terminal.getvalue()).plain
    assert plain.count(written) == 5  # head and cell, news, title and note
    assert "♥" not in plain
