"""``retry``: trials that ended without a result, once more."""

from typing import Annotated

import typer

from bertcl_tui.cli.output import say
from bertcl_tui.cli.parameters import Slots, Store, Study
from bertcl_tui.cli.stores import OpenedStore, opened
from bertcl_tui.store.rows import StudyRow, TrialRow
from bertcl_tui.style.wording import count
from engine.errors import UsageError
from engine.store.connection import DEFAULT_STORE
from engine.work.retrying import retry_runs
from engine.work.supervisor import ensure_workers

Numbers = Annotated[
    list[int] | None, typer.Argument(metavar="[TRIAL]...", help="Numbers of trials.", min=0)
]
_BY_ACCIDENT = ("failed", "stopped")


def retry(
    study: Study, trials: Numbers = None, *, slots: Slots = None, store: Store = DEFAULT_STORE
) -> None:
    """Run trials once more that failed, collapsed, were stopped or pruned.

    Without numbers, all that failed or were stopped. A trial keeps its number, rates and seed, and
    begins at its first step; this time it is not pruned.
    """
    with opened(store) as at:
        chosen = _chosen(at, at.row(study), trials or [])
        retry_runs(at.store, [trial.run_id for trial in chosen])
        numbers = ", ".join(f"#{trial.number}" for trial in chosen)
        say(f"{numbers} queued again")
        device = at.study(study).spec.device
        started = ensure_workers(at.store.url, slots=slots, device=device)
    if started:
        say(f"{count(started, 'worker')} started")


def _chosen(at: OpenedStore, study: StudyRow, numbers: list[int]) -> list[TrialRow]:
    known = {trial.number: trial for trial in at.reader.trials(study.id).rows}
    missing = [number for number in numbers if number not in known]
    if missing:
        raise UsageError(
            f"study '{study.name}' has no trial {missing[0]}; see bertcl-tui trials {study.name}"
        )
    if numbers:
        return [known[number] for number in dict.fromkeys(numbers)]
    ended = [known[number] for number in sorted(known) if known[number].state in _BY_ACCIDENT]
    if not ended:
        raise UsageError(
            f"no trial of '{study.name}' failed or was stopped; name those to be run again"
        )
    return ended
