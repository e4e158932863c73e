"""Learning the tasks of a sequence one after another, while watching the earlier ones."""

import math
import time
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import replace
from operator import add

import msgspec
import torch
from torch import Tensor, optim

from engine.errors import EngineError
from engine.learning.checkpoint import (
    Checkpoint,
    Position,
    keep_first_stage,
    pack_optimizer,
    take_over,
    unpack_optimizer,
)
from engine.learning.drift import measure_drift
from engine.learning.evaluation import Examiner, evaluate
from engine.learning.events import (
    Between,
    Event,
    LayerDrift,
    Measured,
    Measurement,
    Planned,
    Probe,
    Stepped,
    Taken,
    Wanted,
    go_on,
)
from engine.learning.gradients import Gradients
from engine.learning.measures import AccuracyMatrix
from engine.learning.methods import Method
from engine.learning.model import (
    Products,
    SequenceModel,
    make_optimizer,
    set_peaks,
    set_rates,
)
from engine.learning.plan import Setup, StagePlan, seed_step
from engine.learning.probing import probes_of
from engine.learning.trace import StepTrace
from engine.spec.protocol import rate_factor


def _always(_: object) -> bool:
    return True


class SequenceLearner:
    """Learns a sequence step by step; between two steps it can be saved, dropped and restored.

    So it can where ``between`` is called, which may raise to end what takes long there: between two
    batches of a measurement, two examples of a Fisher, or two weights of a drift. A restored
    learner measures anew, and goes on with the Fisher where it was.

    At the end of a stage the tasks learnt so far are measured on all rows that score trials, and on
    those of the report, so that all that is told of forgetting is known of both. After a stage that
    ``reports_after`` denies, only those are measured for the report that no stage to come could
    change. Denying all leaves enough for p_o, p_s and ACC, and a trial that is ended early never
    pays for it. Nor does one where ``is_worth_reporting`` denies what was measured until then.

    Where a device's memory is too small for a batch, its rows are learnt from in pieces that give
    the gradient of them all.

    On a CPU with the same number of threads, a restored learner gives bit for bit what an
    undisturbed one gives.
    """

    def __init__(self, setup: Setup, model: SequenceModel, method: Method) -> None:
        """Begin at the model's present, pretrained weights.

        Raises:
            UsageError: the method does not have what it needs.
        """
        self.setup = setup
        self.model = model.to(setup.device.target)
        self.method = method
        self.position = Position()
        self.before_saving: Callable[[], None] = go_on
        self.between: Between = go_on
        self.reports_after: Callable[[int], bool] = _always
        self.is_worth_reporting: Callable[[Measured], bool] = _always
        self.losses_at_once = setup.device.losses_at_once
        self._unread: list[Tensor] = []
        self._gradients = Gradients(setup, self.model, method)
        self._taken_over: tuple[Measured, ...] = ()
        self._followed: dict[int, tuple[int, ...]] = {}
        self._products = Products(self.model.backbone, setup.grouping.n_layers)
        method.start(setup, self.model)
        self.trace = StepTrace(self.model, setup.plans)
        self.optimizer = self._new_optimizer(0)

    def heed_nobody(self) -> None:
        """Let go of whoever is asked while it learns, and would keep its model in memory."""
        self.between = go_on
        self.reports_after = self.is_worth_reporting = _always

    def events(self) -> Iterator[Event]:
        """Learn from the present position to the end, saying what happens."""
        course = self.course()
        said = next(course, None)
        while said is not None:
            if isinstance(said, Wanted):
                began = time.monotonic()
                self._unread.append(self._step(said))
                at_once = said.step in self.setup.plans[said.stage].measured_at
                loss = self._read_losses(at_once=at_once)
                said = course.send(Taken(loss, time.monotonic() - began))
            else:
                yield said
                said = next(course, None)

    def course(self) -> Generator[Event | Wanted, Taken]:
        """Do as ``events`` says, but let the caller take every step and say so."""
        yield Planned(self.setup.plans)
        self.method.get_ready(self.setup, self.model, self.between)
        yield from self._taken_over
        for stage in range(self.position.stage, len(self.setup.plans)):
            if stage > self.position.stage:
                self._begin_stage(stage)
                self._move(stage=stage, step=0, first_stage=())
            yield from self._learn_stage(stage)

    @property
    def steps_taken(self) -> int:
        """How many steps were taken, over all stages."""
        return self.setup.plans[self.position.stage].first_step + self.position.step

    @property
    def search_matrix(self) -> AccuracyMatrix:
        """What tasks score on the rows that score trials."""
        return AccuracyMatrix(self.position.accuracies("search"))

    @property
    def validation_matrix(self) -> AccuracyMatrix:
        """What tasks score on the rows that are for reporting."""
        return AccuracyMatrix(self.position.accuracies("validation"))

    def count_classes(self, task: int) -> tuple[int, ...]:
        """Return how many rows of a task that score trials are predicted to be of each class.

        Those that are followed are not predicted again where they were since the last step.
        """
        asked = self.setup.tasks[task]
        known = self._followed.get(task)
        rows = asked.search if known is None else asked.unfollowed
        if known is not None and not len(rows):
            return known
        with self.method.as_measured(self.model):
            found = evaluate(self.model, rows, task, self.setup.device, self.between)
        counts = found.class_counts(asked.classes)
        return counts if known is None else tuple(map(add, counts, known))

    def save(self, extra: str = "") -> Checkpoint:
        """Return the present state; ``extra`` is stored with it.

        On a CPU its tensors are the learner's own: write it before the learner goes on.
        """
        self.before_saving()
        rooms = {
            "model": self.model.state_dict(),
            "optimizer": pack_optimizer(self.optimizer),
            "method": self.method.state(),
        }
        tensors = {
            f"{room}.{name}": value.detach().cpu().contiguous()
            for room, values in rooms.items()
            for name, value in values.items()
        }
        return Checkpoint(
            setup=self.setup.fingerprint, position=self.position, tensors=tensors, extra=extra
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take over the state that ``save`` returned.

        Raises:
            EngineError: it was saved under other settings or with other data.
        """
        if checkpoint.setup != self.setup.fingerprint:
            raise EngineError(
                "the run's checkpoint was written for other data or settings; bring those back to "
                "resume it, or begin a new run"
            )
        rooms: dict[str, dict[str, Tensor]] = {"model": {}, "optimizer": {}, "method": {}}
        for name, value in checkpoint.tensors.items():
            room, key = name.split(".", 1)
            rooms[room][key] = value
        self.position = checkpoint.position
        self.model.load_state_dict(rooms["model"])
        unpack_optimizer(self.optimizer, rooms["optimizer"])
        set_peaks(self.optimizer, self.setup.rates_of(self.position.stage))
        target = self.setup.device.target
        self.method.load({name: value.to(target) for name, value in rooms["method"].items()})

    def first_stage(self, key: str) -> Checkpoint:
        """Return the state just after stage 1 for other runs to take over.

        Args:
            key: as ``first_stage_key`` gives it.
        """
        position = msgspec.structs.replace(self.position, due=None, first_stage=())
        return keep_first_stage(key, self.model, self.method, position, self.position.first_stage)

    def take_over(self, first: Checkpoint) -> None:
        """Begin after the first stage of another run that has the same key."""
        self._taken_over = take_over(first, self.model, self.method)
        self.position = first.position

    def _begin_stage(self, stage: int) -> None:
        self.method.begin_stage(self.setup, self.model, stage, self.between)
        self.trace.begin_stage()
        if self.setup.protocol.optimizer_state == "fresh":
            self.optimizer = self._new_optimizer(stage)
        else:
            set_peaks(self.optimizer, self.setup.rates_of(stage))

    def _learn_stage(self, stage: int) -> Generator[Event | Wanted, Taken]:
        plan, protocol = self.setup.plans[stage], self.setup.protocol
        if protocol.idle_heads == "frozen":
            self.model.freeze_heads_but({share.task for share in self.setup.pools[stage]})
        self.model.train(protocol.dropout)
        due = self.position.due
        after = self.position.step - (due is not None)
        for step, indices in enumerate(self.setup.batches(stage, after), start=after + 1):
            if due is None:
                self._followed = {}
                taken = yield Wanted(stage, step, indices)
            else:
                taken, due = Taken(due), None
            if step in plan.measured_at:
                self._move(step=step, due=taken.loss)
                began = time.monotonic()
                with self.method.as_measured(self.model):
                    measured = self._measure(plan, stage, step)
                yield replace(measured, seconds=time.monotonic() - began)
            self._move(step=step, due=None)
            lengths = self.setup.lengths(stage, indices)
            yield Stepped(
                stage=stage,
                step=plan.first_step + step,
                loss=taken.loss,
                tokens=int(lengths.sum()),
                seconds=taken.seconds,
                products=self._products.of(lengths),
                traces=() if taken.loss is None else self.trace.read(),
            )

    def _step(self, wanted: Wanted) -> Tensor:
        setup, stage, step = self.setup, wanted.stage, wanted.step
        seed_step(setup.seed_of(stage), stage, step, setup.device)
        self.method.begin_step(setup, self.model, stage, step)
        loss = self._gradients.of_step(wanted)
        self.set_rates(wanted)
        self.method.before_update(setup, self.model, self.optimizer, stage, step)
        if setup.protocol.idle_heads == "drifting":
            self.model.give_learnt_heads_zero_gradients(stage)
        with self.trace.update(wanted, loss):
            self.optimizer.step()
        self.method.end_step(setup, self.model, stage, step)
        return loss

    def _read_losses(self, *, at_once: bool) -> float | None:
        if len(self._unread) < self.losses_at_once and not at_once:
            return None
        losses: list[float] = torch.stack(self._unread).tolist()
        self._unread = []
        return next((loss for loss in losses if not math.isfinite(loss)), losses[-1])

    def has_taken(self, wanted: Wanted, loss: float | None) -> None:
        """Know that a step was taken with others: what follows it in the course is due."""
        self._move(step=wanted.step, due=loss)

    def set_rates(self, wanted: Wanted) -> None:
        """Give the optimizer the rates of a step."""
        steps = self.setup.plans[wanted.stage].steps
        set_rates(self.optimizer, rate_factor(wanted.step - 1, steps, self.setup.protocol.warmup))

    def _measure(self, plan: StagePlan, stage: int, step: int) -> Measured:
        setup, at_end = self.setup, step == plan.steps
        which = self.method.measured(setup.pools, stage)
        examiner = Examiner(
            self.model,
            setup.tasks,
            setup.device,
            self.between,
            setup.protocol.score,
            summaries=setup.protocol.probe_rows > 0,
        )
        found = (examiner.examine if at_end else examiner.follow)(which)
        self._followed = {item.task: item.predicted for item in found if item.split == "retention"}
        event = Measured(
            stage=stage,
            step=plan.first_step + step,
            fraction=step / plan.steps,
            measurements=(*self._as_it_was(stage, which), *found) if at_end else found,
        )
        if at_end:
            event = self._at_end(event, examiner, which)
        if stage == 0:
            self._move(first_stage=(*self.position.first_stage, event))
        return event

    def _at_end(self, event: Measured, examiner: Examiner, which: Collection[int]) -> Measured:
        """Add what is measured at the end of a stage alone, and remember all of it."""
        stage = event.stage
        if self.is_worth_reporting(event):
            report = examiner.report(self._to_report(stage, which))
            probes = tuple(self._probes(examiner))
            event = replace(event, measurements=(*event.measurements, *report), probes=probes)
        event = replace(event, drift=self._drift(stage))
        self._move(stage_ends=(*self.position.stage_ends[:stage], event.measurements))
        return event

    def _to_report(self, stage: int, which: Collection[int]) -> Collection[int]:
        """Return which of the tasks that were measured after a stage are so for the report."""
        if self.reports_after(stage):
            return which
        to_come = range(stage + 1, len(self.setup.plans))
        later = {task for each in to_come for task in self.method.measured(self.setup.pools, each)}
        return [task for task in which if task not in later]

    def _probes(self, examiner: Examiner) -> Iterator[Probe]:
        if self.setup.protocol.probe_rows:
            for task, found in examiner.examined.items():
                yield from probes_of(self.setup, self.model, task, found, self.between)

    def _drift(self, stage: int) -> tuple[LayerDrift, ...]:
        learnt = {share.task for pool in self.setup.pools[: stage + 1] for share in pool}
        weights = self.method.acting_weights(self.model)
        return measure_drift(self.setup, self.model, weights, learnt, self.between)

    def _as_it_was(self, stage: int, which: Collection[int]) -> tuple[Measurement, ...]:
        """Return what was measured of the earlier tasks that this stage could not change."""
        before = self.position.stage_ends[stage - 1] if stage else ()
        return tuple(item for item in before if item.task not in which)

    def _move(self, **changes: object) -> None:
        self.position = msgspec.structs.replace(self.position, **changes)

    def _new_optimizer(self, stage: int) -> optim.Adam:
        # Over every head, whatever is frozen: Adam passes over what has no gradient.
        self.model.unfreeze_heads()
        return make_optimizer(self.model, self.setup.grouping, self.setup.rates_of(stage))
