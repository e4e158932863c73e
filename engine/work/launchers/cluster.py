"""A Ray cluster: finding one or starting one on this machine, and whether workers can be there."""

import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Final

import ray

from engine.errors import UsageError, first_line, reason_of, shown
from engine.store.connection import Store
from engine.store.servers import EXAMPLE
from engine.work.launchers.asked import Asked

_ADDRESS: Final = "RAY_ADDRESS"
_CLIENT: Final = "ray://"
_CONNECT_SECONDS: Final = 5.0
_OBJECT_STORE_BYTES: Final = 80 * 2**20
"""Of a cluster on this machine: what workers have to say goes through the store."""

_OF_OWN_CLUSTER: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",  # as other workers: Ray's own 15 starves them on a busy machine
}
"""What Ray reads of the environment when it is started."""


@contextmanager
def connected(address: str | None) -> Iterator[bool]:
    """Be in a Ray cluster; yield whether it was started for this, on this machine alone.

    Without an address it is the one that ``RAY_ADDRESS`` names, or that runs on this machine, or
    else a new one.

    Raises:
        UsageError: there is none at that address, or it is of another version.
    """
    named = address or os.environ.get(_ADDRESS)
    try:
        started = _connect(named)
    except (OSError, RuntimeError, ValueError, SystemExit) as error:
        where = "here" if named is None else f"at {shown(named)}"
        reason = reason_of(error) if isinstance(error, OSError) else shown(first_line(error))
        raise UsageError(
            f"no Ray cluster {where}: {reason}; begin one with ray start --head, or leave "
            "--address out for one on this machine"
        ) from None
    # What Ray has to say of its workers stands in their logs; that one died is told in a line.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        try:
            yield started
        finally:
            ray.shutdown()


def _connect(address: str | None) -> bool:
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address is not None:
        _require_answer(address)
        ray.init(address=address, **quiet)
        return False
    try:
        ray.init(address="auto", **quiet)
    except ConnectionError:  # none runs here
        for name, value in _OF_OWN_CLUSTER.items():
            os.environ.setdefault(name, value)
        ray.init(
            address="local",
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
            **quiet,
        )
        return True
    return False


def _require_answer(address: str) -> None:
    """Knock first: Ray itself waits minutes for a machine that does not answer.

    Raises:
        OSError: nobody answers there.
        ValueError: it is no address.
    """
    if address in {"auto", "local"}:
        return
    host, _, port = address.removeprefix(_CLIENT).rpartition(":")
    if not (host and port.isdecimal()):
        raise ValueError("an address is written like 10.0.0.1:6379, or ray://10.0.0.1:10001")
    socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS).close()


def nodes() -> Sequence[Mapping[str, Any]]:
    """Return the machines of the cluster that are there now."""
    there: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return [node for node in there if node["Alive"]]


def gpus_there() -> float:
    """Return how many GPUs they have together."""
    return float(sum(node["Resources"].get("GPU", 0.0) for node in nodes()))


def require_shared_store(store: Store) -> None:
    """See that every machine of the cluster can have this store.

    Raises:
        UsageError: it is a file, and there is more than one machine.
    """
    there = len(nodes())
    if store.path is not None and there > 1:
        raise UsageError(
            f"{shown(store.path)} is a file of one machine, and the cluster has {there}; use a "
            f"server: --store {EXAMPLE}"
        )


def require_room(asked: Asked) -> None:
    """See that a cluster which cannot grow has room for a worker.

    Raises:
        UsageError: it has not.
    """
    if not has_room(asked):
        raise UsageError(f"a worker with {asked.each} has no room here: there {what_is_there()}")


def has_room(asked: Asked) -> bool:
    """Whether some machine of the cluster has what a worker shall have."""
    return any(
        node["Resources"].get("CPU", 0.0) >= asked.cpus
        and node["Resources"].get("GPU", 0.0) >= (asked.gpus or 0.0)
        for node in nodes()
    )


def what_is_there() -> str:
    """Say what the cluster has, as the end of a sentence after "there"."""
    cores = sum(node["Resources"].get("CPU", 0.0) for node in nodes())
    machines = len(nodes())
    on = "machine" if machines == 1 else "machines"
    return f"are {cores:g} cores and {gpus_there():g} GPUs on {machines} {on}"
