"""What the house looks like from outside: sizes of files, a folder for each screen."""

import ast
import re
from functools import cache
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path for package in ("engine", "bertcl_tui") for path in (ROOT / package).rglob("*.py")
)
MOST_FILES, LEAST_FILES = 480, 220
"""Without migrations: each stands as it is for good, and nobody reads them to find his way."""
MOST_USUAL_LINES, LEAST_USUAL_LINES = 130, 90
"""Median of all files."""
MAY_BE_SHORT = ("methods", "panels", "versions", "migrations")
TOUR = ROOT.joinpath("docs/tour.md").read_text(encoding="utf-8")
SCREENS = TOUR.partition("## The screens")[2].partition("\n## ")[0]


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(_text(path))


def test_a_file_is_one_subject_neither_a_crumb_nor_a_warehouse() -> None:
    lines = {path: len(_text(path).splitlines()) for path in MODULES}
    assert lines
    assert [_name(path) for path in MODULES if lines[path] > 400] == []
    assert [_name(path) for path in MODULES if lines[path] < 25 and not _may_be_short(path)] == []


def test_the_house_is_neither_a_hive_nor_a_hall() -> None:
    rooms = [path for path in MODULES if path.parent.name != "versions"]
    assert LEAST_FILES <= len(rooms) <= MOST_FILES
    lines = [len(_text(path).splitlines()) for path in rooms]
    assert LEAST_USUAL_LINES <= median(lines) <= MOST_USUAL_LINES


def _may_be_short(path: Path) -> bool:
    return path.name in {"__init__.py", "__main__.py"} or path.parent.name in MAY_BE_SHORT


def test_nobody_loads_a_model_with_code_of_its_own() -> None:
    loading = [
        (_name(path), ast.unparse(call))
        for path in (*MODULES, *sorted(ROOT.joinpath("bench").rglob("*.py")))
        if "from_pretrained" in _text(path) or "from_config" in _text(path)
        for call in ast.walk(_tree(path))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"from_pretrained", "from_config"}
    ]
    assert loading
    assert [call for call in loading if "trust_remote_code=False" not in call[1]] == []


def test_every_screen_of_the_tour_has_a_folder_of_its_own() -> None:
    titles = re.findall(r"^\| ([A-Z][^|]*?) \|", SCREENS, re.MULTILINE)
    names = {
        word.strip().lower().replace(" ", "_")
        for title in titles
        for word in re.sub(" & log", "", title).split(",")
    }
    assert {"studies", "study", "trial", "combine", "arena", "workers", "help"} <= names
    assert {
        name for name in names if not (ROOT / "bertcl_tui" / name / "screen.py").exists()
    } == set()


def test_what_an_error_quotes_is_shown_escaped_and_cut() -> None:
    """What stands in quotation marks is somebody else's: ``'{shown(name)}'``."""
    assert [(_name(path), name) for path in MODULES for name in _quoted_as_it_came(path)] == []


def _quoted_as_it_came(path: Path) -> list[str]:
    if "'{" not in _text(path):
        return []
    raised = (
        node
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"UsageError", "EngineError"}
    )
    strings = (
        part for call in raised for part in ast.walk(call) if isinstance(part, ast.JoinedStr)
    )
    pieces = (["", *map(_piece, string.values), ""] for string in strings)
    return [
        name
        for parts in pieces
        for before, name, after in zip(parts, parts[1:], parts[2:], strict=False)
        if before.endswith("'")
        and after.startswith("'")
        and not (name.startswith("shown(") or name.isupper())
    ]


def _piece(part: ast.expr) -> str:
    """Return the text of a string's part, or the code of what is put into it."""
    if isinstance(part, ast.FormattedValue):
        return ast.unparse(part.value)
    assert isinstance(part, ast.Constant)
    return str(part.value)
