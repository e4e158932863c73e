"""How much one more trial asks of a server: each statement is a way there and back."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, event

from engine.spec import SearchSettings, StudySpec
from engine.store.connection import open_store
from engine.store.run_states import claim_run, finish_run
from engine.store.runs import Scores, get_run
from engine.store.studies import create_study
from engine.store.workers import WorkerIdentity, register_worker
from engine.work.patience import Patience
from engine.work.searches import Searches
from tests.postgres import PostgresServer
from tests.tiny import tiny_backbone

pytestmark = pytest.mark.long

DEVICES = ("auto", "cpu")
MOST_STATEMENTS, MOST_TRANSACTIONS = 42, 15
"""Between two trials of a worker that has a search for itself."""


class Asked:
    """What a database was asked."""

    def __init__(self) -> None:
        self.statements, self.transactions = 0, 0

    @property
    def told(self) -> tuple[int, int]:
        return self.statements, self.transactions

    def states(self, *_: Any) -> None:  # noqa: ANN401 - a driver's
        self.statements += 1

    def begins(self, _: Any) -> None:  # noqa: ANN401
        self.transactions += 1


@pytest.fixture
def asked() -> Iterator[Asked]:
    asked = Asked()
    hooks = {"before_cursor_execute": asked.states, "begin": asked.begins}
    for name, hook in hooks.items():
        event.listen(Engine, name, hook)
    yield asked
    for name, hook in hooks.items():
        event.remove(Engine, name, hook)


def one_more(asked: Asked, url: str, backbone: Path) -> tuple[int, int]:
    """Return what is asked for one more trial from its proposal to its end, when all is opened."""
    search = SearchSettings(trials=9, warm_starts=False, racing="off", when_flat="go-on")
    spec = StudySpec(
        name=backbone.name, sequence=("a", "b"), data="none", model=str(backbone), search=search
    )
    store = open_store(url)
    create_study(store, spec)
    identity = WorkerIdentity(host="here", pid=1, process_start=1.0)
    worker = register_worker(store, identity, device="cpu", threads=1, log_file=None)
    searches = Searches(store, worker, Patience(Event()), DEVICES)
    before = asked.told
    for _ in range(3):
        before = asked.told
        assert searches.propose_trial()
        claimed = claim_run(store, worker, threads=1, devices=DEVICES)
        assert claimed is not None
        scores = Scores(p_o=0.5, p_s=0.5)
        finish_run(store, claimed.id, worker, state="complete", scores=scores)
        searches.tell(get_run(store, claimed.id))
    store.close()
    return asked.statements - before[0], asked.transactions - before[1]


def test_one_more_trial_asks_a_server_little_and_no_more_for_more_rates(
    asked: Asked, postgres: PostgresServer, tmp_path: Path
) -> None:
    with postgres.new_database() as url:
        few = one_more(asked, url, tiny_backbone(tmp_path / "two", num_hidden_layers=2))
    with postgres.new_database() as url:
        many = one_more(asked, url, tiny_backbone(tmp_path / "six", num_hidden_layers=6))
    assert many == few
    assert few[0] <= MOST_STATEMENTS
    assert few[1] <= MOST_TRANSACTIONS
