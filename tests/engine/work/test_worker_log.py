"""The log file of a worker stays small, whoever writes into it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
WRITING = """
import logging, os, sys
from engine.work.__main__ import WorkerLog

log = logging.getLogger()
log.addHandler(WorkerLog(sys.argv[1], most_bytes=2000))
for number in range(500):
    log.warning("line %d", number)
    os.write(1, b"printed by a library\\n")
    os.write(2, b"and complained of\\n")
"""


def test_a_log_file_has_a_largest_size_and_what_libraries_print_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "worker-20260101-000000-1.log"
    with path.open("ab") as output:
        subprocess.run(
            [sys.executable, "-c", WRITING, str(path)],
            stdout=output,
            stderr=output,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [path.name, f"{path.name}.1"]
    assert all(file.stat().st_size < 2100 for file in files)
    assert path.read_text().endswith("line 499\nprinted by a library\nand complained of\n")
