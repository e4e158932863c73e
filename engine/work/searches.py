"""Where runs meet the sampler: proposing trials, judging them, reporting how they ended."""

import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from weakref import WeakKeyDictionary

from msgspec.structs import replace
from optuna.trial import FrozenTrial

from engine.errors import DeletedError, EngineError, StorageError, UnreachableError, kind_and_line
from engine.learning.backbone import backbone_shape
from engine.profiles.grouping import make_grouping
from engine.search.importance import weigh_if_old
from engine.search.spaces import make_space, warm_starts
from engine.search.trials import Proposal, Search, open_search
from engine.spec import StudySpec, derived_seed
from engine.store.connection import Store
from engine.store.leases import (
    become_proposer,
    has_trial_under_way,
    is_proposer,
    learns_first_stage,
    leave_proposer,
)
from engine.store.measurements import stages_of
from engine.store.racing import SEEDS, Contender, Counts, best_of_studies, noise_of
from engine.store.run_states import create_run
from engine.store.runs import RunRecord, failures_in_a_row, get_run, trials_of
from engine.store.searches import (
    complete_when_run_again,
    end_early,
    race_wanted,
    say_why_search_waits,
    studies_wanting_races,
    studies_wanting_trials,
    studies_with_untold_ends,
)
from engine.store.states import ENDED
from engine.store.studies import control_study, get_study
from engine.work.judge import Judge, TrialJudge
from engine.work.patience import Patience

_MOST_FAILURES = 3
_REST_SECONDS = 30.0
"""Before a hub that did not answer is asked again for the model of a search."""

_log = logging.getLogger(__name__)


class Searches:
    """The searches that a worker has open, one per study."""

    def __init__(
        self, store: Store, worker_id: int, patience: Patience, devices: Collection[str]
    ) -> None:
        self._store = store
        self._worker_id = worker_id
        self._patience = patience
        self._devices = devices
        self._specs: dict[int, StudySpec] = {}
        self._opened: dict[int, Search] = {}
        self._judges: WeakKeyDictionary[Judge, int] = WeakKeyDictionary()
        """The study of each judge that somebody has, who asks the search that is open."""
        self._untellable: set[int] = set()
        self._rests_until: dict[int, float] = {}
        self._raced: dict[int, Counts] = {}
        """At which counts a study had nobody to race."""
        self.came_second: set[int] = set()
        """The studies whose sampler another worker was asking when this one was to ask it last."""

    def propose_trial(self, only: int | None = None) -> bool:
        """Queue one more run of a study; False where none can be now.

        First a race where one is due, then a trial for the study that has the fewest.

        A study for which none can be found pauses with the reason.

        Raises:
            StorageError: the store is in trouble, which is no fault of a study.
        """
        self.came_second.clear()
        with self._store.at_one_moment() as now:
            racing = studies_wanting_races(now, self._devices, self._raced)
            wanting = studies_wanting_trials(now, self._devices)
        self._close_all_but({*racing, *wanting})
        for study_id in dict.fromkeys((*racing, *wanting)):
            rests = self._rests_until.get(study_id, 0.0) > time.monotonic()
            if rests or only not in {None, study_id}:
                continue
            try:
                with self._seat(study_id) as seated:
                    if not seated:
                        self.came_second.add(study_id)
                    elif self._queue_next(study_id):
                        return True
            except UnreachableError as outage:
                say_why_search_waits(self._store, study_id, str(outage))
                self._rests_until[study_id] = time.monotonic() + _REST_SECONDS
            except StorageError:
                raise
            except DeletedError:
                continue
            except EngineError as error:
                control_study(self._store, study_id, "paused", str(error))
            except Exception as error:  # other studies have trials to be proposed
                _log.exception("no trial can be proposed for study %d", study_id)
                reason = (
                    f"no trial could be proposed ({kind_and_line(error)}); see the worker's log"
                )
                control_study(self._store, study_id, "paused", reason)
        self._tell_forgotten_ends()
        return False

    def must_wait(self) -> bool:
        """Whether a search will want a trial when another worker is through with something.

        In order: with a trial. Where trials go on from one first stage: with that. Anywhere: with
        asking the sampler.
        """
        if self.came_second and self._wanting():
            return True
        for study_id in self._wanting():
            if learns_first_stage(self._store, study_id):
                return True
            with suppress(DeletedError):
                in_order = get_study(self._store, study_id).spec.search.in_order is not None
                if in_order and has_trial_under_way(self._store, study_id):
                    return True
        return False

    def _wanting(self) -> Sequence[int]:
        """Return the searches that want a trial, and whose trials can be learnt here."""
        return studies_wanting_trials(self._store, self._devices)

    def judge(self, run: RunRecord) -> Judge:
        """Return who judges this run."""
        if run.study_id is None or run.number is None:
            return Judge()
        sees = self._spec(run.study_id).search.pruning_sees
        search = self._search(run.study_id)
        judge = TrialJudge(search, run.number, run.spec, sees, self._patience)
        self._judges[judge] = run.study_id
        return judge

    def tell(self, run: RunRecord) -> None:
        """Tell the sampler how a run ended, if it asked for it."""
        if run.study_id is not None and run.number is not None and run.state in ENDED:
            self._search(run.study_id).tell(run.number, run.state, run.p)
            self._pause_without_beginning(run, run.study_id)

    def _pause_without_beginning(self, run: RunRecord, study_id: int) -> None:
        """Let a search wait for a person where the stage that all its trials go on from is none."""
        if run.spec.first_seed is None or run.state != "collapsed":
            return
        first = next(iter(stages_of(self._store, run.id)), None)
        if first is not None and run.step <= first.last_step:
            reason = (
                f"stage 1, which every trial goes on from, collapsed at {run.spec.first_lr:.3g}: "
                f"{run.reason}; search anew with another --first-lr"
            )
            control_study(self._store, study_id, "paused", reason)

    def weigh(self, run: RunRecord) -> None:
        """Weigh what matters in the study of a run, where there are enough new trials for that."""
        if run.study_id is not None:
            weigh_if_old(self._store, run.study_id, "ped-anova", unless_begun=True)

    def _queue_next(self, study_id: int) -> bool:
        # Asked again now that nobody else can be proposing.
        with self._store.at_one_moment() as now:
            contender = race_wanted(now, study_id, self._raced)
            wanted = study_id in studies_wanting_trials(now, self._devices)
            failures = failures_in_a_row(now, study_id)
            is_first = learns_first_stage(now, study_id)
        if contender is None:
            return (
                wanted
                and not self._keeps_failing(study_id, failures)
                and self._queue_trial(study_id, wait=is_first)
            )
        if is_proposer(self._store, study_id, self._worker_id):
            self._queue_race(study_id, contender)
            return True
        return False

    def _queue_trial(self, study_id: int, *, wait: bool) -> bool:
        search = self._search(study_id)
        begun, forgotten = self._tell_ended(study_id, search)
        if self._adopt_forgotten(study_id, search, forgotten):
            return True
        if wait or search.must_wait(begun):
            return False
        proposal = None
        if not self._ends_early(study_id, search, begun):
            may_begin = partial(is_proposer, self._store, study_id, self._worker_id)
            proposal = search.propose(may_begin, begun)
        if proposal is None:
            return False
        self._queue(study_id, proposal)
        return True

    def _adopt_forgotten(
        self, study_id: int, search: Search, forgotten: Mapping[int, Proposal | None]
    ) -> bool:
        """Queue a trial whose worker died before it remembered it."""
        for number, proposal in forgotten.items():
            if proposal is None:
                search.tell(number, "failed")
            else:
                self._queue(study_id, proposal)
                return True
        return False

    def _tell_forgotten_ends(self) -> None:
        """Tell of ends that a worker died over before it could, in searches that are over too."""
        for study_id in studies_with_untold_ends(self._store):
            if study_id in self._untellable:
                continue
            try:
                with self._seat(study_id) as seated:
                    if seated:
                        self._tell_ended(study_id, self._search(study_id))
            except UnreachableError:
                continue
            except StorageError:
                raise
            except EngineError as error:  # its model may be gone
                _log.debug("an end that was not told stays so: %s", error)
            except Exception:  # the search is over, and others are not
                _log.exception("the sampler cannot be told of an end in study %d", study_id)
                self._untellable.add(study_id)

    def _tell_ended(
        self, study_id: int, search: Search
    ) -> tuple[Sequence[FrozenTrial], dict[int, Proposal | None]]:
        """Tell of trials that have ended; return all trials, and those under way without a run."""
        self._tell_retried(study_id, search)
        begun = search.begun()
        unfinished = search.unfinished(begun)
        known = trials_of(self._store, study_id, unfinished.keys()) if unfinished else ()
        runs = {run.number: run for run in known}
        untold = [run for run in runs.values() if run.state in ENDED]
        for run in untold:
            self.tell(run)
        forgotten = {number: each for number, each in unfinished.items() if number not in runs}
        return search.begun() if untold else begun, forgotten

    def _tell_retried(self, study_id: int, search: Search) -> None:
        """Tell of trials that came to a better end when run again, if their worker died before."""
        numbers = complete_when_run_again(self._store, study_id)
        endings = search.endings(numbers) if numbers else {}
        untold = [number for number, ending in endings.items() if ending != "complete"]
        for run in trials_of(self._store, study_id, untold):
            self.tell(run)

    def _queue(self, study_id: int, proposal: Proposal) -> None:
        spec = self._spec(study_id)
        create_run(
            self._store,
            spec.trial(proposal.number, proposal.learning_rates, proposal.options),
            learning_rates=proposal.learning_rates,
            study_id=study_id,
            number=proposal.number,
            label=proposal.label,
        )

    def _queue_race(self, study_id: int, contender: Contender) -> None:
        study = self._spec(study_id)
        trial = get_run(self._store, contender.run_id)
        seed = derived_seed("racing", study.seed, len(contender.races))
        create_run(
            self._store,
            replace(trial.spec, seed=seed, first_seed=None, device=study.device),
            learning_rates=trial.learning_rates,
            study_id=study_id,
            label=f"again #{contender.number}, seed {contender.seeds + 1} of {SEEDS}",
            races=contender.run_id,
        )

    def _ends_early(self, study_id: int, search: Search, begun: Sequence[FrozenTrial]) -> bool:
        """End a search that finds next to nothing better any more, if it shall; whether it did."""
        settings = self._spec(study_id).search
        if settings.when_flat == "go-on":
            return False
        # In order there are no races yet, whose pace would tell.
        noise = None if settings.in_order is not None else noise_of(self._store, study_id)
        found = search.flatness(noise, begun)
        if found is not None:
            end_early(self._store, study_id, str(found))
        return found is not None

    def _keeps_failing(self, study_id: int, failures: int) -> bool:
        """Pause a search where so many trials failed in a row; whether it was."""
        if failures < _MOST_FAILURES:
            return False
        last = max(
            (run for run in trials_of(self._store, study_id) if run.state == "failed"),
            key=lambda run: run.id,
        )
        reason = f"{failures} trials failed in a row; the last: {last.reason}"
        control_study(self._store, study_id, "paused", reason)
        return True

    def _spec(self, study_id: int) -> StudySpec:
        """Return what a study searches, which never changes.

        Raises:
            DeletedError: there is no such study; one that was known before may be gone by now.
        """
        if study_id not in self._specs:
            self._specs[study_id] = get_study(self._store, study_id).spec
        return self._specs[study_id]

    def _search(self, study_id: int) -> Search:
        if study_id not in self._opened:
            spec = get_study(self._store, study_id).spec  # its name may be another by now
            shape = backbone_shape(spec.model)
            grouping = make_grouping(spec.protocol.grouping, shape.n_layers)
            space = make_space(spec.method, spec.search, grouping, shape.hidden_size)
            earlier = best_of_studies(
                self._store,
                spec.model,
                grouping.preset,
                besides=study_id,
                stages=spec.search.searched_stages,
            )
            fitting = {n: r for n, r in earlier.items() if len(r) == grouping.n_choices}
            starts = warm_starts(spec, space, grouping, shape.hidden_size, fitting)
            opened = open_search(self._store.url, spec, space, starts)
            if get_study(self._store, study_id).name != spec.name:  # renamed while it was opened
                return self._search(study_id)
            self._opened[study_id] = opened
        return self._opened[study_id]

    def _close_all_but(self, wanted: Collection[int]) -> None:
        """Let go of the store for searches that want nothing and judge nothing."""
        for study_id in self._opened.keys() - wanted - set(self._judges.values()):
            self._opened.pop(study_id).close()

    @contextmanager
    def _seat(self, study_id: int) -> Iterator[bool]:
        seated = become_proposer(self._store, study_id, self._worker_id)
        try:
            yield seated
        finally:
            if seated:
                with suppress(StorageError):  # the seat is free again after a while
                    leave_proposer(self._store, study_id, self._worker_id)
