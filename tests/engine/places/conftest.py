"""Places of every kind that can be had here: folders, memory, and S3 where moto and s3fs are."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from engine.places import Place
from engine.places.named import place_at
from engine.places.remote import Remote

KINDS = ("folder", "memory", "moved", "s3")


def _moved(folder: Path) -> Place:
    """Return a place of a file system that puts nothing in its place at once."""
    return Remote(LocalFileSystem(), str(folder), f"slow://{folder}")


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return an empty place."""
    name = request.node.name.replace("[", "-").replace("]", "")
    make: dict[str, Callable[[], Place]] = {
        "folder": lambda: place_at(str(tmp_path), "checkpoints"),
        "memory": lambda: place_at(f"memory://{name}", "checkpoints"),
        "moved": lambda: _moved(tmp_path),
        "s3": lambda: place_at(f"{request.getfixturevalue('s3')}/{name}", "checkpoints"),
    }
    found = make[request.param]()
    return found.inside(f"{os.getpid()}")
