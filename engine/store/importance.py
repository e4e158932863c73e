"""Verbs for what matters in a study: which choice its scores hang on."""

import time
from math import ceil
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, delete, insert, select

from engine.spec.search import Evaluator
from engine.store.clock import now
from engine.store.connection import Store
from engine.store.runs import is_trial
from engine.store.schema import importance, run, tally

_MOST_WEIGHED: Final[dict[Evaluator, int]] = {"ped-anova": 3000, "fanova": 300}
"""Trials that an evaluator is shown, evenly spread over the study: more take it minutes."""
_WEIGHING_SECONDS: Final = 60.0
"""After which another worker weighs what one has begun to, which may have died over it."""


class ImportanceRecord(Struct, frozen=True, kw_only=True):
    """How the differences in p are shared out among the choices."""

    evaluator: Evaluator
    trials: int
    """Complete ones that there were."""
    shares: tuple[float, ...]
    """One per choice, in sum 1."""

    @property
    def weighed(self) -> int:
        """How many of the trials it was told from."""
        return ceil(self.trials / every(self.trials, self.evaluator))


class Tried(Struct, frozen=True):
    """What a complete trial tried, and what came of it."""

    learning_rates: tuple[float, ...]
    p: float


def every(trials: int, evaluator: Evaluator) -> int:
    """Return which of so many trials an evaluator is shown: each, every second and so on."""
    return max(1, ceil(trials / _MOST_WEIGHED[evaluator]))


def begin_weighing(store: Store, study_id: int, evaluator: Evaluator) -> bool:
    """Say that a worker weighs what matters; False where another one said so a moment ago."""
    begun = (importance.c.study_id == study_id) & (importance.c.evaluator == _begun(evaluator))
    lately = importance.c.told_at > now() - _WEIGHING_SECONDS
    values = {
        "study_id": study_id,
        "evaluator": _begun(evaluator),
        "trials": 0,
        "shares": "[]",
        "told_at": now(),
    }
    with store.writing() as connection:
        if connection.execute(select(importance.c.trials).where(begun, lately)).first():
            return False
        connection.execute(delete(importance).where(begun))
        connection.execute(insert(importance).values(values))
    return True


def _begun(evaluator: Evaluator) -> str:
    """Return under which name it stands that somebody weighs."""
    return f"{evaluator} begun"


def keep_importance(store: Store, study_id: int, found: ImportanceRecord) -> None:
    """Remember what was found, in place of what the same evaluator said before."""
    names = (found.evaluator, _begun(found.evaluator))
    key = (importance.c.study_id == study_id) & importance.c.evaluator.in_(names)
    values = {
        "study_id": study_id,
        "evaluator": found.evaluator,
        "trials": found.trials,
        "shares": msgspec.json.encode(found.shares).decode(),
        "told_at": time.time(),
    }
    with store.writing() as connection:
        connection.execute(delete(importance).where(key))
        connection.execute(insert(importance).values(values))


def importance_of(store: Store, study_id: int, evaluator: Evaluator) -> ImportanceRecord | None:
    """Return what was last found by that evaluator, None where it was not asked."""
    query = select(importance).where(
        importance.c.study_id == study_id, importance.c.evaluator == evaluator
    )
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            return None
        shares = msgspec.json.decode(row.shares, type=tuple[float, ...])
    return ImportanceRecord(evaluator=evaluator, trials=row.trials, shares=shares)


def tried(store: Store, study_id: int) -> list[Tried]:
    """Return the complete trials that have a score, oldest first."""
    query = (
        select(run.c.learning_rates, run.c.p)
        .where(_scored(study_id), run.c.learning_rates.is_not(None))
        .order_by(run.c.number)
    )
    with store.reading() as connection:
        return [
            Tried(msgspec.json.decode(row.learning_rates, type=tuple[float, ...]), row.p)
            for row in connection.execute(query)
        ]


def count_complete(store: Store, study_id: int) -> int:
    """Return how many complete trials there are, with a score or not."""
    query = select(tally.c.trials).where(tally.c.study_id == study_id, tally.c.state == "complete")
    with store.reading() as connection:
        return connection.execute(query).scalar() or 0


def _scored(study_id: int) -> ColumnElement[bool]:
    of_study = (run.c.study_id == study_id) & is_trial()
    return of_study & (run.c.state == "complete") & run.c.p.is_not(None)
