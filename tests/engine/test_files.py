import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.files import check_target, expanded, replacing


def test_a_tilde_that_means_no_home_is_a_letter() -> None:
    assert expanded("~/tasks.toml") == Path.home() / "tasks.toml"
    for name in ("~$reviews.csv", "~nobody-of-that-name/reviews.csv"):
        assert expanded(name) == Path(name)


def write(path: Path, text: str, error: BaseException | None = None) -> None:
    with replacing(path) as beside:
        beside.write_text(text)
        if error is not None:
            raise error


def test_a_file_is_written_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "file", "new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("file", "new")]


def test_the_older_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("older")
    with replacing(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "older"
        assert beside.parent == path.parent
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_where_writing_fails_the_older_file_stays_alone(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "file"
    path.write_text("older")
    with pytest.raises(type(error)):
        write(path, "half", error)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("file", "older")]


def test_where_nothing_was_written_the_older_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("older")
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert path.read_text() == "older"


def test_no_two_writers_share_the_file_beside(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path) as one, replacing(path) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_many_writers_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    texts = [f"{number}" * 10_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write(path, text), texts))
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]


def test_file_and_folder_are_flushed_around_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flush, flushed = tmp_path / "file", os.fsync, []

    def spy(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        flushed.append(("folder" if is_folder else "file", path.exists()))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    write(path, "new")
    assert flushed == [("file", False), ("folder", True)]


def test_a_target_is_a_file_in_a_folder_that_exists(tmp_path: Path) -> None:
    check_target(tmp_path / "file")
    check_target(tmp_path / "folder" / "file", makes_folder=True)
    with pytest.raises(UsageError, match="is a folder; name a file in it"):
        check_target(tmp_path)
    with pytest.raises(UsageError, match=r"there is no folder .*folder; choose another place"):
        check_target(tmp_path / "folder" / "file")
    with pytest.raises(UsageError, match="there is no folder"):
        check_target(tmp_path / "a" / "b" / "file", makes_folder=True)
