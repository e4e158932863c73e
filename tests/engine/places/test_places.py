"""The same is so at every place: a file is there whole or not at all, and nothing is made up."""

import os
from pathlib import Path

import pytest
import torch
from fsspec.implementations.memory import MemoryFileSystem

from engine.errors import StorageError
from engine.files import name_beside
from engine.learning.checkpoint import (
    Checkpoint,
    DamagedError,
    Position,
    read_checkpoint,
    read_position,
    write_checkpoint,
)
from engine.places import Place
from engine.places.remote import Remote

NAME = "run-7/checkpoint-1.safetensors"


def put(place: Place, name: str, content: bytes) -> None:
    def save(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    place.write(name, save)


def content(place: Place, name: str) -> bytes | None:
    with place.fetched(name) as path:
        return path.read_bytes() if path.exists() else None


def test_what_was_written_last_is_what_is_read(place: Place) -> None:
    assert content(place, NAME) is None
    assert place.written_at(NAME) == 0.0
    put(place, NAME, b"old")
    put(place, NAME, b"new")
    assert content(place, NAME) == b"new"
    assert place.written_at(NAME) > 1.7e9
    assert [file.path.name for file in place.files("run-7")] == ["checkpoint-1.safetensors"]


def test_what_cannot_be_saved_leaves_the_older_file_and_nothing_beside_it(place: Place) -> None:
    put(place, NAME, b"old")

    def fail(path: Path) -> None:
        path.with_name("half").write_bytes(b"ne")
        path.with_name("half").unlink()
        raise StorageError("the disk is full")

    with pytest.raises(StorageError, match="the disk is full"):
        place.write(NAME, fail)
    assert content(place, NAME) == b"old"
    assert len(place.files("run-7")) == 1


def test_a_checkpoint_comes_back_whole_and_its_position_without_its_weights(place: Place) -> None:
    checkpoint = Checkpoint(
        setup="s",
        position=Position(stage=1, step=3),
        tensors={"model.a": torch.arange(3000.0)},
        extra="{}",
    )
    place.write(NAME, lambda path: write_checkpoint(path, checkpoint))
    with place.begun(NAME) as path:
        assert read_position(path) == checkpoint.position
    with place.fetched(NAME) as path:
        found = read_checkpoint(path)
    assert found is not None
    assert found.position == checkpoint.position
    assert torch.equal(found.tensors["model.a"], checkpoint.tensors["model.a"])
    with place.begun("run-8/none") as path:
        assert read_position(path) is None


@pytest.mark.parametrize("torn", [b"", b"1234", b"\xff" * 20, b"\x10\0\0\0\0\0\0\0{}"])
def test_a_torn_checkpoint_is_said_to_be_damaged_where_it_lies(place: Place, torn: bytes) -> None:
    put(place, NAME, torn)
    for read in (read_position, read_checkpoint):
        at = place.begun if read is read_position else place.fetched
        with pytest.raises(DamagedError, match=NAME) as caught, at(NAME) as path:
            read(path)
        assert str(place) in str(caught.value)


def test_folders_are_listed_as_one_thing_and_deleted(place: Place) -> None:
    assert list(place.folders()) == []
    for name, length in (("run-1/a", 1), ("run-1/b", 2), ("run-22/a", 4), ("first-stages/a", 8)):
        put(place, name, b"x" * length)
    sizes = {folder.path.name: folder.size for folder in place.folders()}
    assert sizes == {"run-1": 3, "run-22": 4, "first-stages": 8}
    assert all(folder.written_at > 1.7e9 for folder in place.folders())

    one, two = (f for f in place.folders() if f.path.name.startswith("run-"))
    place.take_away(one.path)()
    assert place.delete(two.path)
    assert {folder.path.name for folder in place.folders()} == {"first-stages"}
    (file,) = place.files("first-stages")
    assert place.delete(file.path)
    place.discard("first-stages")
    place.discard("never-there")
    assert all(folder.size == 0 for folder in place.folders())


def test_what_a_writer_left_half_written_goes(place: Place) -> None:
    put(place, NAME, b"whole")
    put(place, f"run-7/{name_beside(Path('checkpoint-1.safetensors')).name}", b"ha")
    place.forget_unfinished("run-7")
    assert [file.path.name for file in place.files("run-7")] == ["checkpoint-1.safetensors"]


def test_it_is_tried_out_without_a_trace(place: Place) -> None:
    put(place, NAME, b"here")
    place.check()
    assert {folder.path.name for folder in place.folders()} == {"run-7"}
    assert list(place.files("")) == []


class Away(MemoryFileSystem):
    """A file system whose network is down."""

    protocol = "away"
    cachable = False

    def _open(self, *_: object, **__: object) -> object:
        raise ConnectionError("s3://me:sesame@host is not reached")

    info = ls = find = cat_file = put_file = rm = _open

    def get_file(self, *_: object, **__: object) -> None:
        self._open()


def test_what_cannot_be_reached_is_trouble_and_not_an_empty_place() -> None:
    place = Remote(Away(), "/bucket", "away://me:sesame@bucket")
    for ask in (
        lambda: content(place, NAME),
        lambda: place.written_at(NAME),
        lambda: place.files("run-7"),
        place.folders,
        lambda: put(place, NAME, b"x"),
        place.check,
        lambda: place.begun(NAME).__enter__(),
    ):
        with pytest.raises(StorageError, match="is not reached") as caught:
            ask()
        assert "sesame" not in str(caught.value)
    place.discard("run-7")


def test_a_place_keeps_nothing_here(place: Place, tmp_path: Path) -> None:
    if not isinstance(place, Remote):
        pytest.skip("a folder is here")
    put(place, NAME, b"here")
    with place.fetched(NAME) as path:
        assert path.exists()
        assert os.fspath(tmp_path) not in os.fspath(path)
    assert not path.exists()
