"""Why studies, runs and workers stand where they stand, in words: what waits says for what."""

from collections.abc import Sequence
from typing import Final

from bertcl_tui.store.study_rows import StudyRow, WorkerRow
from bertcl_tui.store.trial_rows import RunRow, StudyState
from bertcl_tui.style.looks import KeyOf
from bertcl_tui.style.wording import count, headway
from engine.store.states import Desired

_ON_ITS_WAY: Final[dict[Desired, str]] = {
    "paused": "pausing: its trial ends the step it is at",
    "stopped": "stopping: its trial ends the step it is at",
}
_NO_WORKER: Final = "there is no worker; {} starts one"
_ASKS: Final = "its sampler is asked for the next trial"


def standing_of(study: StudyRow, workers: Sequence[WorkerRow], key: KeyOf) -> str:
    """Say what a study's state comes from and what can be done; empty where nothing needs saying.

    Args:
        study: the study.
        workers: all that there are.
        key: writes the key of an action.
    """
    go_on = key("pause_or_resume")
    living = [worker for worker in workers if worker.state != "lost"]
    if study.state == "running":
        asks = study.proposer_id is not None and not study.counts.get("running")
        return _ON_ITS_WAY.get(study.desired, _ASKS if asks else "")
    sentences: dict[StudyState, str] = {
        "failed": f"failed: {study.reason or 'its trials say why'}; {go_on} lets it go on",
        "lost": f"its worker is gone; {_who_goes_on(living, go_on)} goes on from the checkpoint",
        "stalled": f"no step for two minutes; {key('open_workers')} shows its worker and the log",
        "queued": f"waits: {waits_for(study, living, key)}",
        "paused": f"{study.reason or f'paused at {headway(study)}'}; {go_on} lets it go on",
        "stopped": f"stopped at {headway(study)}; {go_on} lets it go on",
        "complete": study.reason or "" if study.ended_early else "",
    }
    return sentences.get(study.state, "")


def _who_goes_on(living: Sequence[WorkerRow], key: str) -> str:
    return "the next that is free" if living else f"{key} starts another, which"


def waits_for(study: StudyRow, living: Sequence[WorkerRow], key: KeyOf) -> str:
    """Say what a study waits for that shall run but at which no worker is."""
    if not living:
        return _NO_WORKER.format(key("pause_or_resume"))
    if reason := study.reason or study.waits_for:
        return reason.removeprefix("waits for ")
    if any(map(_is_free, living)):
        return "a worker is about to take it"
    if all(worker.desired != "running" for worker in living):
        return _all_paused(key)
    busy = [worker for worker in living if worker.study_id != study.id and worker.run_id]
    return f"{count(len(busy), 'worker is', 'workers are')} at something else"


def _all_paused(key: KeyOf) -> str:
    keys = f"{key('open_workers')} and {key('pause_or_resume')}"
    return f"every worker is paused; {keys} let one go on"


def why_others_wait(study: StudyRow, workers: Sequence[WorkerRow], key: KeyOf) -> str:
    """Say why not all trials are under way of a study that some worker is at."""
    counts, living = study.counts, [worker for worker in workers if worker.state != "lost"]
    paused_alone = counts.get("paused") and not study.to_come and not counts.get("queued")
    workers_at_it = sum(worker.study_id == study.id for worker in living)
    at_it = f"{count(workers_at_it, 'worker is', 'workers are')} at it; " if workers_at_it else ""
    return _first(
        (study.waits_for, f"{study.waits_for}"),
        (paused_alone, f"paused alone; {key('pause_or_resume')} in its Trial lets it go on"),
        (study.first_stage, f"wait for stage 1, which {study.first_stage} learns for all"),
        (_is_full(study), f"in order, {study.in_order} at once: the next comes when one ends"),
        (study.proposer_id is not None, _ASKS),
        (any(map(_is_free, living)), "a worker is about to take the next"),
        otherwise=f"{at_it}the next comes when a trial ends",
    )


def why_runs_wait(runs: Sequence[RunRow], workers: Sequence[WorkerRow], key: KeyOf) -> str:
    """Say why runs that no study asked for, all of which wait, are at no worker."""
    living = [worker for worker in workers if worker.state != "lost"]
    wanted = [run for run in runs if run.desired == "running"]
    reason = next((run.reason for run in wanted if run.reason), None)
    busy = sum(worker.run_id is not None for worker in living)
    return _first(
        (not wanted, f"paused; {key('pause_or_resume')} lets them go on"),
        (not living, _NO_WORKER.format(f"{key('start_worker')} among the workers")),
        (reason, f"{reason}"),
        (all(run.state == "stalled" for run in wanted), "no step for two minutes; see the log"),
        (any(map(_is_free, living)), "a worker is about to take the next"),
        (all(worker.desired != "running" for worker in living), _all_paused(key)),
        otherwise=f"{count(busy, 'worker is', 'workers are')} at work; "
        "the next comes when a run ends",
    )


def why_idle(worker: WorkerRow, studies: Sequence[StudyRow], runs: Sequence[RunRow]) -> str:
    """Say what a worker without a run waits for."""
    going = [study for study in studies if study.desired == "running" and study.goes_on]
    asked = next((study.name for study in going if study.proposer_id == worker.id), None)
    waiting = [run for run in runs if run.desired == "running" and run.state in {"queued", "lost"}]
    reason = next((run.reason for run in waiting if run.reason), None)
    return _first(
        (asked, f"asks the sampler of {asked} for a trial"),
        *((why := _why_none_of(study), why) for study in going),
        (reason, f"arena: {reason}"),
        (waiting, "is about to take a run of the arena"),
        otherwise="nothing to do",
    )


def _why_none_of(study: StudyRow) -> str:
    """Say why an idle worker has no trial of a study that goes on; empty: it wants no more."""
    reason = study.waits_for or (study.reason if study.waits else None)
    return _first(
        (study.first_stage, f"waits for stage 1 of {study.name}, which {study.first_stage} learns"),
        (study.proposer_id is not None, f"waits for its turn at the sampler of {study.name}"),
        (_is_full(study), f"waits for a trial of {study.name} to end, which is in order"),
        (reason, f"{study.name}: {reason}"),
        (study.waits, f"is about to take a trial of {study.name}"),
    )


def _first(*known: tuple[object, str], otherwise: str = "") -> str:
    """Return the first text whose condition holds."""
    return next((text for holds, text in known if holds), otherwise)


def _is_full(study: StudyRow) -> bool:
    """Whether no trial more may be under way at once."""
    return study.in_order is not None and study.counts.get("running", 0) >= study.in_order


def worker_word(row: WorkerRow) -> str:
    """Return the word for a worker's state."""
    if row.state == "lost":
        return "lost"
    if row.desired == "stopped":
        return "stopping"
    if row.desired == "paused":
        return "pausing" if row.run_id is not None else "paused"
    if row.state == "idle" and row.cpu_percent is None:
        return "starting"
    return row.state if row.waits_for is None else "waiting"


def at_what(row: WorkerRow, idle: str = "nothing to do") -> str:
    """Say which run a worker is at, or why it is at none.

    Args:
        row: the worker.
        idle: why it is at none, where it could be.
    """
    if row.waits_for is not None:
        return f"waits: {row.waits_for}"
    if not row.names:
        words = {
            "lost": "its process is gone",
            "stopping": "lets go of what it holds",
            "paused": "rests until it shall work again",
            "starting": "loads its libraries",
        }
        return words.get(worker_word(row), idle)
    names = ", ".join(row.names)
    if row.study is not None:
        several = len(row.names) > 1
        return f"{len(row.names)} of {row.study}: {names}" if several else f"{names} {row.study}"
    what = " on ".join(filter(None, (row.label, row.sequence)))
    return f"{names} {what}".rstrip()


def _is_free(worker: WorkerRow) -> bool:
    return worker.state == "idle" and worker.desired == "running"
