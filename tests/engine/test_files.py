import os
import socket
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


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path: Path, *, there: bool) -> None:
    real, link, other = tmp_path / "real" / "file", tmp_path / "link", tmp_path / "other"
    real.parent.mkdir()
    if there:
        real.write_text("older")
    other.symlink_to("real/file")
    link.symlink_to(other)
    check_target(link)
    write(link, "new")
    assert (link.is_symlink(), other.is_symlink(), real.read_text()) == (True, True, "new")
    assert list(real.parent.iterdir()) == [real]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o444])
def test_an_older_files_mode_is_kept_and_a_private_one_is_at_no_time_to_be_read_by_others(
    tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "file"
    path.write_text("older")
    path.chmod(mode)
    with replacing(path) as beside:
        beside.write_text("new")
        seen = stat.S_IMODE(beside.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert mode != 0o600 or seen == 0o600


def test_a_named_pipe_gets_the_bytes_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check_target(pipe)
    text = "a line\n" * 100_000  # more than a pipe holds
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text)
        write(pipe, text)
        assert read.result() == text
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_pipe_that_nobody_reads_is_said_and_stays_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.files._READER_SECONDS", 0.0)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="nobody reads the pipe"):
        write(pipe, "text")
    assert pipe.is_fifo()


def test_a_device_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    link = tmp_path / "null"
    link.symlink_to(os.devnull)
    write(link, "text")
    assert link.is_symlink()
    assert Path(os.devnull).is_char_device()


def test_a_socket_is_refused_and_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
        for refused in (lambda: write(path, "text"), lambda: check_target(path)):
            with pytest.raises(UsageError, match="stays so; name a file"):
                refused()
        assert path.is_socket()


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 127)
    write(path, "new")
    assert path.read_text() == "new"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" * 256, "file name too long; name another"),
        ("a/" * 2500, "file name too long; name another"),
        ("a\0b", r"path 'a\\x00b' has a NUL byte in it; name another"),
        (os.fsdecode(b"\xff.csv"), r"path '\\udcff.csv' is not UTF-8; rename it"),
        ("loop", "too many levels of symbolic links; name another"),
    ],
    ids=["long", "deep", "nul", "bytes", "loop"],
)
def test_what_no_path_can_be_is_refused_in_one_line(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    with pytest.raises(UsageError, match=said):
        expanded(text)
