"""What an installation gets: every file the program reads, nothing else, and it works anywhere."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from engine.profiles import read_profile
from tests.tiny import tiny_backbone, tiny_tasks

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent
READ_BY_THE_PROGRAM = ("*.tcss", "py.typed", "*.mako", "*.json", "templates/*")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

Call = Callable[..., str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the sdist, and the wheel that was built of it."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if files.returncode != 0:
        pytest.skip("not a git checkout")
    for name in filter(None, files.stdout.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (wheel,) = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def packed(wheel: Path) -> set[str]:
    """Return the names of the files in the wheel."""
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of programs of an environment with the wheel and what it depends on.

    The dependencies are this environment's own, which a line in a ``.pth`` file puts on the path;
    the project itself stands there as a ``.pth`` file too, and those are not followed from one.
    """
    home = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", home / "bin/python", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--force-reinstall", wheel], check=True)
    return home / "bin"


@pytest.fixture
def call(installed: Path, tmp_path: Path) -> Call:
    """Run a program of that environment in an empty folder, and return what it prints."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    environment["BERTCL_CACHE"] = str(tmp_path / "cache")
    folder = tmp_path / "elsewhere"
    folder.mkdir()

    def called(program: str, *words: object) -> str:
        done = subprocess.run(
            [installed / program, *map(str, words)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,  # of which a machine with nothing else to do takes ten
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return called


@pytest.mark.parametrize("package", ["bertcl_tui", "engine"])
def test_every_file_of_the_packages_is_packed(packed: set[str], package: str) -> None:
    patterns = ("*.py", *READ_BY_THE_PROGRAM)
    files = {
        path.relative_to(ROOT).as_posix()
        for pattern in patterns
        for path in (ROOT / package).rglob(pattern)
    }
    assert files <= packed
    assert {name for name in packed if name.startswith(f"{package}/")} == files


def test_nothing_else_is_packed(packed: set[str]) -> None:
    tops = {name.split("/")[0] for name in packed}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"bertcl_tui", "engine"}


def test_migrations_are_packed(packed: set[str]) -> None:
    assert "engine/store/migrations/script.py.mako" in packed
    assert "engine/store/migrations/versions/0001_first.py" in packed


def test_the_source_has_what_is_read_before_building(built: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "CHANGELOG.md", "CITATION.cff", "LICENSE", "mkdocs.yml"} <= names
    assert {path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md")} <= names
    assert not {name for name in names if name.split("/")[0] in {"tests", "bench", "studies.db"}}


def test_it_says_its_version_however_it_is_called(call: Call) -> None:
    assert call("bertcl-tui", "--version") == f"bertcl-tui {VERSION}\n"
    assert call("python", "-m", "bertcl_tui", "--version") == f"bertcl-tui {VERSION}\n"
    assert "Usage: bertcl-tui" in call("python", "-m", "bertcl_tui", "--help")


def test_the_installed_code_is_run_and_not_a_checkout(call: Call, installed: Path) -> None:
    where = "import bertcl_tui, engine; print(bertcl_tui.__file__, engine.__file__)"
    for file in call("python", "-c", where).split():
        assert installed.parent in Path(file).parents


def test_a_search_ends_with_a_profile_outside_the_checkout(call: Call, tmp_path: Path) -> None:
    backbone = tiny_backbone(tmp_path / "backbone")
    tasks = tiny_tasks(tmp_path / "tasks")
    rows = ("--epochs", 1, "--train-rows", 32, "--batch-size", 8, "--measures-per-epoch", 1)
    tiny = ("--model", backbone, "--data", tasks, *rows, "--device", "cpu", "--slots", 1)
    call("bertcl-tui", "search", "mood:agree", *tiny, "--trials", 1)
    call("python", "-m", "bertcl_tui", "combine", "mood:agree", "--out", "mine.json")
    profile = read_profile(tmp_path / "elsewhere/mine.json")
    assert (profile.backbone.layers, profile.searched_on) == (2, ("mood:agree",))
