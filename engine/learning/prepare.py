"""From what is asked for to a learner that can begin."""

from functools import lru_cache, partial

import numpy as np

from engine.learning.backbone import Backbone, backbone_shape, load_backbone
from engine.learning.curves import (
    follow_fewer,
    points_within,
    rows_within,
    tokens_learnt,
)
from engine.learning.device import Device, pick_device
from engine.learning.lean import keep_tokens, look_at_no_mask, pack_rows, used_tokens
from engine.learning.learner import SequenceLearner
from engine.learning.methods import Method, make_method
from engine.learning.model import SequenceModel
from engine.learning.plan import Pool, PreparedTask, Setup, StagePlan, plan_stage, pool_size
from engine.learning.shift_sides import Pretrained, sides_of
from engine.profiles.grouping import make_grouping
from engine.spec import Protocol, RunSpec
from engine.tasks.catalog import describe
from engine.tasks.encoded import encode
from engine.tasks.load import load_task
from engine.tasks.models import model_path
from engine.tasks.shift_sides import take_side
from engine.tasks.splits import split_rows
from engine.tasks.tokenizer import load_tokenizer

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
        classes=task.classes,
        epochs=protocol.epochs or task.epochs,
        fingerprint=task.fingerprint,
        train=encoded(splits.train),
        search=validation if splits.search is splits.validation else encoded(splits.search),
        validation=validation,
        followed=np.array(splits.followed, np.int64),
    )


def _load_lean(model: str, tasks: tuple[PreparedTask, ...], device: Device) -> Backbone:
    """Load a backbone without what these tasks have no use for."""
    backbone = load_backbone(model)
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
        affordable = None
        if protocol.curve_share is not None:
            learnt, followed = tokens_learnt(tasks, pool, epochs), method.measured(pools, stage)
            affordable = points_within(protocol.curve_share, learnt, followed, tasks)
        plan = plan_stage(
            "+".join(task.name for task in about),
            rows=pool_size(pool),
            epochs=epochs,
            protocol=protocol,
            first_step=plans[-1].last_step if plans else 0,
            affordable=affordable,
        )
        plans.append(plan)
    return tuple(plans)
