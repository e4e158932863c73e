"""What was found in a study: its best trial and its baseline, beside each other and in words."""

from collections.abc import Iterator, Sequence
from typing import Final

from bertcl_tui.report.sheets import Sheet
from bertcl_tui.report.study import Chosen, StudyLook
from bertcl_tui.store.trial_rows import Confirmation, TrialRow
from bertcl_tui.study.baseline import flat_name
from bertcl_tui.style.wording import (
    at_the_beginning,
    count,
    mean_of,
    score,
    signed,
)
from bertcl_tui.trial.classes import earlier_tasks, taken_for_text
from bertcl_tui.trial.look import SPLIT_TITLES, Accuracies
from engine.learning.confusion import ClassChange, most_forgotten
from engine.spec.protocol import SCORE_NAMES

MOST_CLASSES: Final = 30
"""Of a task in a table."""


def headlines(look: StudyLook) -> Sheet:
    """Return what is to be seen first: scores over seeds, and what is retained."""
    told = {
        f"#{chosen.trial.number}, {title}": _told(look, chosen) for title, chosen in _told_of(look)
    }
    names = dict.fromkeys(name for each in told.values() for name in each)
    return Sheet(
        caption="The best trial, and the best one that has one rate for all choices.",
        heads=("", *told),
        align="l" + "r" * len(told),
        rows=tuple((name, *(each.get(name, "–") for each in told.values())) for name in names),
    )


def _told_of(look: StudyLook) -> Iterator[tuple[str, Chosen]]:
    """Yield the trials that are told of in full, with what they are; one may be both."""
    best, flat = look.best, look.flat
    if best is not None:
        is_flat = flat is not None and flat.trial.number == best.trial.number
        yield "the best and the flat baseline" if is_flat else "the best", best
    if flat is not None and (best is None or flat.trial.number != best.trial.number):
        yield "flat baseline", flat


def _told(look: StudyLook, chosen: Chosen) -> dict[str, str]:
    trial, first = chosen.trial, look.tasks[0]
    raced, again = trial.raced, trial.confirmation
    told = {
        "p with its own seed": score(trial.p),
        "mean p over its seeds": "" if raced is None else _over_seeds(raced),
        "p_o: kept": score(trial.p_o),
        "p_s: learnt": score(trial.p_s),
        **dict(_kept(look, chosen, first)),
        "confirmed with fresh seeds": "" if again is None else _over_seeds(again),
        "p on the validation rows": score(trial.reported_p),
    }
    return {name: text for name, text in told.items() if text not in {"", score(None)}}


def _kept(look: StudyLook, chosen: Chosen, first: str) -> Iterator[tuple[str, str]]:
    """Yield how well the first task was known when it was learnt, and how well at the end."""
    found = next((each for each in chosen.accuracies if each.split == "search"), None)
    if found is None or not found.is_whole(len(look.tasks)):
        return
    matrix = found.matrix
    if matrix.forgetting is not None:
        yield f"{found.name} on {first}, after its stage → at the end", _change(found, 0)
        yield "forgetting", signed(matrix.forgetting)


def _change(found: Accuracies, task: int) -> str:
    return f"{score(found.rows[task][task])} → {score(found.matrix.last[task])}"


def abstract(look: StudyLook) -> list[str]:
    """Return what was found, in a few sentences."""
    row, best, flat = look.row, look.best, look.flat
    if best is None or row.best is None:
        return [
            f"{count(look.trials, 'trial')} so far; none is complete."
            if look.trials
            else "No trial yet."
        ]
    half = "" if row.best.half_width is None else f" ± {row.best.half_width:.3f}"
    kind = f"the mean of {count(row.best.seeds, 'seed')}" if row.best.seeds > 1 else "with one seed"
    complete = count(row.counts.get("complete", 0), "complete trial")
    found = [
        (
            f"The best of {complete} is #{row.best.number}: p = {row.best.p:.3f}{half}, {kind} "
            f"(p_o {row.best.p_o:.3f}, p_s {row.best.p_s:.3f})."
        )
    ]
    if flat is None:
        found.append("No trial with one rate for all choices is complete: there is no baseline.")
    elif flat.trial.number == best.trial.number:
        found.append("It has one rate for all choices: it is the flat baseline itself.")
    else:
        scored = next(each for each in look.scored if each.number == flat.trial.number)
        found.append(
            f"The best with one rate for all choices, {flat_name(scored)}, comes to "
            f"p = {_mean(flat.trial)}."
        )
    return [*found, *_retained(look)]


def _mean(trial: TrialRow) -> str:
    if trial.raced is None:
        return f"{score(trial.p)} with one seed"
    return f"{mean_of(trial.raced)} over {count(len(trial.raced.scores), 'seed')}"


def _over_seeds(several: Confirmation) -> str:
    return f"{mean_of(several)} ({count(len(several.scores), 'seed')})"


def _retained(look: StudyLook) -> Sequence[str]:
    """Say what the best trial still knows of the first task, beside what the baseline does."""
    told = [
        f"{title} {change}"
        for title, chosen in _told_of(look)
        for name, change in _kept(look, chosen, look.tasks[0])
        if "→" in name
    ]
    if not told:
        return []
    what, first, last = at_the_beginning(SCORE_NAMES[look.row.score]), look.tasks[0], look.tasks[-1]
    learnt = f"{what} on {first} before and after {last} is learnt"
    return [f"{learnt}, on the rows that score trials: {'; '.join(told)}."]


def stage_sheets(look: StudyLook) -> Iterator[Sheet]:
    """Yield what the best trial and the baseline knew of each task when each stage was over."""
    for title, chosen in _told_of(look):
        for found in chosen.accuracies:
            yield Sheet(
                caption=f"#{chosen.trial.number}, {title}: {found.name} after each stage on the "
                f"{SPLIT_TITLES[found.split]}.",
                heads=("after", "steps", *look.tasks),
                align="ll" + "r" * len(look.tasks),
                rows=tuple(_stage_rows(look, chosen, found)),
            )


def class_sheets(look: StudyLook) -> Iterator[Sheet]:
    """Yield which classes of the earlier tasks the best trial and the baseline forgot."""
    for title, chosen in _told_of(look):
        for found in earlier_tasks(look.tasks, chosen.confusions):
            changes = most_forgotten(found.changes)
            some = f"; the {MOST_CLASSES} most forgotten of {len(changes):,} classes"
            yield Sheet(
                caption=f"#{chosen.trial.number}, {title}: recall on each class of {found.name} "
                f"before and after {look.tasks[found.stage]} is learnt, on the "
                f"{SPLIT_TITLES['search']}{some if len(changes) > MOST_CLASSES else ''}. "
                "Taken for: as which other classes more of its rows are predicted.",
                heads=("class", "rows", "before", "after", "fall", "taken for"),
                align="lrrrrl",
                rows=tuple(map(_class_row, changes[:MOST_CLASSES])),
            )


def _class_row(change: ClassChange) -> tuple[str, ...]:
    shares = (score(change.before), score(change.after), signed(change.fall))
    return (change.label, f"{change.rows:,}", *shares, taken_for_text(change))


def _stage_rows(look: StudyLook, chosen: Chosen, found: Accuracies) -> Iterator[tuple[str, ...]]:
    stages = chosen.curves.stages if chosen.curves else ()
    at_once = found.is_at_once(len(look.tasks))
    for stage, accuracies in zip(found.stages, found.rows, strict=True):
        span = stages[stage] if stage < len(stages) else None
        steps = "" if span is None else f"{span.first_step + 1}–{span.last_step}"
        cells = [score(accuracy) for accuracy in accuracies]
        blank = [""] * (len(look.tasks) - len(cells))
        yield ("all at once" if at_once else look.tasks[stage], steps, *cells, *blank)
