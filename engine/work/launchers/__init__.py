"""Workers on clusters: whose engines place them there, and what may be asked of each.

An engine is a module of this folder, by its own name, with ``launch(asked, say)``; it is loaded
where it is asked for, and its library is an extra of the same name.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from msgspec import Struct

from engine.errors import UsageError, look_up
from engine.installing import command_to_install
from engine.work.launchers.asked import Asked, Say


class Launcher(Struct, frozen=True, kw_only=True):
    """An engine that places workers."""

    meaning: str
    library: str
    """As it is imported."""
    takes: tuple[str, ...]
    """Which of the options it understands that not all do; fields of ``Asked``."""


LAUNCHERS: Final[Mapping[str, Launcher]] = {
    "ray": Launcher(
        meaning="Ray actors, for as long as this command runs; those that die come back",
        library="ray",
        takes=("address",),
    ),
    "slurm": Launcher(
        meaning="an array of Slurm jobs, which end when nothing is queued",
        library="submitit",
        takes=("partition", "time"),
    ),
}


def launch(name: str, asked: Asked, say: Say) -> None:
    """Let an engine place workers.

    Args:
        name: the engine's.
        asked: which workers, and where.
        say: tells people how it gets on.

    Raises:
        UsageError: it cannot be done as asked.
        EngineError: workers failed.
    """
    launcher = look_up("launcher", name, LAUNCHERS)
    for option in (option for each in LAUNCHERS.values() for option in each.takes):
        if getattr(asked, option) is not None and option not in launcher.takes:
            takes = ", ".join(f"--{each}" for each in launcher.takes)
            raise UsageError(f"--launcher {name} takes no --{option}; it takes {takes}")
    if find_spec(launcher.library) is None:
        raise UsageError(
            f"--launcher {name} needs {launcher.library}: "
            f"{command_to_install(f'bertcl-tui[{name}]')}, here and on every machine of the cluster"
        )
    placing: Callable[[Asked, Say], None] = import_module(f"{__name__}.{name}").launch
    placing(asked, say)
