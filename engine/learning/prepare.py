"""From what is asked for to a learner that can begin, and what the curves of a stage may cost.

Curves cost tokens, counted before the first step, so that trials of a study are compared on the
same rows at the same steps, and a resumed run measures what it would have.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Final

import numpy as np

from engine.learning.backbone import Backbone, backbone_shape, own_backbone
from engine.learning.device import Device, pick_device
from engine.learning.learner import SequenceLearner
from engine.learning.methods import Method, make_method
from engine.learning.model import SequenceModel
from engine.learning.packed.rows import look_at_no_mask, pack_rows
from engine.learning.plan import Pool, PreparedTask, Setup, StagePlan, plan_stage, pool_size
from engine.learning.shift_sides import Pretrained, sides_of
from engine.learning.vocabulary import keep_tokens, used_tokens
from engine.profiles.grouping import make_grouping
from engine.spec import Protocol, RunSpec
from engine.tasks.catalog import describe
from engine.tasks.encoded import encode, load_tokenizer
from engine.tasks.load import load_task
from engine.tasks.models import model_path
from engine.tasks.shift_sides import take_side
from engine.tasks.splits import split_rows

FEWEST_POINTS: Final = 3
"""Before a stage's end: with fewer there is no curve to look at, and nothing to prune by."""
FEWEST_ROWS: Final = 32
"""Of a task, where it has as many: one row in 32 is a step of 3 %."""
_LEARNING_BY_PREDICTING: Final = 3
"""What learning from a token costs: a forward pass, and a backward pass that is worth two."""


def points_within(
    share: float, learnt: int, followed: Collection[int], tasks: Sequence[PreparedTask]
) -> int:
    """Return how many measurements a stage can afford before its end.

    Args:
        share: of the cost of learning; above 0 some points are always worth it.
        learnt: tokens that are learnt from in the stage, as often as they are.
        followed: the tasks that one measurement predicts.
        tasks: of the sequence.
    """
    one = sum(len(tasks[index].retention.input_ids) for index in followed)
    affordable = int(_budget(share, learnt) / one)
    return max(affordable, FEWEST_POINTS) if share > 0.0 else 0


def rows_within(
    share: float, learnt: int, followed: Collection[int], tasks: Sequence[PreparedTask]
) -> int:
    """Return on how many rows of each task a stage can afford the fewest points of a curve.

    Args:
        share: as for ``points_within``.
        learnt: as there.
        followed: as there.
        tasks: as there.
    """
    row = sum(
        len(tasks[index].retention.input_ids) / len(tasks[index].retention) for index in followed
    )
    return max(FEWEST_ROWS, int(_budget(share, learnt) / (FEWEST_POINTS * row)))


def follow_fewer(task: PreparedTask, rows: int) -> PreparedTask:
    """Return the task with so many of its followed rows at most, evenly spread over all of them."""
    if rows >= len(task.followed):
        return task
    kept = np.linspace(0, len(task.followed) - 1, rows).round().astype(np.int64)
    return replace(task, followed=task.followed[kept])


def tokens_learnt(tasks: Sequence[PreparedTask], pool: Pool, epochs: int) -> int:
    """Return from how many tokens a stage learns, counted as often as they are learnt from."""
    return epochs * sum(tasks[share.task].train.tokens(share.rows) for share in pool)


def _budget(share: float, learnt: int) -> float:
    """Return how many tokens may be predicted."""
    return share * _LEARNING_BY_PREDICTING * learnt


_CACHED_TASKS = 8


def prepare(spec: RunSpec) -> SequenceLearner:
    """Load tasks and backbone, and return a learner at its first step.

    Raises:
        UsageError: a task, the model, the method or the device is not to be had.
    """
    device = pick_device(spec.device, spec.protocol.precision)
    method = make_method(spec)
    tasks = tuple(
        prepare_task(name, spec.data, spec.model, spec.protocol, spec.device)
        for name in spec.sequence
    )
    backbone = _load_lean(spec.model, tasks, device)
    grouping = make_grouping(spec.protocol.grouping, backbone.n_layers)
    pools = method.pools(tasks, spec.seed)
    tasks = _followed_within(tasks, pools, spec.protocol, method)
    setup = Setup(
        tasks=tasks,
        plans=_plan(tasks, pools, spec.protocol, method),
        pools=pools,
        model=spec.model,
        method=method.signature(),
        grouping=grouping,
        learning_rates=method.learning_rates(grouping),
        protocol=spec.protocol,
        seed=spec.seed,
        device=device,
        first_lr=spec.first_lr,
        first_seed=spec.first_seed,
    )
    model = SequenceModel(
        backbone, [task.classes for task in tasks], seed=spec.seed, first_seed=spec.first_seed
    )
    method.shape(model, grouping, setup.seed_of(0))
    return SequenceLearner(setup, model, method)


def prepare_task(
    name: str, data: str, model: str, protocol: Protocol, device: str = "auto"
) -> PreparedTask:
    """Load, split and encode a task; the last few stay in memory for the runs that follow.

    Args:
        name: a task, or a part of one such as ``sst2/short``.
        data: where its rows are.
        model: the backbone that reads them.
        protocol: how they are split.
        device: where the backbone embeds rows, where a part is decided by that.

    Raises:
        UsageError: the task or the model is not to be had, or a class is not in that part.
    """
    entry = describe(name, data)
    return _prepare_task(name, data, model, protocol, device, (entry, entry.stamp()))


@lru_cache(maxsize=_CACHED_TASKS)
def _prepare_task(
    name: str, data: str, model: str, protocol: Protocol, device: str, _stamp: object
) -> PreparedTask:
    task, subset = load_task(name, data), describe(name, data).subset
    tokenizer = load_tokenizer(model_path(model))
    max_length = min(protocol.max_length, backbone_shape(model).longest_input)
    if subset is not None:
        pretrained = Pretrained(model, tokenizer, max_length, device)
        task = take_side(task, subset, sides_of(task, subset.shift, protocol, pretrained))
    splits = split_rows(task, protocol)
    encoded = partial(encode, tokenizer=tokenizer, max_length=max_length)
    validation = encoded(splits.validation)
    return PreparedTask(
        name=task.name,
        labels=task.labels,
        epochs=protocol.epochs or task.epochs,
        fingerprint=task.fingerprint,
        train=encoded(splits.train),
        search=validation if splits.search is splits.validation else encoded(splits.search),
        validation=validation,
        followed=np.array(splits.followed, np.int64),
    )


def _load_lean(model: str, tasks: tuple[PreparedTask, ...], device: Device) -> Backbone:
    """Return a backbone without what these tasks have no use for."""
    backbone = own_backbone(model)
    keep_tokens(backbone.module, used_tokens(part for task in tasks for part in task.parts()))
    return (pack_rows if device.target.type == "cpu" else look_at_no_mask)(backbone)


def _followed_within(
    tasks: tuple[PreparedTask, ...], pools: tuple[Pool, ...], protocol: Protocol, method: Method
) -> tuple[PreparedTask, ...]:
    """Follow as many rows of each task as every stage can afford."""
    if protocol.curve_share is None:
        return tasks
    rows = protocol.retention_rows
    for stage, pool in enumerate(pools):
        learnt = tokens_learnt(tasks, pool, _epochs(tasks, pools, stage))
        followed = method.measured(pools, stage)
        rows = min(rows, rows_within(protocol.curve_share, learnt, followed, tasks))
    return tuple(follow_fewer(task, rows) for task in tasks)


def _about(
    tasks: tuple[PreparedTask, ...], pools: tuple[Pool, ...], stage: int
) -> tuple[PreparedTask, ...]:
    """Return the tasks that a stage is about."""
    return tasks if len(pools) == 1 else tasks[stage : stage + 1]


def _epochs(tasks: tuple[PreparedTask, ...], pools: tuple[Pool, ...], stage: int) -> int:
    """Return how long a stage is: as long as the longest task it is about."""
    return max(task.epochs for task in _about(tasks, pools, stage))


def _plan(
    tasks: tuple[PreparedTask, ...], pools: tuple[Pool, ...], protocol: Protocol, method: Method
) -> tuple[StagePlan, ...]:
    """Plan each stage for the task it is about; one about all of them, as long as its longest."""
    plans: list[StagePlan] = []
    for stage, pool in enumerate(pools):
        about, epochs = _about(tasks, pools, stage), _epochs(tasks, pools, stage)
        followed, affordable = method.measured(pools, stage), None
        if protocol.curve_share is not None:
            learnt = tokens_learnt(tasks, pool, epochs)
            affordable = points_within(protocol.curve_share, learnt, followed, tasks)
        plan = plan_stage(
            "+".join(task.name for task in about),
            rows=pool_size(pool),
            epochs=epochs,
            protocol=protocol,
            first_step=plans[-1].last_step if plans else 0,
            followed=max(len(tasks[index].followed) for index in followed),
            affordable=affordable,
        )
        plans.append(plan)
    return tuple(plans)
