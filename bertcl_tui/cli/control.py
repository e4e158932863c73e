"""``pause``, ``resume`` and ``stop``: what is wanted of studies, obeyed within a step."""

from collections.abc import Sequence
from typing import Annotated

import typer

from bertcl_tui.cli import completing
from bertcl_tui.cli.output import say
from bertcl_tui.cli.parameters import Slots, Store
from bertcl_tui.cli.stores import opened
from bertcl_tui.store.rows import StudyRow
from bertcl_tui.style.wording import count
from engine.errors import UsageError
from engine.store.connection import DEFAULT_STORE
from engine.store.states import Desired
from engine.store.studies import control_study
from engine.work.supervisor import ensure_workers

Studies = Annotated[
    list[str],
    typer.Argument(
        metavar="STUDY",
        help="Names of studies, or how they begin.",
        autocompletion=completing.studies,
    ),
]


def pause(studies: Studies, *, store: Store = DEFAULT_STORE) -> None:
    """Pause studies in mid-trial; nothing that was learnt is lost."""
    _control(store, studies, "paused")


def resume(studies: Studies, *, slots: Slots = None, store: Store = DEFAULT_STORE) -> None:
    """Let paused, stopped or failed studies go on, with workers in the background."""
    _control(store, studies, "running")
    started = ensure_workers(store, slots=slots)
    if started:
        say(f"{count(started, 'worker')} started")


def stop(studies: Studies, *, store: Store = DEFAULT_STORE) -> None:
    """Stop studies; everything measured is kept."""
    _control(store, studies, "stopped")


def _control(store: str, names: Sequence[str], desired: Desired) -> None:
    with opened(store) as at:
        rows = [at.row(name) for name in names]
        for row in rows:
            _refuse_ended(row, desired)
        for row in rows:
            control_study(at.store, row.id, desired)
            say(f"study {row.name}: {desired}")


def _refuse_ended(row: StudyRow, desired: Desired) -> None:
    if row.state == "complete":
        raise UsageError(f"study '{row.name}' is complete; see bertcl-tui show {row.name}")
    if desired == "paused" and row.state in {"stopped", "failed"}:
        raise UsageError(f"study '{row.name}' is {row.state}; resume lets it go on")
