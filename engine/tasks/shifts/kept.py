"""Findings on disk, for whoever asks the same again. Light: the screen reads them."""

import contextlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec
from msgspec.structs import replace

from engine.files import replacing
from engine.tasks.cache import cache_folder, cache_key
from engine.tasks.catalog import describe
from engine.tasks.shifts.findings import Clusters, Finding, Lengths, Projection, Question
from engine.tasks.stamps import model_stamp, rows_stamp

_LIBRARIES = ("torch", "transformers", "scikit-learn")


class Kept:
    """The findings of one question; a change of files or of libraries makes it another one.

    Raises:
        UsageError: there is no such task or model.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        entry = describe(question.task, question.data)
        self._key = cache_key(
            msgspec.json.encode(replace(question, projections=())),
            msgspec.json.encode(entry),
            rows_stamp(entry),
            model_stamp(question.model),
            *map(version, _LIBRARIES),
        )

    def read(self) -> Iterator[Finding]:
        """Yield what is there of what was asked for, in the order of finding."""
        for name in self._wanted():
            with contextlib.suppress(OSError, msgspec.DecodeError):
                yield msgspec.json.decode(self._path(name).read_bytes(), type=Finding)

    def is_whole(self) -> bool:
        """Tell whether all that was asked for is there."""
        return len(list(self.read())) == len(self._wanted())

    def write(self, finding: Finding) -> None:
        """Keep a finding, whole or not at all; a full disk or read-only folder keeps nothing."""
        path = self._path(_name(finding))
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as beside:
                beside.write_bytes(msgspec.json.encode(finding))

    def _wanted(self) -> tuple[str, ...]:
        return "lengths", "clusters", *self.question.projections

    def _path(self, name: str) -> Path:
        return cache_folder("shifts") / f"{self._key}.{name}.json"


def _name(finding: Finding) -> str:
    match finding:
        case Lengths():
            return "lengths"
        case Clusters():
            return "clusters"
        case Projection():
            return finding.method
