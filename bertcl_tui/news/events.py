"""News: what happened between two looks at the store."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import Struct

from bertcl_tui.news.rules import Budget
from bertcl_tui.store.study_rows import Best, StudyRow, WorkerRow
from bertcl_tui.store.trial_rows import TrialRow, TrialState
from bertcl_tui.style.wording import best_text, count, duration, headway, score

Severity = Literal["information", "warning", "error"]
SEVERITIES: Final[tuple[Severity, ...]] = ("information", "warning", "error")
"""From the least grave on."""
_UNFINISHED: Final[tuple[TrialState, ...]] = ("queued", "running", "paused")
_MOST_NUMBERS: Final = 5
"""Trials that a line names."""
_MOST_LINES: Final = 5
"""Lines that are told at once in full."""


class Scene(Struct, frozen=True, kw_only=True):
    """How things stood at a look."""

    studies: tuple[StudyRow, ...] = ()
    workers: tuple[WorkerRow, ...] = ()
    arena: Mapping[TrialState, int] = {}
    """Runs of the arena by state."""
    broken: Mapping[int, tuple[TrialRow, ...]] = {}
    """Trials that collapsed or failed since the look before, by the study's id."""
    worked: Mapping[int, float] = {}
    """Seconds that workers spent on each study, where somebody asks for them."""

    @property
    def arena_goes_on(self) -> bool:
        """Whether a run of the arena is not ended."""
        return any(self.arena.get(state, 0) for state in _UNFINISHED)


class News(Struct, frozen=True, kw_only=True):
    """Something that happened, in a line."""

    text: str
    kinds: tuple[str, ...]
    """What it is, as rules call it; what it is first comes first."""
    severity: Severity = "information"
    study: str | None = None
    """None: it is about runs that no study asked for."""
    by_hand: bool = False
    """Whether a person did it."""
    facts: Mapping[str, Any] = {}
    at: float = 0.0
    """When it was seen, in seconds since 1970."""

    @property
    def kind(self) -> str:
        """What it is first, without an amount."""
        return self.kinds[0].partition("=")[0]


def is_over(study: StudyRow) -> bool:
    """Whether a study goes on only after a person has done something, but for a pause by hand."""
    return study.state in {"complete", "stopped", "failed"} or study.is_set_aside


def joined(several: Sequence[News]) -> str:
    """Return what happened, in a few lines."""
    lines = [item.text for item in several]
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = [f"and {len(lines) - _MOST_LINES} more"]
    return "\n".join(lines)


def gravest(several: Sequence[News]) -> Severity:
    """Return how grave it is together."""
    return max((item.severity for item in several), key=SEVERITIES.index)


def facts_of(item: News) -> dict[str, Any]:
    """Return a piece of news for programs."""
    return {
        "at": item.at,
        "kind": item.kind,
        "study": item.study,
        "severity": item.severity,
        "text": item.text,
        **item.facts,
    }


def news(before: Scene, after: Scene, budgets: Sequence[Budget] = ()) -> Iterator[News]:
    """Yield what happened, each once; what is as it was is no news.

    Args:
        before: how things stood.
        after: how they stand.
        budgets: amounts that somebody wants to be told of.
    """
    known = {study.id: study for study in before.studies}
    for study in after.studies:
        if study.origin != "search":
            continue
        earlier = known.get(study.id)
        if earlier is not None:
            yield from _of_best(earlier.best, study)
            yield from _of_broken(study, after.broken.get(study.id, ()))
            yield from _of_budgets(earlier, study, before, after, budgets)
        if earlier is None or earlier.state != study.state:
            yield from _of_state(earlier, study)
    yield from _of_deleted(known, after)
    yield from _of_workers(before, after)
    yield from _of_arena(before, after)


def standing(studies: Iterable[StudyRow]) -> Iterator[News]:
    """Yield what is to be told of these studies to somebody who has just come."""
    return (item for study in studies for item in _of_standing(study))


def _of_best(before: Best | None, study: StudyRow) -> Iterator[News]:
    best = study.best
    if best is None or (before is not None and not _is_better(best, before)):
        return
    earlier = "" if before is None else f", before {best_text(before)}"
    yield News(
        text=f"{study.name}: best p {best_text(best)}, "
        f"p_o {score(best.p_o)}, p_s {score(best.p_s)}{earlier}",
        kinds=("new-best",),
        study=study.name,
        facts={
            "trial": best.number,
            "p": best.p,
            "p_o": best.p_o,
            "p_s": best.p_s,
            "seeds": best.seeds,
            "before": None if before is None else before.p,
        },
    )


def _is_better(best: Best, before: Best) -> bool:
    """Whether it is another trial, and not only the next one after the best was run again."""
    return best.number != before.number and (best.p > before.p or best.seeds > before.seeds)


def _of_broken(study: StudyRow, broken: Sequence[TrialRow]) -> Iterator[News]:
    for state, kind in (("collapsed", "collapse"), ("failed", "failure")):
        trials = [trial for trial in broken if trial.state == state]
        if not trials:
            continue
        reasons = {trial.reason for trial in trials}
        why = reasons.pop() if len(reasons) == 1 else None
        yield News(
            text=f"{study.name}: {_numbers(trials)} {state}" + (f": {why}" if why else ""),
            kinds=(kind,),
            severity="warning",
            study=study.name,
            facts={
                "state": state,
                "trial": trials[0].number,
                "trials": [trial.number for trial in trials],
                "reason": why,
            },
        )


def _numbers(trials: Sequence[TrialRow]) -> str:
    said = [f"#{trial.number}" for trial in trials[:_MOST_NUMBERS]]
    more = len(trials) - len(said)
    several = [*said, f"{more} more"] if more else said
    listed = " and ".join(filter(None, (", ".join(several[:-1]), several[-1])))
    return f"{'trial' if len(trials) == 1 else 'trials'} {listed}"


def _of_budgets(
    earlier: StudyRow, study: StudyRow, before: Scene, after: Scene, budgets: Sequence[Budget]
) -> Iterator[News]:
    if _has_spent(study) and not _has_spent(earlier) and study.state != "complete":
        yield _spent(study, "budget", f"has what it may have: {headway(study)}")
    for budget in budgets:
        if budget.trials is not None and earlier.ended < budget.trials <= study.ended:
            yield _spent(study, budget.condition, f"has {count(study.ended, 'trial')}")
        worked, was = after.worked.get(study.id, 0.0), before.worked.get(study.id)
        if budget.seconds is not None and was is not None and was < budget.seconds <= worked:
            said = f"took {duration(worked)} of workers for {count(study.ended, 'trial')}"
            yield _spent(study, budget.condition, said, hours=worked / 3600)


def _has_spent(study: StudyRow) -> bool:
    return study.ended >= study.target or (study.spending is not None and study.spending.over)


def _spent(study: StudyRow, condition: str, said: str, **facts: float) -> News:
    return News(
        text=f"{study.name} {said}",
        kinds=(condition,),
        study=study.name,
        facts={"done": study.ended, "target": study.target, **facts},
    )


def _of_state(earlier: StudyRow | None, study: StudyRow) -> Iterator[News]:
    """Yield what another state of a study says; one that came as it is was imported so."""
    if earlier is not None or study.state not in {"complete", "stopped"}:
        yield from _of_standing(study)


def _of_standing(study: StudyRow) -> Iterator[News]:
    best = study.best
    found = f", best p {best_text(best)}" if best else ", no trial is complete"
    reason = study.reason
    facts: dict[str, Any] = {
        "state": study.state,
        "reason": reason,
        "done": study.ended,
        "target": study.target,
        "trial": best.number if best else None,
        "p": best.p if best else None,
    }

    def told(text: str, severity: Severity, *kinds: str, by_hand: bool = False) -> News:
        return News(
            text=f"{study.name} {text}",
            kinds=kinds,
            severity=severity,
            study=study.name,
            by_hand=by_hand,
            facts=facts,
        )

    match study.state:
        case "complete":
            spent = ("budget",) if _has_spent(study) else ()
            yield told(f"is complete: {headway(study)}{found}", "information", "over", *spent)
        case "stopped":
            said = f"was stopped: {headway(study)}{found}"
            yield told(said, "information", "over", by_hand=True)
        case "failed":
            why = reason or "its trials say why"
            yield told(f"failed: {why}", "error", "failure", "over")
        case "stalled":
            yield told("stalled: no step for two minutes", "warning", "stall")
        case "lost":
            yield told("lost its worker; it goes on with the next one", "warning", "failure")
        case _ if study.is_set_aside:
            yield told(f"is paused, {reason}", "warning", "failure", "over")


def _of_deleted(known: Mapping[int, StudyRow], after: Scene) -> Iterator[News]:
    left = {study.id for study in after.studies}
    for study in known.values():
        if study.origin == "search" and study.id not in left and not is_over(study):
            yield News(
                text=f"{study.name} was deleted",
                kinds=("over",),
                severity="warning",
                study=study.name,
                by_hand=True,
                facts={"state": "deleted"},
            )


def _of_workers(before: Scene, after: Scene) -> Iterator[News]:
    """Yield who died or stands still, unless a study that does so too says it."""
    states = {worker.id: worker.state for worker in before.workers}
    told = {(study.id, study.state) for study in after.studies}
    for worker in after.workers:
        if states.get(worker.id) == worker.state or (worker.study_id, worker.state) in told:
            continue
        run = f" in {worker.study}" if worker.study else ""
        said = {"lost": ("failure", "is gone"), "stalled": ("stall", "makes no step")}
        if worker.state in said:
            kind, text = said[worker.state]
            yield News(
                text=f"worker {worker.pid} on {worker.device} {text}{run}",
                kinds=(kind,),
                severity="warning",
                study=worker.study,
                facts={
                    "state": worker.state,
                    "worker": worker.pid,
                    "host": worker.host,
                    "device": worker.device,
                },
            )


def _of_arena(before: Scene, after: Scene) -> Iterator[News]:
    complete = after.arena.get("complete", 0) - before.arena.get("complete", 0)
    failed = after.arena.get("failed", 0) - before.arena.get("failed", 0)
    facts = {"complete": after.arena.get("complete", 0), "failed": max(0, failed)}
    severity: Severity = "error" if failed > 0 else "information"
    broken = ("failure",) if failed > 0 else ()
    if before.arena_goes_on and not after.arena_goes_on:
        wrong = f", {failed} just failed" if failed > 0 else ""
        done = count(after.arena.get("complete", 0), "run is complete", "runs are complete")
        yield News(
            text=f"the arena is through: {done}{wrong}",
            kinds=("arena", *broken),
            severity=severity,
            # what was left was stopped or deleted
            by_hand=complete <= 0 and failed <= 0,
            facts=facts,
        )
    elif failed > 0:
        runs = count(failed, "run of the arena failed", "runs of the arena failed")
        yield News(text=runs, kinds=broken, severity="warning", facts=facts)
