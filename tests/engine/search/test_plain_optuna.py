"""Plain Optuna beside us, in the same store: it reads our trials, and adds its own without harm."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
import pytest
from msgspec.structs import replace
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from engine.api import studies
from engine.search.storage import quieten
from engine.spec import SearchSettings
from engine.spec.search import Sampler
from engine.store.connection import open_store
from engine.store.query import ask
from engine.store.run_states import claim_run, create_run, finish_run
from engine.store.runs import Scores, trials_of
from engine.store.searches import studies_wanting_trials
from engine.store.studies import create_study
from tests.engine.search.conftest import SPACE, Opener, study_spec
from tests.engine.store.conftest import new_worker
from tests.postgres import free_port

PATIENCE = 60.0
ALIEN = {
    "momentum": FloatDistribution(0.0, 1.0),
    "kind": CategoricalDistribution(("a", "b")),
}


def plain(store_url: str) -> optuna.Study:
    quieten()
    return optuna.load_study(study_name="mood-topic", storage=store_url)


def add_by_hand(store_url: str) -> int:
    """Add trials as somebody would who knows nothing of us; return how many."""
    study = plain(store_url)
    fitting = SPACE.parameters((2e-5,) * 3)
    study.add_trial(create_trial(params=fitting, distributions=SPACE.distributions(), value=1.5))
    study.add_trial(
        create_trial(params={"momentum": 0.3, "kind": "b"}, distributions=ALIEN, value=9.0)
    )
    wider = {name: FloatDistribution(1e-9, 1.0, log=True) for name in fitting}
    study.add_trial(create_trial(params=fitting, distributions=wider, value=1.1))
    study.add_trial(create_trial(state=TrialState.FAIL))
    study.optimize(lambda trial: trial.suggest_float("momentum", 0.0, 1.0), n_trials=1)
    return 5


@pytest.mark.parametrize("sampler", ["tpe", "gp", "smooth", "cma"])
def test_a_search_goes_on_among_trials_of_others(
    opened: Opener, store_url: str, sampler: Sampler
) -> None:
    search = opened(sampler=sampler, pruner="percentile")
    for p in (1.0, 1.2):
        proposal = search.propose()
        assert proposal is not None
        search.tell(proposal.number, "complete", p)
    added = add_by_hand(store_url)
    proposals = [search.propose() for _ in range(2)]
    for each in proposals:
        assert each is not None
        assert all(0 < rate <= 1e-3 for rate in each.learning_rates)
        search.report(each.number, 1, 1.0)
        search.should_prune(each.number)
        search.tell(each.number, "complete", 1.3)
    assert [each.number for each in proposals if each] == [2 + added, 3 + added]
    assert search.unfinished() == {}
    assert [trial.value for trial in plain(store_url).trials if trial.number < 2] == [1.0, 1.2]


def test_what_others_add_is_in_none_of_our_lists_and_does_no_harm(
    opened: Opener, store_url: str
) -> None:
    store = open_store(store_url)
    study_id = create_study(store, replace(study_spec(), search=SearchSettings(trials=3)))
    search, worker = opened(), new_worker(store)

    def try_one(p_o: float) -> int:
        proposal = search.propose()
        assert proposal is not None
        spec = study_spec().trial(proposal.number, proposal.learning_rates)
        run_id = create_run(
            store,
            spec,
            study_id=study_id,
            number=proposal.number,
            learning_rates=proposal.learning_rates,
        )
        assert claim_run(store, worker, threads=1) is not None
        finish_run(store, run_id, worker, state="complete", scores=Scores(p_o=p_o, p_s=0.5))
        search.tell(proposal.number, "complete", p_o + 0.5)
        return proposal.number

    first = try_one(0.6)
    add_by_hand(store_url)
    assert studies_wanting_trials(store) == [study_id], "others' trials are not counted"
    second = try_one(0.7)
    assert [run.number for run in trials_of(store, study_id)] == [first, second]
    (study,) = studies(store=store_url)
    assert study.best is not None
    assert (study.best.number, study.best.p) == (second, 1.2)
    assert ask(store, "SELECT trials, highest_p FROM studies").rows == [(2, 1.2)]
    assert plain(store_url).best_trial.value == 9.0
    store.close()


@contextmanager
def dashboard(store_url: str) -> Iterator[str]:
    """Start the real one; yield its address."""
    port = free_port()
    words = ["--host", "127.0.0.1", "--port", str(port), "--server", "wsgiref"]
    program = "from optuna_dashboard._cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, store_url, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def read(address: str) -> Any:  # noqa: ANN401 - whatever it says
    """Read an answer once there is one."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.URLError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.process
def test_the_dashboard_shows_our_studies(opened: Opener, store_url: str) -> None:
    search = opened()
    for p in (1.0, 1.25):
        proposal = search.propose()
        assert proposal is not None
        search.tell(proposal.number, "complete", p)
    with dashboard(store_url) as address:
        (summary,) = read(f"{address}/api/studies")["study_summaries"]
        assert summary["study_name"] == "mood-topic"
        trials = read(f"{address}/api/studies/{summary['study_id']}")["trials"]
    assert [trial["values"] for trial in trials] == [[1.0], [1.25]]
    assert {param["name"] for param in trials[0]["params"]} == set(SPACE.distributions())
