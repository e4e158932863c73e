"""What is installed, and what there is to learn on and from."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from bertcl_tui.doctor import Finding
from bertcl_tui.style.wording import count
from engine.errors import EngineError, UsageError
from engine.tasks.entry import SampleOrigin
from engine.tasks.hub_access import hub_answers
from engine.tasks.sources.sample import SAMPLES, installed_file, sample_model_path
from engine.work.ask import ask_machine

_LIBRARIES: Final = (
    "bertcl-tui",
    "torch",
    "transformers",
    "peft",
    "datasets",
    "optuna",
    "scikit-learn",
    "matplotlib",
    "sqlalchemy",
    "textual",
    "plotext",
)


def find_libraries() -> Iterator[Finding]:
    """Yield Python and each library with its version."""
    yield Finding("python", "good", f"{platform.python_version()} on {platform.platform()}")
    for name in _LIBRARIES:
        try:
            yield Finding(name, "good", version(name))
        except PackageNotFoundError:
            yield Finding(name, "bad", "not installed; pip install bertcl-tui")


def find_devices() -> Finding:
    """Look for what torch can learn on. Takes seconds: a process of its own loads torch."""
    try:
        machine = ask_machine()
    except EngineError as error:
        return Finding("devices", "bad", str(error))
    gpus = [f"cuda:{index} {name}" for index, name in enumerate(machine.gpus)]
    return Finding(
        "devices",
        "good",
        ", ".join([count(machine.cores, "core"), *gpus]) + f"; auto takes {machine.device}",
    )


def find_samples() -> Finding:
    """Look whether the sample pack is installed."""
    try:
        sample_model_path()
        for task in SAMPLES:
            if isinstance(task.origin, SampleOrigin):
                installed_file(task.origin.distribution, task.origin.file)
    except UsageError as error:
        return Finding("sample pack", "note", str(error))
    return Finding("sample pack", "good", f"tasks {', '.join(task.name for task in SAMPLES)}")


def find_hub() -> Finding:
    """Ask the model hub for a sign of life."""
    if hub_answers():
        return Finding("hub", "good", "answers")
    return Finding("hub", "note", "does not answer; use --data sample, a folder or what is cached")
