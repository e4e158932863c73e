"""What a person writes after ``--checkpoints``, and what is said where it is no place."""

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.places import place_at
from engine.places.local import Folder
from engine.places.named import VARIABLE, check_checkpoints


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        place_at(text)
    assert "sesame" not in str(caught.value)
    return str(caught.value)


def test_a_folder_is_named_by_its_path_or_as_a_url(tmp_path: Path) -> None:
    folder = tmp_path / "all of us"
    folder.mkdir()
    named = (str(folder), f"file://{folder}", f"file://localhost{tmp_path}/all%20of%20us")
    for text in named:
        place = place_at(text)
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
    check_checkpoints()
    monkeypatch.setenv(VARIABLE, "/proc")
    with pytest.raises(UsageError, match="checkpoints cannot be kept: /proc cannot be written"):
        check_checkpoints()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    check_checkpoints()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_bucket_is_named(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "s3://no-such-bucket/x")
    with pytest.raises(UsageError, match="no-such-bucket") as caught:
        check_checkpoints()
    assert "bucket" in str(caught.value)
