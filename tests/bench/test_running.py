"""Running benches one after the other."""

import signal
import subprocess
import sys

import psutil
import pytest
import typer

from bench import __main__ as running

WAITING = """
import os, signal, sys
from bench.__main__ import wait_for

bench = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
wait_for([sys.executable, "-c", bench], 600)
"""


@pytest.mark.process
def test_one_that_fails_is_told_of_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # The process of its own knows no such bench.
    monkeypatch.setattr(running, "OTHERS", ("broken",))
    with pytest.raises(typer.Exit) as raised:
        running.main(["broken", "charts"], quick=True)
    assert raised.value.exit_code == 1
    said = capfd.readouterr()
    assert "charts: How long charts take, side by side." in said.out
    assert "| 14 rate bars, 90×15 " in said.out
    assert 'failed: broken; again with: make bench BENCH="broken"' in said.err


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_who_is_asked_to_end_leaves_no_bench_behind(number: signal.Signals) -> None:
    words = [sys.executable, "-c", WAITING]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as runner:
        assert runner.stdout is not None
        bench = psutil.Process(int(runner.stdout.readline()))
        runner.send_signal(number)
        runner.wait(timeout=60)
    gone, _ = psutil.wait_procs([bench], timeout=60)
    assert gone == [bench]
    assert runner.returncode != 0
