"""What an installation gets: every file the program reads, nothing else, and it works anywhere."""

import os
import shutil
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

# pipx would have a pip of its own brought up to date; with uv it needs nothing from anywhere.
WITHOUT_A_NETWORK = {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1", "PIPX_DEFAULT_BACKEND": "uv"}

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
    asked = ("--no-deps", "--no-index", "--no-compile", "--force-reinstall")
    subprocess.run([*pip, *asked, wheel], check=True)
    return home / "bin"


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a wheel of a line in a ``.pth`` file, which puts this environment on the path."""
    return wheel_of(
        tmp_path_factory.mktemp("wheels"), "dependencies", "pth", sysconfig.get_path("purelib")
    )


def wheel_of(folder: Path, name: str, suffix: str, text: str) -> Path:
    """Return a wheel that installs one file and needs nothing."""
    wheel, about = folder / f"{name}-1-py3-none-any.whl", f"{name}-1.dist-info"
    files = {
        f"{name}.{suffix}": text,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": "",
    }
    with ZipFile(wheel, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return wheel


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


class Tool:
    """A program that makes environments for programs, whose own files all lie in one folder."""

    def __init__(self, home: Path, *needed: str) -> None:
        self.home = home
        places = {"PIPX_HOME": "pipx", "UV_TOOL_DIR": "uv", "UV_CACHE_DIR": "cache"}
        places |= dict.fromkeys(("PIPX_BIN_DIR", "UV_TOOL_BIN_DIR"), "bin")
        places |= {"PIPX_MAN_DIR": "man", "HOME": "", "XDG_STATE_HOME": "", "XDG_DATA_HOME": ""}
        self.environment = {
            **{key: text for key, text in os.environ.items() if key != "PYTHONPATH"},
            **{key: str(home / folder) for key, folder in places.items()},
            **WITHOUT_A_NETWORK,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        for name in needed:
            if shutil.which(name, path=self.environment["PATH"]) is None:
                pytest.skip(f"{name} is not installed")

    def __call__(self, *words: object, shell: bool = False) -> str:
        line = list(map(str, words))
        done = subprocess.run(
            line[0] if shell else line,
            shell=shell,
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def python(self) -> Path:
        """Return the one of the program's environment."""
        (python,) = self.home.glob("*/**/bertcl-tui/bin/python")
        return python


@pytest.fixture
def by_pipx(wheel: Path, dependencies: Path, tmp_path: Path) -> Tool:
    tool = Tool(tmp_path, "pipx", "uv")
    asked = ("--python", sys.executable, "--preinstall", dependencies, "--pip-args=--no-deps")
    tool("pipx", "install", *asked, wheel)
    return tool


@pytest.fixture
def by_uv(wheel: Path, dependencies: Path, tmp_path: Path) -> Tool:
    tool = Tool(tmp_path, "uv")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    none = "".join(f"{line}; python_version < '3'\n" for line in project["dependencies"])
    (tmp_path / "none.txt").write_text(none, encoding="utf-8")
    asked = ("--python", sys.executable, "--overrides", "none.txt", "--with", dependencies)
    tool("uv", "tool", "install", *asked, wheel)
    return tool


@pytest.mark.parametrize("name", ["by_pipx", "by_uv"])
def test_a_command_with_an_environment_of_its_own_gets_there_what_it_misses(
    request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    tool: Tool = request.getfixturevalue(name)
    assert tool(tmp_path / "bin/bertcl-tui", "--version") == f"bertcl-tui {VERSION}\n"
    added = wheel_of(tmp_path, "added", "py", "there = True")
    asking = "import sys, engine.installing as i; print(i.command_to_install(sys.argv[1]))"
    told = tool(tool.python(), "-c", asking, added)
    assert not told.startswith("pip ")
    tool(told, shell=True)
    assert tool(tool.python(), "-c", "import added; print(added.there)") == "True\n"
    found = "import bertcl_tui; print(bertcl_tui.__file__)"
    assert tool.python().parent.parent in Path(tool(tool.python(), "-c", found)).parents
