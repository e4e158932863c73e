"""Optuna's own tables, which lie in the same store as ours, and our marks in them."""

import copy
import json
import time
from collections import defaultdict
from collections.abc import Container, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from sqlite3 import Connection, connect
from typing import Any, Final

import optuna
from alembic.script import ScriptDirectory
from optuna.distributions import distribution_to_json, json_to_distribution
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.storages._cached_storage import _CachedStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import ColumnElement, insert, make_url, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from engine.errors import EngineError, UsageError, first_line
from engine.store.connection import existing, sqlite_path
from engine.store.driver_errors import meaning_of
from engine.store.servers import server_options

# User attributes of trials, as ``optuna-dashboard`` shows them.
LABEL: Final = "label"
"""Name of the warm start."""
AGAIN: Final = "again"
"""Number of the trial that was run once more, whose end this one records."""
ENDED: Final = "ended"
"""How a trial that is not complete came to its end: ``pruned`` or ``collapsed``."""
_BUSY_SECONDS = 30
_ATTEMPTS = 10
_PAUSE_SECONDS = 0.05
_MOST_NAMED: Final = 500
"""Trials that a statement may name one by one."""

_FINISHED: Final = tuple(state for state in TrialState if state.is_finished())

_TRIAL = models.TrialModel
_BEGAN, _ENDED = _TRIAL._datetime_start_utc, _TRIAL._datetime_complete_utc  # noqa: SLF001
_VALUE, _PARAM = models.TrialValueModel, models.TrialParamModel
_USER_ATTR, _SYSTEM_ATTR = models.TrialUserAttributeModel, models.TrialSystemAttributeModel
_REPORT = models.TrialIntermediateValueModel


def open_storage(url: str) -> RDBStorage:
    """Open Optuna's tables, making missing ones; other processes may be doing so too.

    Raises:
        UsageError: they are of another Optuna version, or cannot be written.
        EngineError: the disk is full, or the store stayed locked.
    """
    quieten()
    with plain_errors():
        return _patiently_opened(url)


def quieten() -> None:
    """Keep Optuna from telling of every study and trial on stderr."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say in one line what an error of the storage means for the person."""
    try:
        yield
    except (DBAPIError, StorageInternalError) as error:
        cause = _database_error(error)
        meaning = meaning_of(cause, "the store")
        raise meaning or EngineError(f"the store failed: {first_line(cause)}") from error


def _patiently_opened(url: str) -> RDBStorage:
    # Optuna fills braces in as a template, and makes its tables one by one without a lock.
    template = url.replace("{", "{{").replace("}", "}}")
    for attempt in range(1, _ATTEMPTS):
        try:
            return _opened(template)
        except (DBAPIError, StorageInternalError) as error:
            if not _made_by_another(error):
                raise
            time.sleep(_PAUSE_SECONDS * attempt)
    return _opened(template)


def _opened(template: str) -> RDBStorage:
    storage = TrialTables(
        template, engine_kwargs=_engine_options(template), skip_compatibility_check=True
    )
    if storage.get_current_version() != _newest_version():
        storage.engine.dispose()
        raise UsageError(
            "the store's Optuna tables are from another version of Optuna; "
            "bring them up to date with `optuna storage upgrade`, or use another --store"
        )
    return storage


@cache
def _newest_version() -> str | None:
    """Return the version of this Optuna's tables, for which all of its migrations are loaded.

    Optuna does so whenever a storage is opened, which takes most of the time that opening takes.
    """
    return ScriptDirectory(str(Path(models.__file__).with_name("alembic"))).get_current_head()


class TrialTables(RDBStorage):
    """Optuna's tables, of which trials are read column by column, and written all at once.

    Optuna makes an object of every number and a distribution of every parameter, which takes a
    worker's first look at a search several times as long, and asks three things of a server for
    each parameter of a new trial. The trials are the same.
    """

    def _get_prepared_new_trial(
        self, study_id: int, template_trial: FrozenTrial | None, session: Session
    ) -> models.TrialModel:
        draft = template_trial
        if draft is None or draft.values is not None or draft.intermediate_values:
            return super()._get_prepared_new_trial(study_id, draft, session)
        trial = _TRIAL(
            study_id=study_id,
            number=None,
            state=draft.state,
            datetime_start=draft.datetime_start,
            datetime_complete=draft.datetime_complete,
        )
        session.add(trial)
        session.flush()
        for table, details in _details(draft).items():
            if rows := [{"trial_id": trial.trial_id, **each} for each in details]:
                session.execute(insert(table), rows)
        trial.number = trial.count_past_trials(session)
        return trial

    def _get_trials(
        self,
        study_id: int,
        states: Container[TrialState] | None,
        included_trial_ids: set[int],
        trial_id_greater_than: int,
    ) -> list[FrozenTrial]:
        named = {each for each in included_trial_ids if each <= trial_id_greater_than}
        if states is not None or len(named) > _MOST_NAMED:
            return super()._get_trials(study_id, states, named, trial_id_greater_than)
        self.get_study_name_from_id(study_id)  # raises where the study was deleted
        of_study = _TRIAL.study_id == study_id
        try:
            # Not at once: a database would look through all trials for what is one or the other.
            known = self._read(of_study & _TRIAL.trial_id.in_(named)) if named else []
            return known + self._read(of_study & (_TRIAL.trial_id > trial_id_greater_than))
        except (LookupError, TypeError, ValueError) as error:
            raise EngineError(
                f"the store is damaged where Optuna keeps its trials ({first_line(error)}); put a "
                "copy in its place"
            ) from error

    def _read(self, asked: ColumnElement[bool]) -> list[FrozenTrial]:
        with self.engine.connect() as connection:

            def rows(table: Any, *columns: Any) -> dict[int, list[Any]]:  # noqa: ANN401
                """Return what a table has of each trial, in the order in which it was written."""
                (key,) = table.__table__.primary_key
                query = select(table.trial_id, *columns).where(asked).order_by(key)
                if table is not _TRIAL:
                    query = query.join(_TRIAL, table.trial_id == _TRIAL.trial_id)
                of_trial: defaultdict[int, list[Any]] = defaultdict(list)
                for trial_id, *found in connection.execute(query):
                    of_trial[trial_id].append(found)
                return of_trial

            trials = rows(_TRIAL, _TRIAL.number, _TRIAL.state, _BEGAN, _ENDED)
            if not trials:
                return []
            values = rows(_VALUE, _VALUE.value, _VALUE.value_type)
            params = rows(_PARAM, _PARAM.param_name, _PARAM.param_value, _PARAM.distribution_json)
            user = rows(_USER_ATTR, _USER_ATTR.key, _USER_ATTR.value_json)
            system = rows(_SYSTEM_ATTR, _SYSTEM_ATTR.key, _SYSTEM_ATTR.value_json)
            reports = rows(
                _REPORT, _REPORT.step, _REPORT.intermediate_value, _REPORT.intermediate_value_type
            )
        known = cache(json_to_distribution)
        return [
            FrozenTrial(
                trial_id=trial_id,
                number=number,
                state=state,
                value=next((_VALUE.stored_repr_to_value(*each) for each in values[trial_id]), None),
                datetime_start=_local(began),
                datetime_complete=_local(ended),
                params={
                    name: known(kind).to_external_repr(value)
                    for name, value, kind in params[trial_id]
                },
                distributions={name: known(kind) for name, _, kind in params[trial_id]},
                user_attrs={name: json.loads(text) for name, text in user[trial_id]},
                system_attrs={name: json.loads(text) for name, text in system[trial_id]},
                intermediate_values={
                    step: _REPORT.stored_repr_to_intermediate_value(value, kind)
                    for step, value, kind in reports[trial_id]
                },
            )
            for trial_id, ((number, state, began, ended),) in trials.items()
        ]


class TrialsByNumber(_CachedStorage):
    """A storage that remembers trials that have ended, in a list in which each is at its number.

    Optuna's own sorts all of them for every look.
    """

    def __init__(self, backend: RDBStorage) -> None:
        super().__init__(backend)
        self._by_number: defaultdict[int, list[FrozenTrial]] = defaultdict(list)

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,  # noqa: FBT001, FBT002 - Optuna's signature
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        self._read_trials_from_remote_storage(study_id)
        with self._lock:
            found = self._by_number[study_id]
            if states is not None and not any(state in states for state in _FINISHED):
                place = self._trial_id_to_study_id_and_number
                unfinished = self._studies[study_id].unfinished_trial_ids
                found = [found[number] for number in sorted(place[each][1] for each in unfinished)]
            if states is not None:
                found = [each for each in found if each.state in states]
            return copy.deepcopy(found) if deepcopy else found.copy()

    def get_trial_number_from_id(self, trial_id: int) -> int:
        with self._lock:
            known = self._trial_id_to_study_id_and_number.get(trial_id)
        return super().get_trial_number_from_id(trial_id) if known is None else known[1]

    def _add_trials_to_cache(self, study_id: int, trials: list[FrozenTrial]) -> None:
        super()._add_trials_to_cache(study_id, trials)
        known = self._by_number[study_id]
        for trial in sorted(trials, key=lambda each: each.number):
            if trial.number < len(known):
                known[trial.number] = trial
            elif trial.number == len(known):
                known.append(trial)
            # Else others began some before it: it is read again together with those.

    def delete_study(self, study_id: int) -> None:
        super().delete_study(study_id)
        self._by_number.pop(study_id, None)


def _details(trial: FrozenTrial) -> dict[Any, list[dict[str, Any]]]:
    """Return the rows of a trial that has begun, by Optuna's tables, as Optuna writes them."""
    return {
        _PARAM: [
            {
                "param_name": name,
                "param_value": kind.to_internal_repr(trial.params[name]),
                "distribution_json": distribution_to_json(kind),
            }
            for name, kind in trial.distributions.items()
        ],
        _USER_ATTR: [
            {"key": name, "value_json": json.dumps(mark)} for name, mark in trial.user_attrs.items()
        ],
        _SYSTEM_ATTR: [
            {"key": name, "value_json": json.dumps(mark)}
            for name, mark in trial.system_attrs.items()
        ],
    }


def _local(moment: datetime | None) -> datetime | None:
    """Return a moment, stored as UTC, by this machine's clock, as Optuna does."""
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)


def _engine_options(url: str) -> dict[str, Any]:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return server_options(parsed)
    return {
        "creator": lambda: _connected(url),
        "pool_events": [(_sync_less, "connect")],
    }


def _connected(template: str) -> Connection:
    """Connect to a file that is there: where it was taken away, none must be made in its place."""
    path = sqlite_path(template.replace("{{", "{").replace("}}", "}"))
    assert path is not None
    return connect(existing(path), timeout=_BUSY_SECONDS, check_same_thread=False, uri=True)


def _sync_less(connection: Connection, _: ConnectionPoolEntry) -> None:
    # Safe as whoever made the store put it into WAL mode.
    connection.execute("PRAGMA synchronous=NORMAL")


def _made_by_another(error: Exception) -> bool:
    cause = _database_error(error)
    return isinstance(cause, IntegrityError) or "already exists" in str(cause)


def _database_error(error: Exception) -> BaseException:
    return error.__cause__ or error if isinstance(error, StorageInternalError) else error
