"""Names of studies: giving another one, and finding by one that a study had."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Row, Text, column, inspect, select, table, update
from sqlalchemy.exc import IntegrityError

from engine.errors import DeletedError, shown
from engine.spec import StudySpec
from engine.store.connection import Store
from engine.store.schema import study
from engine.store.studies import NameTakenError, former_names, free_of_hidden

_OPTUNA_STUDIES: Final = table("studies", column("study_name", Text))


def rename_study(store: Store, study_id: int, name: str) -> None:
    """Give a study another name, in Optuna's tables too; who is at work on it need not know.

    The names that files have of it stay, and it is found by its former ones.

    Raises:
        NameTakenError: another study has the name.
        DeletedError: it is there no more.
    """
    with store.writing() as connection:
        row = connection.execute(select(study).where(study.c.id == study_id)).mappings().first()
        if row is None or row["deleted_at"] is not None:
            raise DeletedError(f"study {study_id} was deleted")
        old = row["name"]
        if old == name:
            return
        free_of_hidden(connection, name)
        spec = replace(msgspec.json.decode(row["spec"], type=StudySpec), name=name)
        former = [each for each in (*former_names(row), old) if each != name]
        values = {
            "name": name,
            "spec": msgspec.json.encode(spec).decode(),
            "former_names": msgspec.json.encode(former).decode() if former else None,
        }
        try:
            connection.execute(update(study).where(study.c.id == study_id).values(values))
            _rename_in_optuna(connection, old, name)
        except IntegrityError:
            raise NameTakenError(
                f"there is a study named '{shown(name)}'; choose another name"
            ) from None


def _rename_in_optuna(connection: Connection, old: str, new: str) -> None:
    if inspect(connection).has_table(_OPTUNA_STUDIES.name):
        named = _OPTUNA_STUDIES.c.study_name
        connection.execute(update(_OPTUNA_STUDIES).where(named == old).values(study_name=new))


def studies_called(connection: Connection, names: Collection[str]) -> Sequence[Row[Any]]:
    """Return the studies that have these names, or had them where nobody has them now."""
    if not names:
        return ()
    named = select(study).where(study.c.name.in_(names))
    found = list(connection.execute(named).all())
    missing = set(names) - {row.name for row in found}
    if missing:
        renamed = connection.execute(select(study).where(study.c.former_names.is_not(None)))
        found += [row for row in renamed if missing & {*msgspec.json.decode(row.former_names)}]
    return sorted({row.id: row for row in found}.values(), key=lambda row: row.id)
