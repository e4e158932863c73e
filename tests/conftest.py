"""What every test may rely on."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest


@pytest.fixture(autouse=True)
def _no_worker_outlives_its_test(tmp_path: Path) -> Iterator[None]:
    """Workers are detached on purpose; those of a test's own stores end with it."""
    yield
    left = [process for process in psutil.process_iter() if _works_in(tmp_path, process)]
    for process in left:
        process.kill()
    psutil.wait_procs(left)


def _works_in(folder: Path, process: psutil.Process) -> bool:
    try:
        command = process.cmdline()
    except psutil.Error:
        return False
    return "engine.work" in command and any(str(folder) in word for word in command)
