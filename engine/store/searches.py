"""Verb for searches that are over, so that their rates will not change any more."""

from msgspec import Struct
from sqlalchemy import select

from engine.spec import Protocol
from engine.store.budget import spent_epochs
from engine.store.connection import Store
from engine.store.runs import RunRecord, trials_of
from engine.store.schema import run, study
from engine.store.states import ENDED
from engine.store.studies import StudyRecord, get_study, studies_wanting_trials


class SearchRecord(Struct, frozen=True, kw_only=True):
    """A search under one protocol, and what it has found."""

    study: StudyRecord
    over: bool
    """Whether it has its trials, or was stopped; one that is paused may go on."""
    complete: tuple[RunRecord, ...]
    """The trials that came to their end with a score, best first."""
    epochs: float
    """What all its trials took."""

    @property
    def name(self) -> str:
        return self.study.name

    @property
    def sequence(self) -> str:
        return self.study.spec.title()


def searches(store: Store, model: str, protocol: Protocol) -> list[SearchRecord]:
    """Return the searches on a backbone under a protocol, oldest first."""
    query = select(study.c.id).where(study.c.model == model, study.c.origin == "search")
    with store.reading() as connection:
        ids = connection.execute(query.order_by(study.c.id)).scalars().all()
    wanting = set(studies_wanting_trials(store))
    known = (get_study(store, study_id) for study_id in ids)
    return [
        _search(store, item, over=item.desired != "paused" and item.id not in wanting)
        for item in known
        if item.spec.protocol == protocol
    ]


def _search(store: Store, item: StudyRecord, *, over: bool) -> SearchRecord:
    trials = trials_of(store, item.id)
    scored = (trial for trial in trials if trial.state == "complete" and trial.p is not None)
    with store.reading() as connection:
        epochs = spent_epochs(connection, run.c.study_id == item.id)
    return SearchRecord(
        study=item,
        over=over and all(trial.state in ENDED for trial in trials),
        complete=tuple(sorted(scored, key=lambda trial: (-(trial.p or 0.0), trial.number or 0))),
        epochs=epochs,
    )
