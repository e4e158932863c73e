"""Hosts for tests: processes with a network, a name, pids, a home and a cache of their own.

Where the system lets nobody make namespaces they have a home and a cache of their own, no more.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from engine.work.processes import hand_over
from engine.work.supervisor import WorkerSettings

ROOT: Final = Path(__file__).parents[2]


class Host:
    """A host of a network that it shares with this machine alone.

    Args:
        name: of the host.
        folder: where its files lie.
        inside: words before a command that have it run there.
        gateway: how it reaches this machine.
    """

    def __init__(self, name: str, folder: Path, inside: Sequence[str], gateway: str) -> None:
        self.name = name
        self.folder = folder
        self.gateway = gateway
        self._inside = inside
        self._processes: list[subprocess.Popen[bytes]] = []

    def start_worker(self, settings: WorkerSettings) -> "subprocess.Popen[bytes]":
        """Start a worker that knows nothing of other hosts but its settings."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "BERTCL_CACHE": str(self.folder / "cache"),
        }
        with (self.folder / "worker.log").open("ab") as output:
            process = subprocess.Popen(
                [*self._inside, sys.executable, "-P", "-m", "engine.work"],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._processes.append(process)
        hand_over(process, msgspec.json.encode(settings))
        return process

    def lose(self) -> None:
        """Have the host be gone from one moment to the next."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.wait()


@contextmanager
def hosts(names: Sequence[str], folder: Path) -> Iterator[list[Host]]:
    """Yield hosts that are joined to this machine, each by a cable of its own."""
    with ExitStack() as stack:
        every = []
        for number, name in enumerate(names):
            home = folder / name
            home.mkdir()
            inside, gateway = stack.enter_context(_namespace(name, number))
            every.append(Host(name, home, inside, gateway))
        try:
            yield every
        finally:
            for host in every:
                host.lose()


@contextmanager
def _namespace(name: str, number: int) -> Iterator[tuple[list[str], str]]:
    """Yield what has a command run in namespaces of its own, and the address of this machine."""
    here, there = f"bt{number}h{os.getpid()}", f"bt{number}t{os.getpid()}"
    network = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"
    gateway, address = f"{network}.{4 * number + 1}", f"{network}.{4 * number + 2}"
    with ExitStack() as stack:
        stack.callback(_try, "ip", "netns", "del", there)
        stack.callback(_try, "ip", "link", "del", here)
        commands = (
            ("ip", "netns", "add", there),
            ("ip", "link", "add", here, "type", "veth", "peer", "name", "eth0", "netns", there),
            ("ip", "addr", "add", f"{gateway}/30", "dev", here),
            ("ip", "link", "set", here, "up"),
            ("ip", "-n", there, "addr", "add", f"{address}/30", "dev", "eth0"),
            ("ip", "-n", there, "link", "set", "eth0", "up"),
            ("ip", "-n", there, "link", "set", "lo", "up"),
        )
        unshare = ["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
        naming = ["sh", "-c", f'hostname {name} && exec "$@"', "sh"]
        inside = ["ip", "netns", "exec", there, *unshare, *naming]
        if all(_try(*command) for command in commands) and _try(*inside, "true"):
            yield inside, gateway
        else:
            yield [], "127.0.0.1"


def _try(*words: str) -> bool:
    """Run a command; whether it could be run and did what it should."""
    if os.geteuid() != 0 or shutil.which(words[0]) is None:
        return False
    with suppress(OSError):
        return subprocess.run(words, check=False, capture_output=True).returncode == 0
    return False
