from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.engine.learning.asking import Ask
from tests.tiny import tiny_backbone, tiny_tasks


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take longer than these models do."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="package", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTCL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="package")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_backbone(tmp_path_factory.mktemp("backbone"))


@pytest.fixture(scope="package")
def ask(tmp_path_factory: pytest.TempPathFactory, backbone: Path) -> Ask:
    """Ask for a run on tiny tasks of 48 training, 16 search and 32 validation rows."""
    return Ask(data=tiny_tasks(tmp_path_factory.mktemp("tasks")), model=backbone)
