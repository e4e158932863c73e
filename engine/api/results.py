"""What the verbs return, as values and tables; what is combined of it, and put to use."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from engine import profiles
from engine.api.arguments import for_python
from engine.arena.offers import finished_profile, offer
from engine.errors import UsageError
from engine.exports.rows import to_arrow
from engine.learning.measures import AccuracyMatrix, Lost
from engine.profiles import DEFAULT_BASE, Profile
from engine.profiles import combine as combine_trials
from engine.profiles.parameters import Model
from engine.spec import RunSpec
from engine.store.measurements import DriftRecord, MeasurementRecord, Split
from engine.store.racing import Standing, best_first_by
from engine.store.states import RunState
from engine.store.studies import StudyRecord
from engine.trainers import decayed_groups

read_profile = for_python(profiles.read_profile)
write_profile = for_python(profiles.write_profile)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Row = Sequence[Any]


class Table(Struct, frozen=True, kw_only=True):
    """Something that is a table too."""

    def columns(self) -> tuple[str, ...]:
        """Return the names of the table's columns."""
        raise NotImplementedError

    def rows(self) -> Iterator[Row]:
        """Yield the table's rows, a value for each column; None: there is none."""
        raise NotImplementedError

    def to_arrow(self) -> "pa.Table":
        """Return the table for Arrow; a missing value is null."""
        return to_arrow(self.columns(), self.rows())

    def to_pandas(self) -> "pd.DataFrame":
        """Return the table for pandas; a missing value is NaN or None."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame


class Trial(Struct, frozen=True, kw_only=True):
    """A profile that a study has tried."""

    number: int
    """In its study, from 0."""
    run_id: int
    """In the store, as ``bertcl-tui query`` has it."""
    label: str | None
    """Of a known profile that was tried first; None: the sampler's own."""
    state: RunState
    reason: str | None
    p: float | None
    """p_o + p_s with its own seed, 0 to 2; None: it has not come to its end."""
    p_o: float | None
    """Accuracy on the earlier tasks after the last stage, mean over them."""
    p_s: float | None
    """Accuracy on the last task."""
    p_o_before: float | None
    """Accuracy on the earlier tasks, each after its own stage."""
    forgetting: float | None
    """Mean fall from each earlier task's best before the last stage; below 0 where it was won."""
    mean_p: float | None
    """Mean of p over its seeds: its own, and those of its races."""
    seeds: int
    """How many those are; 0: it has not come to its end."""
    learning_rates: tuple[float, ...]
    """One per choice, from the embeddings to the heads; empty: not known yet."""


_FACTS: Final = tuple(name for name in Trial.__struct_fields__ if name != "learning_rates")


class Study(Table, frozen=True, kw_only=True):
    """A study and its trials. As a table: a row per trial, with a column ``lr0`` … per choice."""

    record: StudyRecord
    """Its specification, and what it shall do."""
    over: bool
    """Whether it wants no more trials and has none under way."""
    trials: tuple[Trial, ...]
    """By number."""
    best: Trial | None
    """By mean p, of those with three seeds once there are any; None: none is complete."""

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def profile(self) -> Profile:
        """The combination of its complete trials (eq. 1 of the paper), as ``combine`` makes it.

        Raises:
            UsageError: no trial is complete.
        """
        return combine(self)

    def only(self, *numbers: int) -> "Study":
        """Return the study as if it had these trials alone, to be combined."""
        kept = tuple(trial for trial in self.trials if trial.number in numbers)
        return replace(self, trials=kept, best=_best_of(kept))

    def columns(self) -> tuple[str, ...]:
        return (*_FACTS, *(f"lr{choice}" for choice in range(self._choices())))

    def rows(self) -> Iterator[Row]:
        for trial in self.trials:
            none_yet = [None] * (self._choices() - len(trial.learning_rates))
            yield (
                *(getattr(trial, name) for name in _FACTS),
                *trial.learning_rates,
                *none_yet,
            )

    def _choices(self) -> int:
        return max((len(trial.learning_rates) for trial in self.trials), default=0)


def _best_of(trials: Iterable[Trial]) -> Trial | None:
    complete = {trial: trial.mean_p for trial in trials if trial.mean_p is not None}
    ranked = best_first_by(
        complete, lambda trial: Standing(complete[trial], trial.seeds, trial.number)
    )
    return next(iter(ranked), None)


class Run(Table, frozen=True, kw_only=True):
    """A sequence learnt once. As a table: a row per measurement, as in ``curves``."""

    run_id: int
    """In the store."""
    spec: RunSpec
    state: RunState
    reason: str | None
    p: float | None
    p_o: float | None
    p_s: float | None
    learning_rates: tuple[float, ...]
    """One per choice, from the embeddings to the heads."""
    accuracies: Mapping[Split, AccuracyMatrix]
    """By split, row i: accuracy on each task after stage i, or macro-F1 where the protocol scores
    by it; ``search`` scores, ``validation`` is for the report."""
    curves: tuple[MeasurementRecord, ...]
    """Accuracy, macro-F1 (0 to 1) and loss (nats) by step, task and split; ``scored`` is the one of
    the two that p is made of."""
    drift: tuple[DriftRecord, ...]
    """How far each layer moved by the end of each stage."""
    lost: tuple[Lost, ...]
    """How much of each earlier task was lost in the encoder and how much in its head, where linear
    probes told (``probe_rows`` of the protocol)."""

    def columns(self) -> tuple[str, ...]:
        return ("step", "stage", "task", "split", "accuracy", "macro_f1", "score", "loss")

    def rows(self) -> Iterator[Row]:
        for each in self.curves:
            task = self.spec.sequence[each.task]
            known = (each.accuracy, each.macro_f1, each.scored, each.loss)
            yield (each.step, each.stage, task, each.split, *known)


@for_python
def combine(
    studies: Study | Sequence[Study], *, base: float = DEFAULT_BASE, name: str = "combined"
) -> Profile:
    """Combine the complete trials of studies into one profile (eq. 1 of the paper).

    Args:
        studies: one or several; ``study.only(1, 4, 7)`` has some of its trials alone.
        base: how much more the better trials of a study weigh; 1: all alike.
        name: of the profile.

    Returns:
        A profile, to be written with ``write_profile`` or put into an optimizer by
        ``param_groups``.

    Raises:
        UsageError: no trial is complete, or the studies do not go together: other backbone,
            grouping, protocol or stages.
    """
    several = [studies] if isinstance(studies, Study) else list(studies)
    if not several:
        raise UsageError("no study to combine; give one, or a list of them")
    offers = [offer(each.record, each.trials) for each in several]
    return finished_profile(combine_trials(offers, base, strict=True), name)


@for_python
def param_groups(
    model: Model,
    profile: Profile,
    *,
    weight_decay: float | None = None,
    head_names: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Give every trainable parameter the learning rate of its choice.

    Args:
        model: a bare backbone or one with heads, also as wrapped by PEFT, DDP or torch.compile.
        profile: for a backbone of that depth; ``engine.profiles.transfer`` carries one over.
        weight_decay: of matrices; biases and norms then are in groups of their own, with 0. None:
            the optimizer's, for all.
        head_names: names of the model's own head modules, besides ``classifier`` and the like.

    Returns:
        Groups for any torch optimizer: ``{"name": "layer 1", "choice": 1, "lr": 9.2e-07,
        "params": [...]}``, with ``weight_decay`` where one was given.

    Raises:
        UsageError: the model has another depth, or a parameter's place is not certain.
    """
    if weight_decay is None:
        return profiles.param_groups(model, profile, head_names=head_names)
    return decayed_groups(model, profile, weight_decay, head_names=head_names)
