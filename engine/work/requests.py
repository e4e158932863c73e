"""Asking for work. What is asked is checked first: nothing wrong enters the store. Light."""

import subprocess
import sys

import msgspec

from engine.errors import EngineError, UsageError
from engine.spec import RunSpec, StudySpec
from engine.store.connection import Store
from engine.store.runs import create_run

_WRONG = 2


def check_search(spec: StudySpec) -> None:
    """Load what every trial of a search needs, as ``check`` does.

    Raises:
        UsageError: something is not to be had.
        EngineError: the check itself broke.
    """
    trial = spec.trial(0, (), {"lr": 1e-5})
    check(msgspec.structs.replace(trial, method="flat"))


def request_run(store: Store, spec: RunSpec, *, label: str | None = None) -> int:
    """Check a run, then remember it as wanted; return its id.

    Raises:
        UsageError: a task, the model, the method, the data or the device is not to be had;
            nothing was written.
    """
    check(spec)
    return create_run(store, spec, label=label)


def check(*specs: RunSpec) -> None:
    """Load what runs need, in a process of its own: this one may have to stay light.

    What was loaded and encoded is cached for the worker that comes after.

    Raises:
        UsageError: something is not to be had.
        EngineError: the check itself broke.
    """
    texts = (msgspec.json.encode(spec).decode() for spec in specs)
    command = [sys.executable, "-m", "engine.work.check", *texts]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode == 0:
        return
    lines = done.stderr.strip().splitlines() or ["the check ended without a word"]
    if done.returncode == _WRONG:
        raise UsageError(lines[-1])
    raise EngineError(f"the request could not be checked: {lines[-1]}")
