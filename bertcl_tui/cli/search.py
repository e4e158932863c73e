"""``search``: a new study, followed until it ends."""

from bertcl_tui.cli.following import command_on, follow_search
from bertcl_tui.cli.output import print_json, print_line, say
from bertcl_tui.cli.parameters import (
    Checkpoints,
    Detach,
    Json,
    Slots,
    Stack,
    Store,
    Texts,
    read_flags,
    with_flags,
)
from bertcl_tui.cli.stores import OpenedStore, opened, use_places
from bertcl_tui.cli.studies import print_trials, study_facts
from bertcl_tui.store.starting import start_search
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.study.writing import trial_facts
from engine.store.connection import DEFAULT_STORE
from engine.store.studies import StudyRecord, get_study
from engine.work.supervisor import ensure_workers
from engine.work.tending import Tender


@with_flags
def search(
    texts: Texts,
    *,
    slots: Slots = None,
    stack: Stack = 1,
    checkpoints: Checkpoints = "",
    detach: Detach = False,
    store: Store = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Search for learning rates on a sequence of tasks: a profile, unless --method says else.

    Workers in the background do the work. This command follows it and prints the trials at the
    end; Ctrl-C pauses the study. With --data sample, the model is sample too unless another one is
    named.
    """
    read_flags(texts)
    use_places(checkpoints)
    say("looking at tasks and model …")
    study_id = start_search(store, texts, remark=say)
    with opened(store) as at:
        study = get_study(at.store, study_id)
        device = study.spec.device
        if detach:
            ensure_workers(at.store.url, slots=slots, device=device, stack=stack)
            print_started(at, study.id, json=json)
            say(f"it goes on in the background; see {command_on('show', study.name, store)}")
            return
        say(f"study {study.name}: {_bounds(study)}")
        row = follow_search(
            at, study, Tender(at.store, slots=slots, device=device, stack=stack), store
        )
        print_search(at, row, json=json)
        if row.ended_early:
            say(f"study {study.name} {row.reason}")
        if row.best is None:
            say("no trial came to its end, so there is nothing to combine yet")
        else:
            say(f"combine its trials with: {command_on('combine', study.name, store)}")


def _bounds(study: StudyRecord) -> str:
    budget = study.spec.search.budget_epochs
    return f"{study.trials} trials" + (f", at most {budget:g} epochs" if budget else "")


def print_started(at: OpenedStore, study_id: int, *, json: bool) -> None:
    """Print what a program needs to find the study again."""
    row = at.reader.study(study_id)
    assert row is not None  # written just now
    if json:
        print_json(study_facts(row))
    else:
        print_line(row.name)


def print_search(at: OpenedStore, row: StudyRow, *, json: bool) -> None:
    """Print what an ended search has tried."""
    trials = at.reader.trials(row.id).rows
    if json:
        print_json({"study": study_facts(row), "trials": [trial_facts(trial) for trial in trials]})
    else:
        print_trials(trials)
