from pathlib import Path

import datasets
import pytest
from huggingface_hub import constants

from engine.errors import UsageError
from engine.tasks.rows import Columns
from engine.tasks.sources.hub import HubOrigin, read_hub

COLUMNS = Columns(sentence1="text", label="mood")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a data set as it lies on the hub, read from a folder instead."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    features = datasets.Features(
        {"text": datasets.Value("string"), "mood": datasets.ClassLabel(names=["bad", "good"])}
    )
    (tmp_path / "moods").mkdir()
    for split in ("train", "validation"):
        rows = {"text": [f"{split} 0", f"{split} 1"], "mood": [1, 0]}
        table = datasets.Dataset.from_dict(rows, features=features)
        table.to_parquet(tmp_path / "moods" / f"{split}.parquet")
    return str(tmp_path / "moods")


def test_rows_come_with_the_names_of_their_classes(repository: str) -> None:
    raw = read_hub(HubOrigin(repository=repository, columns=COLUMNS))
    assert raw.train.sentence1 == ["train 0", "train 1"]
    assert raw.train.sentence2 is None
    assert raw.train.labels == ["1", "0"]
    assert raw.train.names == ("bad", "good")
    assert raw.validation is not None
    assert raw.validation.sentence1 == ["validation 0", "validation 1"]


def test_a_missing_split_or_column_is_named_with_those_there_are(repository: str) -> None:
    with pytest.raises(UsageError, match=r"has no split 'test'; it has train, validation"):
        read_hub(HubOrigin(repository=repository, columns=COLUMNS, validation="test"))
    with pytest.raises(
        UsageError, match=r"split train has no column 'label'; it has 'text', 'mood'"
    ):
        read_hub(HubOrigin(repository=repository, columns=Columns(sentence1="text")))


def test_a_missing_configuration_is_one_line(repository: str) -> None:
    with pytest.raises(UsageError, match=r"data set .* cannot be read: .*'large'") as raised:
        read_hub(HubOrigin(repository=repository, config="large", columns=COLUMNS))
    assert "\n" not in str(raised.value)
