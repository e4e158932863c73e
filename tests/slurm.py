"""A real Slurm of one machine for tests, where its programs are found.

It lies in a temporary folder, is found by ``SLURM_CONF``, and ends with its process.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.postgres import free_port

PARTITION: Final = "short"
_PROGRAMS: Final = ("munged", "mungekey", "slurmctld", "slurmd", "sbatch", "squeue", "scancel")
_PATIENCE: Final = 60.0
_CONF: Final = """
ClusterName=lab
SlurmctldHost=localhost
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={controller}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
NodeName=node NodeHostname=localhost NodeAddr=127.0.0.1 Port={node} CPUs=2
PartitionName={partition} Nodes=node Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """A cluster of one machine with two cores.

    Args:
        folder: for its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.conf = folder / "slurm.conf"

    def begin(self, stack: ExitStack) -> None:
        """Start its three servers, and wait until jobs may be submitted."""
        for name in ("state", "spool"):
            (self._folder / name).mkdir()
        self.conf.write_text(
            _CONF.format(
                user=pwd.getpwuid(os.geteuid()).pw_name,
                folder=self._folder,
                controller=free_port(),
                node=free_port(),
                partition=PARTITION,
            )
        )
        of_munge = {name: self._folder / f"munge.{name}" for name in ("key", "socket", "seed")}
        self._ask("mungekey", "--create", f"--keyfile={of_munge['key']}")
        self._serve(
            stack,
            "munged",
            "--foreground",
            f"--key-file={of_munge['key']}",
            f"--socket={of_munge['socket']}",
            f"--seed-file={of_munge['seed']}",
            f"--pid-file={self._folder / 'munge.pid'}",
            f"--log-file={self._folder / 'munge.log'}",
        )
        self._wait_for(of_munge["socket"].exists)
        self._serve(stack, "slurmctld", "-D", "-f", str(self.conf))
        self._serve(stack, "slurmd", "-D", "-f", str(self.conf), "-N", "node")
        self._wait_for(lambda: self._ask("sinfo", "-h", "-o", "%T", may_fail=True) == "idle")

    def job(self, shape: str) -> str:
        """Return what ``squeue`` tells of the only job, in its own format; "" where there is none.

        Args:
            shape: such as ``%i %T``: its number and its state.
        """
        return self._ask("squeue", "-h", "-o", shape)

    def script(self, job: str) -> str:
        """Return what was submitted as a job."""
        return self._ask("scontrol", "write", "batch_script", job, "-")

    def cancel(self, job: str) -> None:
        """End a job as its owner does."""
        self._ask("scancel", job)

    def warn(self, job: str) -> None:
        """Send a job what Slurm sends it before its time is over, or another takes its place."""
        self._ask("scancel", "--signal=USR2", job)

    def _serve(self, stack: ExitStack, *command: str) -> None:
        with (self._folder / f"{command[0]}.out").open("w") as out:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", *command], stdout=out, stderr=out, env=self._env()
            )
        stack.callback(process.wait, _PATIENCE)
        stack.callback(process.kill)

    def _ask(self, *command: str, may_fail: bool = False) -> str:
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, env=self._env(), timeout=_PATIENCE
        )
        assert may_fail or ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def _env(self) -> dict[str, str]:
        return os.environ | {"SLURM_CONF": str(self.conf), "PATH": _path()}

    def _wait_for(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not holds():
            assert time.monotonic() < deadline, self._said()
            time.sleep(0.05)

    def _said(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self._folder.glob("*.out")))


@contextmanager
def slurm_cluster() -> Iterator[Slurm]:
    """Yield a cluster that runs; skip the test where there can be none."""
    if missing := _missing():
        pytest.skip(f"no {missing[0]} is found here: apt-get install slurmctld slurmd munge")
    # Short, as the name of a socket must be.
    with tempfile.TemporaryDirectory(prefix="bertcl-slurm-", dir="/tmp") as name, ExitStack() as up:
        Path(name).chmod(0o711)  # else munge lets nobody ask it
        slurm = Slurm(Path(name))
        slurm.begin(up)
        yield slurm


def _missing() -> Sequence[str]:
    """Return the programs that are not found here; servers may lie where only root looks."""
    return [name for name in (*_PROGRAMS, "setpriv") if not shutil.which(name, path=_path())]


def _path() -> str:
    return os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))
