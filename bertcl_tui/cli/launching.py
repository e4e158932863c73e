"""The options of ``worker --launcher``, which places workers on a cluster."""

from typing import Annotated, Final

import typer
from msgspec import Struct

from bertcl_tui.cli.output import say
from bertcl_tui.cli.parameters import offer_words
from engine.errors import UsageError
from engine.work.launchers import LAUNCHERS, launch
from engine.work.launchers.asked import Asked
from engine.work.supervisor import WorkerSettings

_PANEL: Final = "On a cluster"
_FLAGS: Final = {"gpus": "--gpus-per-worker", "cpus": "--cpus-per-worker"}
"""Of options that are not called as what they say."""

Launcher = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=f"Who places the workers: {' or '.join(LAUNCHERS)}; by default this machine alone.",
        rich_help_panel=_PANEL,
        show_default=False,
        autocompletion=offer_words({name: item.meaning for name, item in LAUNCHERS.items()}),
    ),
]
Gpus = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        help="GPUs of each worker: 1, 0, or a share like 0.25; by default one if any.",
        rich_help_panel=_PANEL,
    ),
]
Cpus = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Cores of each worker, and its threads; by default 1.",
        rich_help_panel=_PANEL,
        min=1,
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="Of a running Ray cluster; by default the one found, or a new one on this machine.",
        rich_help_panel=_PANEL,
    ),
]
Partition = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Of Slurm; by default Slurm's own choice.", rich_help_panel=_PANEL
    ),
]
Time = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="After which Slurm ends a worker, and queues it anew; by default 12h.",
        rich_help_panel=_PANEL,
    ),
]


class OfCluster(Struct, frozen=True, kw_only=True):
    """What was typed of a cluster; None: nothing."""

    gpus: float | None
    cpus: int | None
    address: str | None
    partition: str | None
    time: float | None
    """Seconds."""


def launch_workers(
    launcher: str, settings: WorkerSettings, slots: int | None, typed: OfCluster
) -> None:
    """Let a launcher place workers.

    Raises:
        UsageError: it cannot be done as asked.
    """
    asked = Asked(
        settings=settings,
        most=slots,
        gpus=typed.gpus,
        cpus=1 if typed.cpus is None else typed.cpus,
        address=typed.address,
        partition=typed.partition,
        time=typed.time,
    )
    launch(launcher, asked, say)


def refuse_without_launcher(typed: OfCluster) -> None:
    """See that nothing was asked of a cluster where there is to be none.

    Raises:
        UsageError: something was.
    """
    for name in OfCluster.__struct_fields__:
        if getattr(typed, name) is not None:
            flag = _FLAGS.get(name, f"--{name}")
            raise UsageError(f"{flag} is for workers on a cluster; name a --launcher, such as ray")
