"""One more trial asks as much of store and sampler in a search of many trials as in one of few."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import delete, event, func, select, update
from sqlalchemy.engine import Engine

from bench.asking import DEVICES, Asked
from engine.search.seen import Seen
from engine.spec.search import Sampler
from engine.store.connection import Store, open_store
from engine.store.deletion import delete_study
from engine.store.endings import find_ending, find_progress
from engine.store.run_states import claim_run, control_run, create_run, finish_run, retry_run
from engine.store.runs import Scores
from engine.store.schema import run, tally
from engine.store.searches import studies_with_untold_ends
from engine.store.studies import create_study
from tests.engine.store.conftest import new_trial, new_worker, run_spec, study_spec
from tests.tiny import tiny_backbone

pytestmark = pytest.mark.long

FEW, MANY = 30, 3_000
STEP = 10
OPTUNAS_COUNT = "SELECT count(trials.trial_id)"
"""By it Optuna finds a new trial's number: it looks at all of a study."""


class Work:
    """What SQLite does: statements, and instructions of its machine, some for each row it reads."""

    def __init__(self) -> None:
        self.statements, self.instructions = 0, 0
        self._is_ours = True

    @property
    def done(self) -> tuple[int, int]:
        return self.statements, self.instructions

    def connected(self, connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's
        connection.set_progress_handler(self._took, STEP)

    def begins(self, _: object, __: object, statement: str, *___: object) -> None:
        self._is_ours = not statement.startswith(OPTUNAS_COUNT)
        self.statements += 1

    def ends(self, *_: object) -> None:
        self._is_ours = True

    def _took(self) -> int:
        self.instructions += STEP * self._is_ours
        return 0


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    hooks: dict[str, Callable[..., None]] = {
        "connect": work.connected,
        "before_cursor_execute": work.begins,
        "after_cursor_execute": work.ends,
    }
    for name, hook in hooks.items():
        event.listen(Engine, name, hook)
    yield work
    for name, hook in hooks.items():
        event.remove(Engine, name, hook)


def one_more_and_a_look(work: Work, folder: Path, trials: int) -> list[tuple[int, int]]:
    """Return what is done for one more trial while another is under way, and to wait for both.

    Of those many, an end that was not told is found.
    """
    asked = Asked(folder / f"{trials}.db", tiny_backbone(folder / f"backbone {trials}"), trials)
    asked.one_more()
    assert asked.searches.propose_trial()
    begun = claim_run(asked.store, asked.worker, threads=1, devices=DEVICES)
    assert begun is not None
    asked.searches.weigh(begun)
    before = work.done
    asked.one_more()
    asked.searches.judge(begun)
    asked.searches.weigh(begun)
    between = work.done
    assert find_progress(asked.store, asked.study_id) == (trials + 2, 0)
    assert find_ending(asked.store, asked.study_id) is None
    after = work.done
    assert not studies_with_untold_ends(asked.store)
    finish_run(asked.store, begun.id, asked.worker, state="failed")
    assert studies_with_untold_ends(asked.store) == [asked.study_id]
    asked.store.close()
    return [
        (end[0] - begin[0], end[1] - begin[1])
        for begin, end in ((before, between), (between, after))
    ]


def test_the_store_does_as_much_for_one_more_trial_and_for_whoever_waits(
    work: Work, tmp_path: Path
) -> None:
    few, many = (one_more_and_a_look(work, tmp_path, trials) for trials in (FEW, MANY))
    for of_few, of_many in zip(few, many, strict=True):
        assert of_many[0] == of_few[0]
        assert of_many[1] < 1.2 * of_few[1]


class Looked(list[FrozenTrial]):
    """Trials, and how many of them were looked at."""

    looks = 0

    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401 - a list's
        self.looks += 1
        return super().__getitem__(place)

    def __iter__(self) -> Iterator[FrozenTrial]:
        self.looks += len(self)
        return super().__iter__()


def ended(number: int) -> FrozenTrial:
    trial = create_trial(state=TrialState.COMPLETE, value=float(number % 997))
    trial.number = number
    return trial


@pytest.mark.parametrize(("sampler", "most"), [("tpe", 1_000), ("smooth", 300), ("random", 0)])
@pytest.mark.parametrize("in_order", [None, 3])
def test_a_sampler_is_shown_a_few_of_many_trials_and_no_other_is_looked_at(
    sampler: Sampler, most: int, in_order: int | None
) -> None:
    trials = Looked(map(ended, range(MANY)))
    seen = Seen(sampler, in_order)
    seen.most_telling(trials, MANY)
    for number in range(MANY, MANY + 5):
        trials.append(ended(number))
        trials.looks = 0
        shown = seen.most_telling(trials, number + 1)
        climb = seen.climb(trials, number + 1)
        assert len(shown) == most
        assert trials.looks <= most + 10
        assert climb.best_of(len(climb)) == 996.0
        assert shown == Seen(sampler, in_order).most_telling(trials, number + 1)


def counted(store: Store) -> list[tuple[int, str, int, int]]:
    """Return what the tally must say."""
    trials = func.count(run.c.number)
    query = select(run.c.study_id, run.c.state, trials, func.count() - trials)
    with store.reading() as connection:
        of_studies = query.where(run.c.study_id.is_not(None)).group_by(run.c.study_id, run.c.state)
        return sorted(map(tuple, connection.execute(of_studies)))


def tallied(store: Store) -> list[tuple[int, str, int, int]]:
    query = select(tally).where(tally.c.trials + tally.c.races > 0)
    with store.reading() as connection:
        return sorted(map(tuple, connection.execute(query)))


def test_the_tally_is_right_whatever_becomes_of_runs(any_store: str) -> None:
    store = open_store(any_store)
    worker = new_worker(store)
    one, other = (create_study(store, study_spec(name)) for name in ("one", "other"))
    runs = [new_trial(store, study, number) for study in (one, other) for number in range(3)]
    create_run(store, run_spec())
    create_run(store, study_spec().trial(9, (1e-5, 1e-5)), study_id=one, races=runs[0])
    assert tallied(store) == counted(store) == [(one, "queued", 3, 1), (other, "queued", 3, 0)]
    for state in ("failed", "complete"):
        claimed = claim_run(store, worker, threads=1)
        assert claimed is not None
        assert tallied(store) == counted(store)
        finish_run(store, claimed.id, worker, state=state, scores=Scores(p_o=0.5, p_s=0.5))
        assert tallied(store) == counted(store)
    retry_run(store, runs[0])
    control_run(store, runs[2], "stopped")
    assert tallied(store) == counted(store)
    delete_study(store, one)
    assert tallied(store) == counted(store) == [(other, "queued", 3, 0)]
    with store.writing() as connection:
        connection.execute(update(run).values(state="stopped"))
        connection.execute(delete(run).where(run.c.id == runs[-1]))
    assert tallied(store) == counted(store) == [(other, "stopped", 2, 0)]
    store.close()
