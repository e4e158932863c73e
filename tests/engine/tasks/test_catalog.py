import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.tasks.catalog import data_name, describe, describe_sequence, known_tasks
from engine.tasks.models import model_name
from engine.tasks.plain_text import read_texts
from engine.tasks.sources import SOURCES, sources_said
from engine.tasks.sources.files import FileOrigin
from engine.tasks.sources.hub import HubOrigin
from tests.tiny import tiny_tasks


def test_the_hub_has_the_papers_tasks_with_the_papers_epochs() -> None:
    epochs = {entry.name: entry.epochs for entry in known_tasks("hub")}
    assert epochs == {"sst2": 5, "mrpc": 5, "rte": 5, "qnli": 3, "qqp": 3, "mnli": 3}


def test_mnli_is_measured_on_matched_rows_and_qqp_on_the_first_ten_thousand() -> None:
    mnli, qqp = describe("mnli", "hub"), describe("qqp", "hub")
    assert isinstance(mnli.origin, HubOrigin)
    assert mnli.origin.validation == "validation_matched"
    assert len(mnli.labels) == 3
    assert qqp.validation_rows == 10_000


def test_sample_tasks_are_known_without_the_sample_pack() -> None:
    assert [entry.name for entry in known_tasks("sample")] == [
        "bbc-news",
        "tweets",
        "medical-subjects",
        "rotten-tomatoes",
        "privacy-qa",
        "boolq",
    ]


@pytest.mark.parametrize("data", ["hub", "sample"])
def test_every_task_has_a_title_and_a_sentence_for_people(data: str) -> None:
    for entry in known_tasks(data):
        assert entry.title
        assert entry.description.endswith((".", "?"))


@pytest.mark.parametrize("name", ["sst2", "SST2", "SST-2", "sst_2"])
def test_a_task_is_found_however_its_name_is_spelled(name: str) -> None:
    assert describe(name, "hub").name == "sst2"


def test_an_unknown_task_is_named_with_the_nearest_and_with_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"no task 'mrcp' in data 'hub'; did you mean 'mrpc'\?"):
        describe("mrcp", "hub")
    with pytest.raises(UsageError, match="use one of bbc-news, tweets, medical-subjects, rotten-"):
        describe("zzz", "sample")


def test_a_task_of_other_data_is_found_there() -> None:
    with pytest.raises(UsageError, match="'sst2' is not in data 'sample' but in 'hub': use --data"):
        describe("sst2", "sample")


def test_a_sequence_may_not_name_one_task_twice_in_two_spellings() -> None:
    assert [entry.name for entry in describe_sequence(["SST-2", "mrpc"], "hub")] == ["sst2", "mrpc"]
    with pytest.raises(UsageError, match="task 'SST-2' comes twice"):
        describe_sequence(["SST-2", "sst2"], "hub")


def test_a_folder_has_a_task_for_each_subfolder_with_training_rows(tmp_path: Path) -> None:
    for file in ("SST-2/train.parquet", "SST-2/validation.parquet", "Mine/train.csv", "no/a.csv"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    mine, sst2 = known_tasks(str(tmp_path))
    assert (mine.name, sst2.name) == ("mine", "sst2")
    assert (mine.epochs, sst2.epochs) == (3, 5)
    assert isinstance(mine.origin, FileOrigin)
    assert isinstance(sst2.origin, FileOrigin)
    assert mine.origin.validation is None
    assert sst2.origin.validation == str(tmp_path / "SST-2" / "validation.parquet")


def test_a_folder_without_tasks_says_how_to_lay_it_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no tasks; lay it out as .*/TASK/train.parquet"):
        known_tasks(str(tmp_path))


def test_a_task_file_has_its_tasks_in_its_order(tmp_path: Path) -> None:
    entries = known_tasks(str(tiny_tasks(tmp_path)))
    assert [entry.name for entry in entries] == ["mood", "topic", "agree"]


def test_data_is_remembered_by_an_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_tasks(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert data_name("hub") == "hub"
    assert data_name("tasks.toml") == str(tmp_path / "tasks.toml")
    assert data_name(".") == str(tmp_path)


def test_data_that_is_nothing_or_not_a_task_file_is_refused(tmp_path: Path) -> None:
    tiny_tasks(tmp_path)
    with pytest.raises(UsageError, match="no data 'hup'; use sample, hub "):
        data_name("hup")
    with pytest.raises(UsageError, match=r"mood-train.csv' is no task file; name its columns"):
        data_name(str(tmp_path / "mood-train.csv"))


def test_every_source_is_named_where_data_is_asked_for() -> None:
    assert all(source.said in sources_said() for source in SOURCES)
    with pytest.raises(UsageError) as fault:
        data_name("hup")
    assert sources_said() in str(fault.value)


@pytest.mark.process
def test_the_catalog_is_light() -> None:
    heavy = {"torch", "transformers", "datasets", "optuna", "huggingface_hub", "pyarrow", "numpy"}
    program = "import engine.tasks.catalog, engine.tasks.models, sys; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert not heavy & set(modules)


def test_a_tilde_that_means_no_home_is_a_letter() -> None:
    with pytest.raises(UsageError, match=r"no data '~nobody-of-that-name/tasks.toml'"):
        known_tasks("~nobody-of-that-name/tasks.toml")
    with pytest.raises(UsageError, match="no model folder '~nobody-of-that-name/bert'"):
        model_name("~nobody-of-that-name/bert")
    with pytest.raises(UsageError, match="no text file '~nobody'"):
        read_texts("~nobody", 1)


def test_a_split_of_a_folder_may_lie_in_parts(tmp_path: Path) -> None:
    (tmp_path / "MOOD" / "train.parquet").mkdir(parents=True)
    (tmp_path / "MOOD" / "train.parquet" / "part-0.parquet").touch()
    origin = describe("mood", str(tmp_path)).origin
    assert isinstance(origin, FileOrigin)
    assert origin.files() == [tmp_path / "MOOD" / "train.parquet" / "part-0.parquet"]
