"""The trials of a search: what to try next, and what came of it."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import msgspec
import optuna
from msgspec import Struct
from optuna.exceptions import UpdateFinishedTrialError
from optuna.pruners import NopPruner
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from engine.errors import DeletedError, EngineError, shown
from engine.search.drafting import draft_trial
from engine.search.early_stopping import Flatness, flatness, make_pruner
from engine.search.endings import Ending, Pending, in_optunas_words, last_report
from engine.search.samplers import SeededSampler, ignores_pruned
from engine.search.seen import Seen, ending_of
from engine.search.spaces import Space, WarmStart
from engine.search.storage import AGAIN, ENDED, LABEL, TrialsByNumber, open_storage, plain_errors
from engine.spec import StudySpec

_STARTS: Final = "warm_starts"


class Proposal(Struct, frozen=True):
    """Learning rates to try."""

    number: int
    learning_rates: tuple[float, ...]
    label: str | None
    """Of the warm start; None: the sampler's own."""
    options: dict[str, float] = {}
    """From which the study's method makes these rates; empty: it carries them."""


def open_search(
    storage_url: str, spec: StudySpec, space: Space, warm_starts: Sequence[WarmStart] = ()
) -> "Search":
    """Open the search of that study in the store, beginning it where it is new.

    Raises:
        UsageError: Optuna's tables are of another version, or cannot be written.
        EngineError: the disk is full, or the store stayed locked.
    """
    storage = open_storage(storage_url)
    with plain_errors():
        return Search(storage, spec, space, warm_starts)


class Search:
    """A study in Optuna's tables; a trial is known by its number alone, in any process.

    Any number of processes may report and tell. Only one at a time may propose.
    """

    def __init__(
        self,
        storage: BaseStorage,
        spec: StudySpec,
        space: Space,
        warm_starts: Sequence[WarmStart] = (),
        sampler: SeededSampler | None = None,
    ) -> None:
        self._name = spec.name
        self._space = space
        self._starts = warm_starts
        self._starts_tried = False
        self._scores_pruned = ignores_pruned(spec.search.sampler)
        self._pruner = make_pruner(spec.search.pruner)
        self._in_order = spec.search.in_order
        self._opened = storage
        self._storage: BaseStorage = (
            TrialsByNumber(storage) if isinstance(storage, RDBStorage) else storage
        )
        self._sampler = sampler or SeededSampler(spec.search.sampler, space, spec.seed)
        self._pending = Pending()
        self._again: dict[int, str] = {}
        """How trials ended that were run once more, by what was said last."""
        self._seen = Seen(self._sampler.kind, self._in_order, self._is_of_space)
        self._study = self._begin(self._storage)
        self._study_id = self._storage.get_study_id_from_name(spec.name)

    def must_wait(self, begun: Sequence[FrozenTrial] | None = None) -> bool:
        """Whether a search in order has a trial under way that the next one is proposed from."""
        if self._in_order is None:
            return False
        trials = self.begun() if begun is None else begun
        first_hidden = self._seen.first_hidden(self._next_number(trials))
        return any(trial.number < first_hidden for trial in self._pending.among(trials))

    def begun(self) -> Sequence[FrozenTrial]:
        """Return the trials as they are now; what thinks of them can share one look.

        Raises:
            DeletedError: the study is there no more.
        """
        with plain_errors(), self._unless_deleted():
            trials = self._study.get_trials(deepcopy=False)
        for trial in self._pending.ended(trials):
            if AGAIN in trial.user_attrs:
                self._again[trial.user_attrs[AGAIN]] = ending_of(trial)
        return trials

    def propose(
        self,
        may_begin: Callable[[], bool] = lambda: True,
        begun: Sequence[FrozenTrial] | None = None,
    ) -> Proposal | None:
        """Begin a trial: the next warm start, or when all were tried what the sampler says.

        It is thought out on a copy and written at once: a process that is killed meanwhile leaves
        nothing, and whoever comes next thinks of the same.

        Args:
            may_begin: asked just before; None is returned where it says no.
            begun: the trials as they are, where that was just looked at.

        Raises:
            DeletedError: the study is there no more.
        """
        begun = self.begun() if begun is None else begun
        with plain_errors(), self._unless_deleted():
            draft = self._draft(begun)
            if not may_begin():
                return None
            number = self._begin_as(draft, begun)
        proposal = self._proposal(draft)
        assert proposal is not None
        return msgspec.structs.replace(proposal, number=number)

    def flatness(
        self, noise: float | None, trials: Sequence[FrozenTrial] | None = None
    ) -> Flatness | None:
        """Return why the next trial is not worth it; None: it may be.

        Args:
            noise: by how much scores differ by chance, where that is known.
            trials: those that were begun, where that was just looked at.
        """
        trials = self.begun() if trials is None else trials
        climb = self._seen.climb(trials, self._next_number(trials))
        return flatness(climb, len(self._space.dimensions), noise)

    def report(self, number: int, step: int, p: float) -> None:
        """Say what a trial has reached at its ``step``-th report, counted from 1.

        The same step again replaces what stood there; a trial that has ended stays as it is.
        """
        with plain_errors(), suppress(UpdateFinishedTrialError):
            self._storage.set_trial_intermediate_value(self._id(number), step, p)

    def should_prune(self, number: int) -> bool:
        """Whether the pruner would end the trial after its last report.

        One that has ended is run once more because a person asked for it: to its end.
        """
        with plain_errors(), suppress(UpdateFinishedTrialError):
            trial = self._storage.get_trial(self._id(number))
            if trial.state.is_finished():
                return False
            if self._in_order is None:
                return self._pruner.prune(self._study, trial)
            return self._prune_in_order(trial)
        return False

    def tell(self, number: int, state: Ending, p: float | None = None) -> None:
        """End a trial; one that has ended stays as it is.

        Where one was run once more and came to another end, that is recorded by a trial
        beside it, whose user attribute ``again`` has its number.

        Optuna knows a collapsed trial as pruned, a stopped one as failed. Where the sampler would
        learn nothing from pruned trials (``gp``), they count as complete: pruned ones
        with their last report, collapsed ones as bad as the worst trial. The trial's user
        attribute ``ended`` has the truth.
        """
        with plain_errors():
            if not self._end(number, state, p):  # it ended before, or another process was faster
                trial = self._storage.get_trial(self._id(number))
                if ending_of(trial) != state:
                    self._tell_again(trial, state, p)

    def endings(self, numbers: Iterable[int]) -> dict[int, str]:
        """Return how these trials ended, by what was said last; stopped is failed."""
        trials = self.begun()
        asked = (trials[each] for each in numbers if each < len(trials))
        return {
            each.number: self._again.get(each.number, ending_of(each))
            for each in asked
            if each.state.is_finished()
        }

    def unfinished(self, begun: Sequence[FrozenTrial] | None = None) -> dict[int, Proposal | None]:
        """Return every trial begun but not ended; None: its asking was cut short.

        A process may have died before it could remember the trial as a run.

        Args:
            begun: the trials as they are, where that was just looked at.
        """
        trials = self.begun() if begun is None else begun
        running = self._pending.among(trials)
        return {
            trial.number: self._proposal(trial)
            for trial in running
            if trial.state is TrialState.RUNNING
        }

    def close(self) -> None:
        """Let go of the store."""
        if isinstance(self._opened, RDBStorage):
            self._opened.remove_session()
            self._opened.engine.dispose()

    @contextmanager
    def _unless_deleted(self) -> Iterator[None]:
        try:
            yield
        except KeyError:
            raise DeletedError(f"study '{shown(self._name)}' was deleted") from None

    def _proposal(self, trial: FrozenTrial | Trial) -> Proposal | None:
        space, point = self._space, self._space.point(trial.params)
        if point is None:
            return None
        label = trial.user_attrs.get(LABEL)
        return Proposal(trial.number, space.rates(point), label, space.options(point))

    def _begin(self, storage: BaseStorage) -> optuna.Study:
        # Without the pruner: Hyperband would show the sampler one bracket's trials alone.
        return optuna.create_study(
            storage=storage,
            study_name=self._name,
            direction="maximize",
            load_if_exists=True,
            sampler=self._sampler,
            pruner=NopPruner(),
        )

    def _is_of_space(self, trial: FrozenTrial) -> bool:
        """Whether it can be learnt from: others may have added trials of other parameters."""
        return self._space.point(trial.params) is not None

    def _draft(self, begun: Sequence[FrozenTrial]) -> FrozenTrial:
        """Return the next trial as the sampler would have it."""
        number = self._next_number(begun)
        return draft_trial(
            self._sampler,
            self._space,
            number,
            self._seen.most_telling(begun, number),
            waiting=begun[number] if number < len(begun) else None,
            start=self._next_start(begun),
        )

    def _prune_in_order(self, trial: FrozenTrial) -> bool:
        """Whether the pruner would end the trial, by what the search has shown to it."""
        before = self._study.get_trials(deepcopy=False)[: trial.number]
        seen = self._begin(InMemoryStorage())
        seen.add_trials(self._seen.shown([*before, trial], trial.number))
        own = seen.get_trials(deepcopy=False)[trial.number]
        prune = self._pruner.prune(seen, own)
        for name, note in own.system_attrs.items():
            if name not in trial.system_attrs:
                self._storage.set_trial_system_attr(self._id(trial.number), name, note)
        return prune

    def _begin_as(self, draft: FrozenTrial, begun: Sequence[FrozenTrial]) -> int:
        """Write the trial, and return its number: another one if somebody was faster after all."""
        if draft.number < len(begun):
            self._begin_waiting(begun[draft.number], draft)
            return draft.number
        trial_id = self._storage.create_new_trial(self._study_id, template_trial=draft)
        return self._storage.get_trial_number_from_id(trial_id)

    def _begin_waiting(self, waiting: FrozenTrial, draft: FrozenTrial) -> None:
        """Begin a trial that somebody enqueued; cut short, it is still waiting."""
        for name, value in draft.params.items():
            distribution = draft.distributions[name]
            self._storage.set_trial_param(
                waiting._trial_id,  # noqa: SLF001 - its storages know it by nothing else
                name,
                distribution.to_internal_repr(value),
                distribution,
            )
        self._storage.set_trial_state_values(waiting._trial_id, TrialState.RUNNING)  # noqa: SLF001

    def _next_number(self, trials: Sequence[FrozenTrial]) -> int:
        return next((trial.number for trial in self._waiting(trials)), len(trials))

    def _waiting(self, trials: Sequence[FrozenTrial]) -> Iterator[FrozenTrial]:
        """Yield the trials that somebody enqueued, by number."""
        unfinished = self._pending.among(trials)
        return (trial for trial in unfinished if trial.state is TrialState.WAITING)

    def _next_start(self, trials: Sequence[FrozenTrial]) -> tuple[str, tuple[float, ...]] | None:
        """Return label and point of the next warm start; None: all were tried."""
        if self._starts_tried or any(self._waiting(trials)):
            return None
        tried = {trial.user_attrs.get(LABEL) for trial in trials if not self._was_cut_short(trial)}
        for start in self._agreed_starts():
            point = self._space.locate(start.learning_rates)
            if point is not None and start.label not in tried:
                return start.label, point
        self._starts_tried = True
        return None

    def _agreed_starts(self) -> Sequence[WarmStart]:
        """Return the warm starts of whoever began: the best of earlier studies may change."""
        agreed = self._study.user_attrs.get(_STARTS)
        if agreed is None:
            self._study.set_user_attr(_STARTS, msgspec.to_builtins(self._starts))
            return self._starts
        return msgspec.convert(agreed, tuple[WarmStart, ...])

    def _was_cut_short(self, trial: FrozenTrial) -> bool:
        """Whether the trial failed before its point was known, so that nobody ran it."""
        return trial.state is TrialState.FAIL and self._space.point(trial.params) is None

    def _end(self, number: int, state: Ending, p: float | None) -> bool:
        """End a trial, as Optuna's own ``tell`` does; False: it has ended.

        That asks a server for all of a trial three times; here it is read where its reports count.

        Raises:
            ValueError: it is complete without a score.
        """
        trial_id, trial = self._id(number), None
        with suppress(UpdateFinishedTrialError):
            if state in ("pruned", "collapsed"):
                trial = self._storage.get_trial(trial_id)
                self._storage.set_trial_user_attr(trial_id, ENDED, state)
            ended, value = self._in_optunas_words(trial, state, p)
            if ended is TrialState.COMPLETE and (value is None or math.isnan(value)):
                raise ValueError(f"trial {number} is complete with a score of {value}")
            if ended is TrialState.PRUNED:
                value = last_report(trial)
            return self._storage.set_trial_state_values(
                trial_id, ended, None if value is None else [float(value)]
            )
        return False

    def _tell_again(self, trial: FrozenTrial, state: Ending, p: float | None) -> None:
        if (
            state not in ("complete", "collapsed")
            or self.endings([trial.number])[trial.number] == state
        ):
            return
        ended, value = self._in_optunas_words(trial, state, p)
        marks = {name: mark for name, mark in trial.user_attrs.items() if name != ENDED}
        if state == "collapsed":
            marks[ENDED] = state
        self._study.add_trial(
            create_trial(
                state=ended,
                value=value,
                params=trial.params,
                distributions=trial.distributions,
                user_attrs={**marks, AGAIN: trial.number},
            )
        )

    def _in_optunas_words(
        self, trial: FrozenTrial | None, state: Ending, p: float | None
    ) -> tuple[TrialState, float | None]:
        return in_optunas_words(trial, state, p, self._complete if self._scores_pruned else None)

    def _complete(self) -> Sequence[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))

    def _id(self, number: int) -> int:
        try:
            return self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)
        except KeyError:
            raise EngineError(
                f"trial {number} of study '{shown(self._name)}' is missing from Optuna's tables; "
                "start the search again under another --name"
            ) from None
