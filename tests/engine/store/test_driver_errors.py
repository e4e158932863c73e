"""What the errors of databases mean for people, and for whoever waits for a store."""

from pathlib import Path

import pytest
from sqlalchemy import literal, select, text, type_coerce
from sqlalchemy.exc import InternalError, OperationalError, ProgrammingError

from engine.errors import EngineError, StorageError, UsageError
from engine.store import measurements
from engine.store.column_types import Moment
from engine.store.connection import open_store
from engine.store.driver_errors import UnwritableError, meaning_of


class ServerError(Exception):
    """As psycopg has it."""

    def __init__(self, words: str, sqlstate: str | None = None) -> None:
        super().__init__(words)
        self.sqlstate = sqlstate


def meaning(error: type[Exception], words: str, sqlstate: str | None = None) -> EngineError | None:
    cause = ServerError(words, sqlstate)
    return meaning_of(error("SELECT 1", {}, cause), "store postgresql://lab")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "words",
    [
        "failed to resolve host 'busybox'",
        'FATAL:  database "fulltext" does not exist',
        'FATAL:  role "readonly" is not permitted to log in',
    ],
)
def test_names_that_sound_like_trouble_mislead_nobody(words: str) -> None:
    found = meaning(OperationalError, words)
    assert type(found) is StorageError
    assert str(found) == f"store postgresql://lab: {words}"


def test_a_full_server_is_waited_for() -> None:
    found = meaning(OperationalError, "could not extend file: No space left on device", "53100")
    assert isinstance(found, StorageError)
    assert "the disk is full; free some space" in str(found)


@pytest.mark.parametrize(
    ("error", "sqlstate"), [(InternalError, "25006"), (ProgrammingError, "42501")]
)
def test_a_server_that_only_lets_one_look_is_said_in_one_line(
    error: type[Exception], sqlstate: str
) -> None:
    found = meaning(error, "cannot execute INSERT", sqlstate)
    assert isinstance(found, UnwritableError)
    assert isinstance(found, UsageError)
    assert "may not be written by this user" in str(found)


def test_a_statement_that_is_too_long_is_not_waited_for() -> None:
    found = meaning(OperationalError, "stack depth limit exceeded", "54001")
    assert type(found) is EngineError


def test_a_wrong_statement_is_nobodys_trouble_but_ours() -> None:
    assert meaning(ProgrammingError, 'column "nowhere" does not exist', "42703") is None


def test_a_wrong_value_that_is_in_no_column_is_damage_too(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "studies.db"))
    with (
        pytest.raises(StorageError, match=r"is damaged: no moment: 4e\+38; put a copy"),
        store.reading() as connection,
    ):
        connection.execute(select(type_coerce(literal(4e38), Moment()))).one()
    store.close()


def test_a_store_that_lacks_a_table_is_not_waited_for(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "studies.db"))
    with store.writing() as connection:
        connection.execute(text("DROP TABLE cl_drift"))
    with pytest.raises(EngineError, match="no such table: cl_drift; put a copy") as caught:
        measurements.drift_of(store, 1)
    assert not isinstance(caught.value, StorageError)
    store.close()
