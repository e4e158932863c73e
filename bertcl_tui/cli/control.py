"""What running studies and ended trials shall do, how studies are called, and which go."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from bertcl_tui.cli.output import say
from bertcl_tui.cli.parameters import (
    Checkpoints,
    Numbers,
    Slots,
    Stack,
    Store,
    Study,
    numbers_in,
    offer_studies,
)
from bertcl_tui.cli.stores import OpenedStore, opened, use_places
from bertcl_tui.options.readers import study_name
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import TrialRow
from bertcl_tui.style.wording import count
from engine.errors import UsageError, shown
from engine.store.connection import DEFAULT_STORE
from engine.store.deletion import hide_studies, restore_latest
from engine.store.names import rename_study
from engine.store.remarks import archive_studies
from engine.store.states import Desired
from engine.store.studies import control_study
from engine.work.requests import retry_runs
from engine.work.supervisor import ensure_workers

Studies = Annotated[
    list[str],
    typer.Argument(
        metavar="STUDY",
        help="Names of studies, or how they begin.",
        autocompletion=offer_studies,
    ),
]
NewName = Annotated[str, typer.Argument(metavar="NAME", help="What it is called from now on.")]
Off = Annotated[bool, typer.Option("--off", help="Have them back in the lists.")]
_BY_ACCIDENT: Final = ("failed", "stopped")
"""States of trials that are run again where none is named."""


def pause(studies: Studies, *, store: Store = DEFAULT_STORE) -> None:
    """Pause studies in mid-trial; nothing that was learnt is lost."""
    _control(store, studies, "paused")


def resume(
    studies: Studies,
    *,
    slots: Slots = None,
    stack: Stack = 1,
    checkpoints: Checkpoints = "",
    store: Store = DEFAULT_STORE,
) -> None:
    """Let paused, stopped or failed studies go on, with workers in the background."""
    use_places(checkpoints)
    _control(store, studies, "running")
    started = ensure_workers(store, slots=slots, stack=stack)
    if started:
        say(f"{count(started, 'worker')} started")


def stop(studies: Studies, *, store: Store = DEFAULT_STORE) -> None:
    """Stop studies; everything measured is kept."""
    _control(store, studies, "stopped")


def retry(
    study: Study,
    trials: Numbers = None,
    *,
    slots: Slots = None,
    stack: Stack = 1,
    checkpoints: Checkpoints = "",
    store: Store = DEFAULT_STORE,
) -> None:
    """Run trials once more that failed, collapsed, were stopped or pruned.

    Without numbers, all that failed or were stopped. A trial keeps its number, rates and seed, and
    begins at its first step; this time it is not pruned.
    """
    use_places(checkpoints)
    with opened(store) as at:
        chosen = _chosen(at, at.row(study), numbers_in(trials))
        retry_runs(at.store, [trial.run_id for trial in chosen])
        numbers = ", ".join(f"#{trial.number}" for trial in chosen)
        say(f"{numbers} queued again")
        device = at.study(study).spec.device
        started = ensure_workers(at.store.url, slots=slots, device=device, stack=stack)
    if started:
        say(f"{count(started, 'worker')} started")


def rename(study: Study, name: NewName, *, store: Store = DEFAULT_STORE) -> None:
    """Give a study another name; its workers go on, and the old name finds it too."""
    new = study_name(name)
    with opened(store) as at:
        record = at.study(study)
        rename_study(at.store, record.id, new)
    say(f"study {record.name} is called {new} now")


def delete(studies: Studies, *, store: Store = DEFAULT_STORE) -> None:
    """Delete studies and all that was measured in them; undelete has them back for a minute."""
    with opened(store) as at:
        records = [at.study(name) for name in studies]
        hide_studies(at.store, [record.id for record in records])
    names = ", ".join(shown(record.name) for record in records)
    say(f"{names} deleted; bertcl-tui undelete has it back for a minute")


def undelete(*, store: Store = DEFAULT_STORE) -> None:
    """Have back the studies that were deleted last, less than a minute ago."""
    with opened(store) as at:
        names = restore_latest(at.store)
    say(f"{', '.join(map(shown, names))} {'is' if len(names) == 1 else 'are'} back")


def archive(studies: Studies, *, off: Off = False, store: Store = DEFAULT_STORE) -> None:
    """Put studies away, out of the usual lists; nothing of them is lost."""
    with opened(store) as at:
        records = [at.study(name) for name in studies]
        archive_studies(at.store, [record.id for record in records], archived=not off)
    names = ", ".join(shown(record.name) for record in records)
    say(f"{names} {'in the list again' if off else 'archived; studies --archived lists them too'}")


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
        raise UsageError(f"study '{shown(row.name)}' is complete; see bertcl-tui show {row.name}")
    if desired == "paused" and row.state in {"stopped", "failed"}:
        raise UsageError(f"study '{shown(row.name)}' is {row.state}; resume lets it go on")


def _chosen(at: OpenedStore, study: StudyRow, numbers: Sequence[int]) -> list[TrialRow]:
    at.check_trials(study, numbers)
    known = {trial.number: trial for trial in at.reader.trials(study.id).rows}
    if numbers:
        return [known[number] for number in numbers]
    ended = [known[number] for number in sorted(known) if known[number].state in _BY_ACCIDENT]
    if not ended:
        raise UsageError(
            f"no trial of '{shown(study.name)}' failed or was stopped; name those to be run again"
        )
    return ended
