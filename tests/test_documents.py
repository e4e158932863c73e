"""What the documents say: every block of Python in them runs, as it stands."""

import re
import shutil
from pathlib import Path

import pytest
from transformers import AutoModelForSequenceClassification, BertConfig

from engine.profiles import published_profile, read_profile, transfer, write_profile

ROOT = Path(__file__).parent.parent
DOCUMENTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md")))
BLOCKS = [
    pytest.param(block, id=f"{path.name}-{number}")
    for path in DOCUMENTS
    for number, block in enumerate(
        re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.M), 1
    )
]


@pytest.fixture
def folder_of_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a profile and a store; the model that documents name is a small one here."""
    config = BertConfig(
        vocab_size=50,
        hidden_size=8,
        num_hidden_layers=12,
        num_attention_heads=2,
        intermediate_size=8,
    )
    model = AutoModelForSequenceClassification.from_config(config)
    monkeypatch.setattr(AutoModelForSequenceClassification, "from_pretrained", lambda name: model)
    monkeypatch.chdir(tmp_path)
    write_profile(published_profile(), "profile.json")
    shutil.copy(ROOT / "studies.db", tmp_path)
    return tmp_path


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_python_runs(folder_of_a_reader: Path, block: str) -> None:
    exec(compile(block, "document", "exec"), {"__name__": "__main__"})


def test_there_is_one() -> None:
    assert BLOCKS


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_are_texts_or_paths_and_depths_are_numbers(
    folder_of_a_reader: Path, kind: type
) -> None:
    profile = read_profile(kind("profile.json"))
    carried = transfer(profile, 6)
    assert (carried.backbone.layers, carried.grouping.n_layers) == (6, 6)
    write_profile(carried, kind("six.json"))
    assert read_profile(kind("six.json")) == carried
