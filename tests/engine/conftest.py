"""A store for searches, and an object store that speaks S3, where moto and s3fs are installed."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from engine.store.connection import store_url

BUCKET = "bertcl-tests"


@pytest.fixture(scope="session")
def empty_search(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that has Optuna's tables, too, and nothing in them."""
    from engine.search.storage import open_storage

    path = tmp_path_factory.mktemp("search") / "studies.db"
    storage = open_storage(store_url(str(copyfile(empty_store, path))))
    storage.remove_session()
    storage.engine.dispose()
    return path


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
