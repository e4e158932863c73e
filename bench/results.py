"""What benches have found, kept in a file; and the tables that a document has of it."""

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from bench.figures import Figure, table
from engine.files import replacing
from engine.work.machine import MachineMeter, core_count

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench/results.json"
PAGE = ROOT / "docs/performance.md"
BEGIN = "<!-- bench: what follows is written by `make bench` from bench/results.json -->"
END = "<!-- bench: end -->"
NOTHING = "Nothing was measured yet: `make bench`."
_WRITTEN = ("bench/*.json", "docs/performance.md")
_PACKAGES = ("torch", "transformers", "optuna", "sqlalchemy", "textual", "numpy")
_PROCESSORS = Path("/proc/cpuinfo")


class Origin(Struct, frozen=True, kw_only=True):
    """When, of what, and on which machine something was measured."""

    date: str
    commit: str
    machine: str
    load: float
    """What else the machine had to do just before: processes that wanted a core."""
    versions: dict[str, str]

    @property
    def text(self) -> str:
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return (
            f"{self.date}, commit {self.commit}; {self.machine}, load {self.load:.1f}; {versions}"
        )


class Entry(Struct, frozen=True, kw_only=True):
    """What one bench has found."""

    about: str
    seconds: float
    """That it took in all."""
    origin: Origin
    figures: list[Figure]


Results = dict[str, Entry]
"""By the name of the bench."""


def origin_here() -> Origin:
    """Return where and when we are."""
    memory = psutil.virtual_memory().total / 2**30
    gpus = [load.name for load in MachineMeter().read().gpus]
    parts = (f"{core_count()} cores of {_processor()}", f"{memory:.0f} GiB", *gpus)
    return Origin(
        date=datetime.now(UTC).date().isoformat(),
        commit=commit_here(),
        machine=", ".join((*parts, platform.system())),
        load=os.getloadavg()[0],
        versions={
            "Python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
    )


def commit_here() -> str:
    """Return this checkout's commit; ``-changed``: files differ that no bench has written."""
    found = _git("rev-parse", "--short", "HEAD")
    if found.returncode:
        return "unknown"
    differs = _git("diff", "--quiet", "HEAD", "--", ".", *(f":!{path}" for path in _WRITTEN))
    return found.stdout.strip() + ("-changed" if differs.returncode else "")


def _git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("git", *words), cwd=ROOT, capture_output=True, text=True, check=False)


def _processor() -> str:
    if _PROCESSORS.exists():
        for line in _PROCESSORS.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def read_results(path: Path = RESULTS) -> Results:
    """Return what was found until now."""
    return msgspec.json.decode(path.read_bytes(), type=Results) if path.exists() else {}


def write_results(results: Mapping[str, Entry], path: Path = RESULTS) -> None:
    """Keep what was found."""
    with replacing(path) as beside:
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def write_page(results: Mapping[str, Entry], path: Path = PAGE) -> None:
    """Put the tables of what was found between the marks of a document."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    with replacing(path) as beside:
        beside.write_text(f"{before}{BEGIN}\n\n{tables(results)}\n\n{END}{after}", encoding="utf-8")


def tables(results: Mapping[str, Entry]) -> str:
    """Return a section of Markdown for each bench."""
    return "\n\n".join(_section(*item) for item in results.items()) or NOTHING


def _section(name: str, entry: Entry) -> str:
    rounds = sorted({each.rounds for each in entry.figures})
    counted = " or ".join(map(str, rounds))
    return (
        f"### {name}\n\n{entry.about} Of {counted} rounds, in {entry.seconds:.0f} s.\n\n"
        f"{table(entry.figures)}\n\n{entry.origin.text}"
    )
