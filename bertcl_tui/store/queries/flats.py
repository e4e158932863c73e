"""Runs with one rate for all, of whatever study or none, that a study may be held against."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, or_, select

from bertcl_tui.store.queries.runs import read_rates
from bertcl_tui.store.trial_rows import Scored
from engine.profiles.profile import short_rate
from engine.spec import RunSpec
from engine.store.schema import run, study
from engine.store.studies import StudyRecord

_FLAT: Final = "flat"
"""The method, and how the labels of trials begin that have one rate."""
_ARENA: Final = "arena"
_MOST: Final = 200


def elsewhere(connection: Connection, of: StudyRecord) -> tuple[Scored, ...]:
    """Return the flat runs of other studies, and of none, that score as a study's trials do.

    They have its sequence, data, backbone and protocol, and where stage 1 is not searched, its
    rate there.
    """
    of_others = or_(run.c.study_id.is_(None), run.c.study_id != of.id)
    query = (
        select(run, study.c.name.label("of"))
        .outerjoin_from(run, study, study.c.id == run.c.study_id)
        .where(run.c.sequence == of.spec.title(), run.c.state == "complete", run.c.p.is_not(None))
        .where(study.c.deleted_at.is_(None))
        .where(of_others, or_(run.c.method == _FLAT, run.c.label.startswith(_FLAT)))
        .order_by(run.c.p.desc(), run.c.forgetting, run.c.id)
        .limit(_MOST)
    )
    rows = connection.execute(query)
    return tuple(_scored(row) for row in rows if _scores_like(row, of))


def _scores_like(row: Row[Any], of: StudyRecord) -> bool:
    asked, own = msgspec.json.decode(row.spec, type=RunSpec), of.spec
    return (
        len(set(read_rates(row.learning_rates))) == 1
        and (asked.data, asked.model, asked.first_lr) == (own.data, own.model, own.first_lr)
        and asked.protocol.scores_like(own.protocol)
    )


def _scored(row: Row[Any]) -> Scored:
    rates = read_rates(row.learning_rates)
    return Scored(
        run_id=row.id,
        number=-1 if row.number is None else row.number,
        label=row.label or f"{_FLAT} {short_rate(float(f'{rates[0]:.1e}'))}",
        p=row.p,
        p_o=row.p_o,
        p_s=row.p_s,
        learning_rates=rates,
        of=row.of or _ARENA,
    )
