import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from engine.errors import UsageError
from engine.tasks.models import model_name, model_path, model_title, require_weights


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


INDEX = "model.safetensors.index.json"
PARTS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "config.json").touch()
    return tmp_path


def in_two_parts(model: Path) -> None:
    for part in PARTS:
        save_file({part: np.zeros(2)}, model / part)
    index = {"weight_map": {"a": PARTS[0], "b": PARTS[1]}}
    (model / INDEX).write_text(json.dumps(index))


def test_weights_are_whole_in_one_file_or_in_parts_and_on_the_hub(model: Path) -> None:
    in_two_parts(model)
    require_weights(str(model))
    save_file({"a": np.zeros(2)}, model / "model.safetensors")
    require_weights(str(model))
    require_weights("org/model")


def test_weights_that_are_missing_are_named(model: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no weights: model.safetensors is missing"):
        require_weights(str(model))
    in_two_parts(model)
    (model / PARTS[1]).unlink()
    with pytest.raises(UsageError, match=f"{PARTS[1]} cannot be read: no such file"):
        require_weights(str(model))
    (model / INDEX).write_text("[]")
    with pytest.raises(UsageError, match=f"{INDEX} cannot be read; fetch the model again"):
        require_weights(str(model))


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_pointer_is_no_weights(model: Path, name: str) -> None:
    (model / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(UsageError, match=f"{name} is a Git LFS pointer; run git lfs pull there"):
        require_weights(str(model))


@pytest.mark.parametrize("kept", [0, 5, 60, -1])
def test_weights_that_were_cut_off_are_told(model: Path, kept: int) -> None:
    weights = model / "model.safetensors"
    save_file({"a": np.zeros(9)}, weights)
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(UsageError, match=r"is damaged or not whole \(.*\); fetch the model"):
        require_weights(str(model))


def test_a_model_is_called_by_what_it_holds_and_not_by_where_it_lies(tmp_path: Path) -> None:
    here, there, other = (tmp_path / place / "mine" for place in ("some-user", "disk2", "third"))
    for folder, weights in ((here, b"w"), (there, b"w"), (other, b"v")):
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(weights)
    assert model_title(str(here)) == model_title(str(there)) != model_title(str(other))
    assert re.fullmatch(r"mine@[0-9a-f]{8}", model_title(str(here)))
    (there / "model.safetensors").write_bytes(b"other")
    assert model_title(str(here)) != model_title(str(there))
    assert model_title(str(tmp_path / "gone" / "mine")) == "mine"
    assert [model_title(name) for name in ("sample", "org/mine")] == ["sample", "org/mine"]
