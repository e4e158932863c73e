"""Places of every kind that can be had here: folders, memory, and S3 where moto and s3fs are."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from engine.places import Place, place_at
from engine.places.remote import Remote

BUCKET = "bertcl-tests"
KINDS = ("folder", "memory", "moved", "s3")


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """Return the URL of a bucket on a real server of this process's own; skip where none can be."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = pytest.importorskip("moto.server", reason="moto is not installed")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "sesame")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        import s3fs

        s3fs.S3FileSystem().mkdir(BUCKET)
        yield f"s3://{BUCKET}"
    running.stop()


def _moved(folder: Path) -> Place:
    """Return a place of a file system that puts nothing in its place at once."""
    return Remote(LocalFileSystem(), str(folder), f"slow://{folder}")


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return an empty place."""
    name = request.node.name.replace("[", "-").replace("]", "")
    make: dict[str, Callable[[], Place]] = {
        "folder": lambda: place_at(str(tmp_path)),
        "memory": lambda: place_at(f"memory://{name}"),
        "moved": lambda: _moved(tmp_path),
        "s3": lambda: place_at(f"{request.getfixturevalue('s3')}/{name}"),
    }
    found = make[request.param]()
    return found.inside(f"{os.getpid()}")
