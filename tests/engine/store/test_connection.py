import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import EngineError, StorageError, UsageError, mask_password
from engine.store.connection import files_folder, open_store, sqlite_path, store_url
from engine.store.runs import find_run
from engine.store.studies import create_study, find_study
from tests.engine.store.conftest import study_spec, without_privileges


def refusal(text: str, **options: bool) -> str:
    with pytest.raises(UsageError) as caught:
        open_store(text, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_missing_store_is_made(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "studies.db"))
    assert store.path == tmp_path / "studies.db"
    assert store.path.exists()
    assert store.folder == tmp_path / "studies.db.runs"
    store.close()


def test_a_store_that_is_taken_away_is_not_made_again(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "studies.db"))
    assert store.path is not None
    store.engine.dispose()
    for file in tmp_path.glob("studies.db*"):
        file.rename(tmp_path / f"away-{file.name}")
    with pytest.raises(StorageError, match="cannot be written"):
        create_study(store, study_spec())
    assert not store.path.exists()
    for file in tmp_path.glob("away-*"):
        file.rename(tmp_path / file.name.removeprefix("away-"))
    create_study(store, study_spec())
    store.close()


def test_a_missing_store_is_refused_where_there_should_be_one(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    assert refusal(str(path), create=False) == (
        f"no store at {path}; start a search first, or name another with --store"
    )
    assert not path.exists()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(str(tmp_path)) == (
        f"store {tmp_path} is a folder; name a file in it, like {tmp_path / 'studies.db'}"
    )


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    assert "folder " + str(tmp_path / "nowhere") + " does not exist" in refusal(
        str(tmp_path / "nowhere" / "studies.db")
    )


def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("learning rates to try: 1e-5, 2e-5\n" * 100)
    before = path.read_bytes()
    assert refusal(str(path)) == f"store {path} is not a database; name another file with --store"
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE photos (name TEXT)")
    assert "is a database of another program (table 'photos')" in refusal(str(path))
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("photos",)]


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    open_store(str(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE cl_version SET version_num = '9999'")
    message = refusal(str(path))
    assert "was written by a newer bertcl-tui (schema 9999" in message
    assert "upgrade bertcl-tui" in message
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT * FROM cl_version").fetchall() == [("9999",)]


def test_a_damaged_store_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    store = open_store(str(path))
    create_study(store, study_spec())
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(EngineError, match="is damaged; put a copy in its place") as caught:
        find_study(open_store(str(path)), "sst2-mrpc")
    assert "\n" not in str(caught.value)


def test_a_store_that_nobody_can_copy_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "studies.db"
    open_store(str(path)).close()
    with closing(sqlite3.connect(path)) as older:
        older.execute("UPDATE cl_version SET version_num = '0001'")
        older.commit()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match=r"no folder takes a copy .*; set TMPDIR to") as caught:
        open_store(str(path), create=False)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "would be gone with its process"),
        ("nosuchdatabase://here/there", "cannot be opened"),
        ("sqlite+nosuchdriver:///studies.db", "cannot be opened"),
        ("://", "is no database URL"),
        ("postgresql://host:port/name", "is no database URL"),
        ("sqlite:///a\0b.db", "has a NUL byte in it"),
        (f"sqlite:///{'a' * 256}.db", "file name too long"),
        ("sqlite:///studies.db?no_such_word=1", "a file takes no options"),
        ("/dev/null", "is a device or a pipe; name a file"),
    ],
)
def test_what_is_no_store_url_is_refused(url: str, words: str) -> None:
    assert words in refusal(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:pw@host:5432/lab", "postgresql://me:***@host:5432/lab"),
        ("postgresql://me:p@w/:x@host/lab", "postgresql://me:***@host/lab"),
        ("postgresql://me:pw@host:port/lab", "postgresql://me:***@host:port/lab"),
        ("postgresql://host/lab?sslPassword=pw&a=1", "postgresql://host/lab?sslPassword=***&a=1"),
        ("nonsense://:pw@", "nonsense://:***@"),
        ("postgresql://me:pw/lab", "postgresql://me:***/lab"),
        ("postgresql://host:5432/lab", "postgresql://host:5432/lab"),
        ("postgresql://me@host/lab", "postgresql://me@host/lab"),
        ("sqlite:////home/a:b@c/studies.db", "sqlite:////home/a:b@c/studies.db"),
        ("studies:a@b.db", "studies:a@b.db"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert mask_password(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "nonsense://me:s3cret@host",
        "://me:s3cret@host",
        "sqlite://me:s3cret@host",
        "sqlite:///studies.db?password=s3cret",
    ],
)
def test_an_error_about_a_url_hides_its_password(url: str) -> None:
    message = refusal(url)
    assert "***" in message
    assert "s3cret" not in message


def test_the_files_of_a_server_stay_where_they_are_when_its_password_changes() -> None:
    folders = [files_folder(f"postgresql://me{word}@host/lab") for word in ("", ":one", ":two")]
    assert len(set(folders)) == 1


@pytest.mark.parametrize("name", ["what? 100%41 #1 {x} é.db", "a;b&c=d.db"])
def test_a_path_may_have_any_character(tmp_path: Path, name: str) -> None:
    store = open_store(str(tmp_path / name))
    assert [path.name for path in tmp_path.glob("*.db")] == [name]
    assert sqlite_path(store.url) == tmp_path / name
    assert store_url(store.url) == store.url
    store.close()
    again = open_store(store.url, create=False)
    again.close()


def test_sqlite_is_set_up_for_several_writers(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "studies.db"))
    with store.reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    store.close()
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 1,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


@pytest.mark.parametrize("exists", [True, False])
def test_a_read_only_store_is_refused_in_one_line(folder_of_anyone: Path, *, exists: bool) -> None:
    path = folder_of_anyone / "studies.db"
    if exists:
        open_store(str(path)).close()
        path.chmod(0o444)
    folder_of_anyone.chmod(0o555)
    with without_privileges():
        assert refusal(str(path)) == (
            f"store {path} cannot be written; make its folder writable, or use --store"
        )
    assert path.exists() == exists


def test_a_read_only_file_is_refused_in_one_line_when_it_is_written(folder_of_anyone: Path) -> None:
    path = folder_of_anyone / "studies.db"
    open_store(str(path)).close()
    path.chmod(0o444)
    folder_of_anyone.chmod(0o777)
    with without_privileges(), pytest.raises(UsageError, match="cannot be written; make its"):
        create_study(open_store(str(path)), study_spec())


@pytest.fixture
def kept_store(folder_of_anyone: Path) -> Path:
    """A store with a study, in one file, as it lies under version control."""
    path = folder_of_anyone / "studies.db"
    store = open_store(str(path))
    create_study(store, study_spec())
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    return path


def names_in(path: Path) -> list[str]:
    store = open_store(str(path), create=False)
    try:
        return [find_study(store, "sst2").name]
    finally:
        store.close()


def test_looking_into_a_store_changes_no_byte_and_leaves_nothing_beside_it(
    kept_store: Path,
) -> None:
    before = kept_store.read_bytes()
    assert names_in(kept_store) == ["sst2-mrpc"]
    assert kept_store.read_bytes() == before
    assert list(kept_store.parent.iterdir()) == [kept_store]


@pytest.mark.parametrize("wal", [True, False])
def test_a_store_that_cannot_be_written_can_be_looked_at(kept_store: Path, *, wal: bool) -> None:
    if wal:
        with closing(sqlite3.connect(kept_store)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    kept_store.chmod(0o444)
    kept_store.parent.chmod(0o555)
    before = kept_store.read_bytes()
    with without_privileges():
        assert names_in(kept_store) == ["sst2-mrpc"]
        store = open_store(str(kept_store), create=False)
        with pytest.raises(UsageError, match="cannot be written; make its folder writable"):
            create_study(store, study_spec())
        store.close()
    assert kept_store.read_bytes() == before
    assert list(kept_store.parent.iterdir()) == [kept_store]


def test_a_number_that_no_store_can_hold_is_refused(kept_store: Path) -> None:
    store = open_store(str(kept_store), create=False)
    with pytest.raises(UsageError, match="cannot hold that"):
        find_run(store, 10**20)
    store.close()


def test_a_store_that_another_program_holds_is_waited_for_then_named(
    kept_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.connection._BUSY_SECONDS", 0)
    with closing(sqlite3.connect(kept_store, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(EngineError, match="stayed locked; close the program") as caught:
            names_in(kept_store)
    assert not isinstance(caught.value, UsageError)
    assert names_in(kept_store) == ["sst2-mrpc"]
