"""``confirm``: the best trials of a study once more, with fresh seeds."""

from collections.abc import Sequence
from typing import Annotated

import typer

from bertcl_tui.cli.following import command_on, follow_runs
from bertcl_tui.cli.output import make_table, print_json, print_line, print_text, say
from bertcl_tui.cli.parameters import (
    Checkpoints,
    Detach,
    Json,
    Retry,
    Slots,
    Store,
    Study,
    refuse_unused,
)
from bertcl_tui.cli.stores import opened, use_places
from bertcl_tui.style.wording import count, score
from engine.arena.confirming import ConfirmedTrial, confirmed_trials, plan_confirmation
from engine.errors import EngineError, UsageError, shown
from engine.store.connection import DEFAULT_STORE
from engine.store.runs import runs_by_id
from engine.work.requests import enter_repetitions
from engine.work.supervisor import ensure_workers
from engine.work.tending import Tender

Top = Annotated[
    int, typer.Option(min=1, max=1000, metavar="N", help="How many of the best trials.")
]
Seeds = Annotated[
    int, typer.Option(min=1, max=1000, metavar="N", help="How often each is run again.")
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Print what was confirmed, and ask for nothing.")
]


def confirm(
    context: typer.Context,
    study: Study,
    *,
    top: Top = 4,
    seeds: Seeds = 3,
    offline: Offline = False,
    retry: Retry = False,
    detach: Detach = False,
    slots: Slots = None,
    checkpoints: Checkpoints = "",
    store: Store = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Run the best trials of a study again with fresh seeds: was it skill or luck?

    The best of many trials owes part of its p to chance. What stays of it with other seeds is
    printed beside it, best first. Ctrl-C pauses.
    """
    if offline:
        asking = ["top", "seeds", "retry", "detach", "slots", "checkpoints"]
        refuse_unused(context, asking, "with --offline, which has nothing run")
    if detach:
        refuse_unused(context, ["json"], "with --detach, which prints nothing")
    failed = 0
    use_places(checkpoints)
    with opened(store) as at:
        record = at.study(study)
        if not offline:
            planned = plan_confirmation(at.store, record, top=top, seeds=seeds)
            run_ids = enter_repetitions(at.store, planned, retry=retry)
            device = record.spec.device
            if detach:
                ensure_workers(at.store.url, slots=slots, device=device)
                shown_by = command_on("confirm", record.name, store, "--offline")
                say(f"{count(len(run_ids), 'run')} in the background; see {shown_by}")
                return
            follow_runs(at, run_ids, Tender(at.store, slots=slots, device=device))
            failed = sum(run.state == "failed" for run in runs_by_id(at.store, run_ids))
        found = confirmed_trials(at.store, record.id)
    if not found:
        raise UsageError(
            f"no trial of '{shown(record.name)}' was confirmed yet; leave --offline away"
        )
    if json:
        print_json(found)
    else:
        _print(found)
    if failed:
        raise EngineError(f"{count(failed, 'run')} failed; --retry asks for them again")


def _print(trials: Sequence[ConfirmedTrial]) -> None:
    table = make_table(
        [], ["#", "searched p", "confirmed p", "", "seeds", "validation p"], ["label"]
    )
    for trial in trials:
        spread = "" if trial.half_width is None else f"±{trial.half_width:.3f}"
        table.add_row(
            str(trial.number),
            score(trial.searched),
            score(trial.confirmed),
            spread,
            str(trial.seeds),
            score(trial.validation),
            trial.label or "",
        )
    print_text(table)
    print_line("")
    print_line(
        "searched p: of the trial itself; confirmed p: mean ± 95 % t-interval over fresh seeds, on "
        "the same rows"
    )
