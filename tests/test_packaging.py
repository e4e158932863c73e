"""What an installation gets: every file that the program reads, and nothing of the tests."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent
READ_BY_THE_PROGRAM = ("*.tcss", "py.typed", "*.mako")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the names of the files in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
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
    wheel = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *wheel, str(source)], check=True)
    (built,) = folder.glob("*.whl")
    with ZipFile(built) as archive:
        return set(archive.namelist())


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
