from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.tasks.models import model_name, model_path


def test_a_local_model_is_remembered_by_an_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").touch()
    monkeypatch.chdir(tmp_path)
    assert model_name("mine") == str(tmp_path / "mine")
    assert model_path("./mine") == str(tmp_path / "mine")


def test_a_hub_name_and_the_sample_stay_as_they_are() -> None:
    assert model_path("bert-base-uncased") == "bert-base-uncased"
    assert model_name("org/model") == "org/model"
    assert model_name("sample") == "sample"


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no model: config.json is missing"):
        model_path(str(tmp_path))
    with pytest.raises(UsageError, match=r"no model folder '.*/none'"):
        model_path(str(tmp_path / "none"))
    with pytest.raises(UsageError, match=r"no model folder './none'"):
        model_path("./none")
