"""The options of ``worker --launcher``, which places workers on a cluster."""

from typing import Annotated, Any

import typer

from bertcl_tui.cli.output import say
from bertcl_tui.cli.parameters import offer_words
from bertcl_tui.options import readers
from engine.errors import UsageError
from engine.work.launchers import LAUNCHERS, launch
from engine.work.launchers.asked import Asked
from engine.work.supervisor import WorkerSettings

_PANEL = "On a cluster"
_TIME = "time"


def _option(*flags: str, metavar: str, text: str, **more: Any) -> Any:  # noqa: ANN401 - typer's own
    return typer.Option(*flags, metavar=metavar, help=text, rich_help_panel=_PANEL, **more)


Launcher = Annotated[
    str,
    _option(
        metavar="NAME",
        text=f"Who places the workers: {' or '.join(LAUNCHERS)}; by default this machine alone.",
        show_default=False,
        autocompletion=offer_words({name: item.meaning for name, item in LAUNCHERS.items()}),
    ),
]
Gpus = Annotated[
    float | None,
    _option(
        metavar="N", text="GPUs of each worker: 1, 0, or a share like 0.25; by default one if any."
    ),
]
Cpus = Annotated[
    int | None,
    _option(metavar="N", text="Cores of each worker, and its threads; by default 1.", min=1),
]
Address = Annotated[
    str | None,
    _option(
        metavar="HOST:PORT",
        text="Of a running Ray cluster; by default the one found, or a new one on this machine.",
    ),
]
Partition = Annotated[
    str | None, _option(metavar="NAME", text="Of Slurm; by default Slurm's own choice.")
]
Time = Annotated[
    str | None,
    _option(
        metavar="TIME", text="After which Slurm ends a worker, and queues it anew; by default 12h."
    ),
]


def asked_of_cluster(**typed: Any) -> dict[str, Any]:  # noqa: ANN401 - each has a type of its own
    """Return what was typed of these options.

    Raises:
        UsageError: a time cannot be read.
    """
    given = {name: value for name, value in typed.items() if value is not None}
    if _TIME in given:
        given[_TIME] = readers.duration(_TIME, given[_TIME])
    return given


def launch_workers(
    launcher: str, settings: WorkerSettings, slots: int | None, given: dict[str, Any]
) -> None:
    """Let a launcher place workers, where one was named.

    Raises:
        UsageError: it cannot be done as asked.
    """
    launch(launcher, Asked(settings=settings, most=slots, **given), say)


def refuse_without_launcher(given: dict[str, Any]) -> None:
    """See that nothing was asked of a cluster where there is to be none.

    Raises:
        UsageError: something was.
    """
    for name in given:
        flag = f"--{name}" if name not in {"gpus", "cpus"} else f"--{name}-per-worker"
        raise UsageError(f"{flag} is for workers on a cluster; name a --launcher, such as ray")
