"""How long the trials of a study that is set up will take here. May block."""

from collections.abc import Mapping
from contextlib import closing

from bertcl_tui.options import build_study_spec
from bertcl_tui.style.wording import count, roughly
from engine.arena.pace import Estimate, Facts, study_seconds
from engine.errors import UsageError
from engine.spec import StudySpec, sequence_name
from engine.store.connection import is_made, open_store
from engine.store.timing import timed_runs
from engine.work.processes import identity_of
from engine.work.supervisor import expected_workers

UNKNOWN = "How long a trial takes is not known before the first one."


def forecast(store: str, texts: Mapping[str, str], facts: Facts) -> str:
    """Say how long a trial takes, and all of them, and which runs say so.

    Args:
        store: whose runs say it.
        texts: the options, as typed.
        facts: of tasks, by name, as far as they are known.

    Returns:
        Nothing where the texts are no study yet.

    Raises:
        EngineError: the store cannot be read.
    """
    try:
        spec = build_study_spec(texts)
    except UsageError:
        return ""
    if not is_made(store):
        return UNKNOWN
    with closing(open_store(store, create=False)) as opened:
        timed = timed_runs(opened, spec.model, [spec.sequence])
        workers = expected_workers(opened)
    found = study_seconds(spec, timed, facts, identity_of().host, workers)
    if found is None:
        return UNKNOWN
    trial, whole = found
    trials = count(spec.search.trials, "trial")
    if spec.search.budget_epochs is not None:
        trials = f"{spec.search.budget_epochs:g} epochs"
    if spec.search.in_order is not None:
        workers = min(workers, spec.search.in_order)
    said = f"{roughly(trial.seconds)} a trial · {trials} {roughly(whole)}"
    return f"{said} with {count(workers, 'worker')}, {says_so(trial, spec)}."


def says_so(found: Estimate, spec: StudySpec) -> str:
    """Say which runs an estimate is from: ``as 20 runs of it took here``."""
    own, host = found.like.spec, found.like.host
    where = "here" if found.here else f"on {host}" if host else "elsewhere"
    runs = count(found.runs, "run")
    if found.same:
        return f"as {runs} of it took {where}"
    model = "" if own.model == spec.model else f" with {own.model.rpartition('/')[2]}"
    return f"guessed from {runs} of {sequence_name(own.sequence)}{model} {where}"
