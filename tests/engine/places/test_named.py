"""What people name a place by, and what is said where it is none."""

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.places.local import Folder
from engine.places.named import CACHES, CHECKPOINTS, check_places, named_places, place_at


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        place_at(text, "checkpoints")
    assert "sesame" not in str(caught.value)
    return str(caught.value)


def test_a_folder_is_named_by_its_path_or_as_a_url(tmp_path: Path) -> None:
    folder = tmp_path / "all of us"
    folder.mkdir()
    named = (str(folder), f"file://{folder}", f"file://localhost{tmp_path}/all%20of%20us")
    for text in named:
        place = place_at(text, "checkpoints")
        assert isinstance(place, Folder)
        assert place.root == folder


def test_what_is_no_place_is_refused_with_the_way_out(tmp_path: Path) -> None:
    assert "make it, or mount it, first" in refusal(str(tmp_path / "none"))
    assert "three slashes" in refusal("file://shared/folder")
    assert "did you mean 'sftp'?" in refusal("stfp://me:sesame@host/x")
    assert "name no bucket" in refusal("memory://")
    assert "pip install" in refusal("oss://bucket/x") or "Install ossfs" in refusal(
        "oss://bucket/x"
    )


def test_s3_without_its_package_is_told_which_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    assert 'pip install "bertcl-tui[s3]"' in refusal("s3://bucket/x")


def test_a_place_that_cannot_be_written_is_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_places()
    monkeypatch.setenv(CHECKPOINTS.variable, "/proc")
    with pytest.raises(UsageError, match="checkpoints cannot be kept: /proc cannot be written"):
        check_places()
    monkeypatch.setenv(CHECKPOINTS.variable, str(tmp_path))
    check_places()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_bucket_is_named(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHECKPOINTS.variable, "s3://no-such-bucket/x")
    with pytest.raises(UsageError, match="no-such-bucket") as caught:
        check_places()
    assert "bucket" in str(caught.value)


def test_of_caches_a_url_is_a_place_and_a_path_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHES.variable, str(tmp_path / "made-when-needed"))
    assert CACHES.place() is None
    check_places()
    monkeypatch.setenv(CACHES.variable, tmp_path.as_uri())
    place = CACHES.place()
    assert isinstance(place, Folder)
    assert place.root == tmp_path
    assert named_places()[CACHES.variable] == tmp_path.as_uri()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "stfp://host/x",
            r"caches stfp://host/x: nothing is known of stfp://; did you mean 'sftp'",
        ),
        ("file:///nowhere/at/all", "caches: there is no folder /nowhere/at/all; make it"),
        ("file:///proc", "caches cannot be kept: /proc cannot be written"),
    ],
)
def test_a_place_of_caches_is_refused_as_what_it_is(
    monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setenv(CACHES.variable, text)
    with pytest.raises(UsageError, match=said):
        check_places()
