from pathlib import Path

import pytest
from huggingface_hub import constants

from engine.errors import UsageError
from engine.tasks.hub_access import reading_data_set, reading_model
from engine.tasks.load import load_task
from engine.tasks.tokenizer import load_tokenizer

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def dead_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", NOWHERE)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


@pytest.mark.usefixtures("dead_hub")
@pytest.mark.timeout(60)
def test_a_model_that_cannot_be_reached_is_one_line() -> None:
    with pytest.raises(UsageError) as raised:
        load_tokenizer("no-such-org/no-such-model")
    assert str(raised.value) == (
        f"cannot reach {NOWHERE} for model 'no-such-org/no-such-model', and the local cache has no "
        "copy; use --model sample or a local folder"
    )
    assert constants.HF_HUB_OFFLINE is False


@pytest.mark.usefixtures("dead_hub")
@pytest.mark.timeout(60)
def test_a_data_set_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    toml = tmp_path / "tasks.toml"
    toml.write_text(
        '[tasks.a]\nhub = "no-such-org/no-such-data"\nsentence1 = "text"\nlabel = "label"\n',
        encoding="utf-8",
    )
    with pytest.raises(UsageError) as raised:
        load_task("a", str(toml))
    assert str(raised.value) == (
        f"cannot reach {NOWHERE} for data set 'no-such-org/no-such-data', and the local cache has "
        "no copy; use --data sample or a local folder (--data FOLDER)"
    )


def test_who_asked_to_stay_offline_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match=r"HF_HUB_OFFLINE forbids to ask .* for model 'no"):
        load_tokenizer("no-such-org/no-such-model")
    assert constants.HF_HUB_OFFLINE is True


def test_a_folder_whose_tokenizer_is_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    (tmp_path / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(
        UsageError, match=f"model folder {tmp_path} cannot be read: .*another folder"
    ):
        load_tokenizer(str(tmp_path))


def test_a_usage_error_passes_unchanged(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^as it is$"), reading_model(str(tmp_path)):
        raise UsageError("as it is")


@pytest.mark.usefixtures("dead_hub")
def test_only_the_first_line_of_a_failure_is_told() -> None:
    with (
        pytest.raises(UsageError, match=r"^data set 'org/data' cannot be read: no config 'x'; use"),
        reading_data_set("org/data"),
    ):
        raise ValueError("no config 'x'.\nAvailable: many")
