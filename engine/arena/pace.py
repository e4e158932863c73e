"""How long another run will take: as those like it took, in proportion to what there is to learn.

The one place where forms, the power dial and its hours have it from.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.spec import Protocol, RunSpec, StudySpec
from engine.store.racing import FEWEST, TRIALS_PER_RACE
from engine.store.timing import TimedRun, WorkTime
from engine.tasks.facts import TaskFacts
from engine.tasks.models import stated_shape

_HOUR: Final = 3600.0
_MOST: Final = 20
"""The newest of the runs that are most alike: their mean says it."""
_RATES: Final = frozenset({"flat", "llrd", "profile"})
"""Methods that differ in their rates alone."""
_SCORED: Final = 1000
"""Rows that score a trial where nobody says how many, and there are enough."""

Facts = Mapping[str, TaskFacts]
"""What is known of tasks, by their names in a sequence."""


class Pace(Struct, frozen=True, kw_only=True):
    """How long runs of one kind took, on average."""

    seconds: float
    """One run, at work."""
    measuring: float
    """Of it, on rows that are measured."""
    at_once: float
    """How many were at work at a time."""
    runs: int
    """How many it is the mean of; 0: nobody knows."""

    def hours(self, runs: int, more_rows: float = 1.0) -> float:
        """Return how long so many runs take, with so many times the rows."""
        each = self.seconds + (more_rows - 1) * self.measuring
        return runs * each / max(self.at_once, 1.0) / _HOUR


def pace_of(times: Sequence[WorkTime]) -> Pace:
    """Return how long runs took, and how many were at work while any was."""
    if not times:
        return Pace(seconds=0.0, measuring=0.0, at_once=1.0, runs=0)
    busy = sum(each.busy for each in times)
    begun = sorted(each.started for each in times)
    over = sorted(each.finished for each in times)
    covered, end = 0.0, -math.inf
    for each in sorted(times, key=lambda each: each.started):
        covered += max(0.0, each.finished - max(each.started, end))
        end = max(end, each.finished)
    most = max(bisect_right(begun, at) - bisect_right(over, at) for at in begun)
    return Pace(
        seconds=busy / len(times),
        measuring=sum(each.measuring for each in times) / len(times),
        at_once=max(1.0, min(busy / covered, most)) if covered > 0 else 1.0,
        runs=len(times),
    )


class Estimate(Struct, frozen=True, kw_only=True):
    """How long a run will take, and who says so."""

    seconds: float
    runs: int
    """How many it is the mean of."""
    like: TimedRun
    """The newest of them."""
    here: bool
    """Whether they were run on this machine, as far as the store says."""
    same: bool
    """Whether they learnt this very sequence with this very model."""


def estimate(spec: RunSpec, timed: Sequence[TimedRun], facts: Facts, host: str) -> Estimate | None:
    """Say how long a run will take by those that are most like it; None: nothing is known.

    What is learnt is in proportion to rows and epochs, or to tokens where those were counted; to
    layers and the square of their width where the runs had another model. Loading and the like is
    not: it takes what it took.

    Args:
        spec: of the run.
        timed: what runs took.
        facts: of its tasks, and of others where they are known.
        host: the name of this machine.
    """
    ranks = {index: _distance(run, spec, host) for index, run in enumerate(timed)}
    for nearest in sorted(set(ranks.values())):
        alike = [run for index, run in enumerate(timed) if ranks[index] == nearest][:_MOST]
        seconds = [found for run in alike if (found := _seconds(run, spec, facts)) is not None]
        if seconds:
            like = alike[0]
            return Estimate(
                seconds=fmean(seconds),
                runs=len(seconds),
                like=like,
                here=like.host == host,
                same=(like.spec.sequence, like.spec.data, like.spec.model)
                == (spec.sequence, spec.data, spec.model),
            )
    return None


def study_seconds(
    study: StudySpec, timed: Sequence[TimedRun], facts: Facts, host: str, workers: int
) -> tuple[Estimate, float] | None:
    """Say how long a trial of a study takes, and all of it; None: nothing is known.

    No trial is taken to be ended early, so that it is rather less. Races count, and where later
    stages alone are searched stage 1 counts once.

    Args:
        study: that is set up.
        timed: as for ``estimate``.
        facts: as there.
        host: as there.
        workers: how many learn at a time.
    """
    trial = study.trial(0, (), {"lr": 1e-5})
    found = estimate(trial, timed, facts, host)
    if found is None:
        return None
    search, runs = study.search, float(study.search.trials)
    if search.racing == "on" and search.trials >= FEWEST:
        runs += search.trials // TRIALS_PER_RACE
    epochs = sum(_epochs(task, study.protocol, facts, found.like) for task in _learnt_tasks(trial))
    if search.budget_epochs is not None:
        runs = min(runs, math.ceil(search.budget_epochs / epochs))
    at_once = max(1, min(workers, search.in_order or workers, math.ceil(runs)))
    whole = runs * found.seconds / at_once
    return found, whole + _first_stage(study, timed, facts, host, found.seconds)


def _first_stage(
    study: StudySpec, timed: Sequence[TimedRun], facts: Facts, host: str, later: float
) -> float:
    """Return how long the stage takes that all trials go on from; 0 where each learns its own."""
    if study.first_lr is None:
        return 0.0
    whole = replace(study.trial(0, (), {"lr": 1e-5}), first_lr=None, first_seed=None)
    found = estimate(whole, timed, facts, host)
    return 0.0 if found is None else max(0.0, found.seconds - later)


def _distance(run: TimedRun, spec: RunSpec, host: str) -> tuple[int, ...]:
    """Return how unlike a run is, the gravest difference first."""
    own = run.spec
    of_tasks = 0 if own.data == spec.data else len(spec.sequence)
    return (
        0 if run.host == host else 1 if run.host is None else 2,
        own.model != spec.model,
        of_tasks or len(set(spec.sequence) - set(own.sequence)),
        own.sequence != spec.sequence,
        not (own.method == spec.method or {own.method, spec.method} <= _RATES),
        (own.first_lr is None) != (spec.first_lr is None),
        own.device != spec.device,
        own.protocol.precision != spec.protocol.precision,
        own.protocol.batch_size != spec.protocol.batch_size,
        own.protocol.train_rows != spec.protocol.train_rows,
    )


def _seconds(run: TimedRun, spec: RunSpec, facts: Facts) -> float | None:
    """Return how long a run would take by another one; None: nobody knows how much it has to do."""
    before, after = _learnt(run.spec, facts, run), _learnt(spec, facts, run)
    if before is None or after is None:
        return None
    tokens = _tokens(run.spec, facts), _tokens(spec, facts)
    per_row = 1.0 if None in tokens else _ratio(tokens[1] or 1.0, tokens[0] or 1.0)
    model = _weight(spec.model, run.spec.model)
    more = _ratio(after, before) * per_row * model
    measured = _ratio(_measured(spec, facts), _measured(run.spec, facts)) * per_row * model
    return run.learning * more + run.measuring * measured + run.waiting


def _learnt_tasks(spec: RunSpec) -> tuple[str, ...]:
    return spec.sequence if spec.first_lr is None else spec.sequence[1:]


def _learnt(spec: RunSpec, facts: Facts, like: TimedRun) -> float | None:
    """Return from how many rows a run learns, as often as it does, whole batches of them."""
    protocol, whole = spec.protocol, 0.0
    for task in _learnt_tasks(spec):
        rows = _rows(task, protocol, facts, like)
        if rows is None:
            return None
        steps = math.ceil(rows / protocol.batch_size)
        whole += steps * protocol.batch_size * _epochs(task, protocol, facts, like)
    return whole


def _rows(task: str, protocol: Protocol, facts: Facts, like: TimedRun) -> int | None:
    """Return how many rows of a task are learnt from in an epoch."""
    if task in facts:
        return min(facts[task].rows, protocol.train_rows or facts[task].rows)
    for place, stage in enumerate(like.stages):
        if like.spec.sequence[place : place + 1] == (task,) and stage.epochs:
            rows = round(stage.steps / stage.epochs * like.spec.protocol.batch_size)
            most = like.spec.protocol.train_rows
            is_all = most is None or rows < most
            if protocol.train_rows == most or is_all or rows >= (protocol.train_rows or math.inf):
                return min(rows, protocol.train_rows or rows)
    return protocol.train_rows


def _epochs(task: str, protocol: Protocol, facts: Facts, like: TimedRun) -> int:
    """Return how often the rows of a task are learnt from."""
    if protocol.epochs is not None:
        return protocol.epochs
    if task in facts:
        return facts[task].epochs
    for place, stage in enumerate(like.stages):
        if like.spec.sequence[place : place + 1] == (task,) and stage.epochs:
            return stage.epochs
    return next((stage.epochs for stage in like.stages if stage.epochs), 1)


def _tokens(spec: RunSpec, facts: Facts) -> float | None:
    """Return how many tokens a row has, on average over the tasks; None: not counted."""
    found = [
        facts[task].mean_tokens(spec.protocol.max_length) if task in facts else None
        for task in _learnt_tasks(spec)
    ]
    known = [tokens for tokens in found if tokens is not None]
    return fmean(known) if known and len(known) == len(found) else None


def _measured(spec: RunSpec, facts: Facts) -> float:
    """Return on how many rows a run is measured at the ends of its stages."""
    most, several = spec.protocol.eval_rows, 0.0
    for place, task in enumerate(spec.sequence):
        known = facts.get(task)
        held = min(most or _SCORED, known.held if known else _SCORED)
        validation = min(most or math.inf, known.validation if known else most or _SCORED)
        rows = validation if spec.protocol.selection == "validation" else held + validation
        several += rows * (len(spec.sequence) - place)
    return several


def _weight(model: str, other: str) -> float:
    """Return how much more a model has to do for a token; 1 where that is not known here."""
    shapes = stated_shape(model), stated_shape(other) if model != other else None
    known = [shape for shape in shapes if shape is not None and shape.hidden_size]
    if len(known) < len(shapes):
        return 1.0
    work = [shape.n_layers * (shape.hidden_size or 1) ** 2 for shape in known]
    return work[0] / work[1]


def _ratio(some: float, others: float) -> float:
    return some / others if others else 1.0
