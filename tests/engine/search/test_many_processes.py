"""Several workers at one search."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from engine.search.trials import open_search
from engine.store.connection import open_store
from tests.engine.search.conftest import SPACE, study_spec

PROCESSES = 3


def open_and_close(url: str) -> str:
    search = open_search(url, study_spec(), SPACE)
    search.close()
    return "opened"


def report_and_tell(url: str, number: int) -> int:
    """Report a trial that another process proposed, and tell its end as well as its neighbour."""
    search = open_search(url, study_spec(pruner="asha"), SPACE)
    for step in range(1, 26):
        search.report(number, step, 1.0 + step / 100)
        search.should_prune(number)
    for each in (number, (number + 1) % PROCESSES):
        search.tell(each, "complete", 1.25)
    search.close()
    return number


@pytest.mark.process
def test_workers_may_make_the_tables_at_once_and_report_at_once(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "studies.db"))
    url = store.url
    store.close()
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload([__name__])  # imported once for all of them
    with ProcessPoolExecutor(PROCESSES, mp_context=forks) as workers:
        made = workers.map(open_and_close, [url] * PROCESSES, timeout=120)
        assert list(made) == ["opened"] * PROCESSES

        search = open_search(url, study_spec(), SPACE)
        numbers = [search.propose().number for _ in range(PROCESSES)]
        told = workers.map(report_and_tell, [url] * PROCESSES, numbers, timeout=120)
        assert list(told) == numbers
        assert search.unfinished() == {}
        search.close()

    trials = optuna.load_study(study_name="mood-topic", storage=url).trials
    assert [(trial.state, trial.value) for trial in trials] == [
        (TrialState.COMPLETE, 1.25)
    ] * PROCESSES
