"""Studies of a list: which fit a filter, and in which order."""

from collections.abc import Iterable

from bertcl_tui.store.filters import ANYWHERE, Filter, fits
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import Order


def fitting_studies(studies: Iterable[StudyRow], where: Filter, order: Order) -> list[StudyRow]:
    """Return the studies that fit, in an order; those without a value come last."""
    fitting = [study for study in studies if _fits(study, where)]
    known = [study for study in fitting if _value(study, order.field) is not None]
    unknown = [study for study in fitting if _value(study, order.field) is None]
    return (
        sorted(known, key=lambda study: _key(study, order.field), reverse=order.descending)
        + unknown
    )


def _key(study: StudyRow, field: str) -> tuple[float, str]:
    number = _number(study, field)
    return number or 0.0, (_text(study, field) or "").lower()


def _value(study: StudyRow, field: str) -> float | str | None:
    number = _number(study, field)
    return _text(study, field) if number is None else number


def _number(study: StudyRow, field: str) -> float | None:
    best = study.best
    numbers: dict[str, float | None] = {
        "p": best.p if best else None,
        "p_o": best.p_o if best else None,
        "p_s": best.p_s if best else None,
        "trials": study.ended,
        "pruned": study.counts.get("pruned", 0),
        "collapsed": study.counts.get("collapsed", 0),
        "failed": study.counts.get("failed", 0),
        "rate": study.rate,
        "eta": study.eta,
        "created_at": study.created_at,
    }
    return numbers.get(field)


def _text(study: StudyRow, field: str) -> str | None:
    texts = {
        "state": study.state,
        "name": study.name,
        "model": study.model,
        "sequence": study.sequence,
        "preset": study.preset,
        "origin": study.origin,
        ANYWHERE: f"{study.name} {study.sequence} {study.model} {study.state}",
    }
    return texts.get(field)


def _fits(study: StudyRow, where: Filter) -> bool:
    return fits(where, lambda field: _number(study, field), lambda field: _text(study, field) or "")
