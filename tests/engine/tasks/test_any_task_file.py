"""Whatever is asked of the catalog: tasks, or one line that refuses."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from engine.spec import parse_sequence
from engine.tasks.catalog import data_name, describe_sequence, known_tasks
from engine.tasks.models import model_name, model_path, stated_shape
from tests.foreign import NASTY, TEXTS, complaint, mutated

WHOLE = {
    "tasks": {
        "reviews": {"train": "train.csv", "sentence1": "text", "label": "stars", "epochs": 4},
        "queues": {"hub": "org/name", "config": "c", "sentence1": "a", "label": "b"},
    }
}
PIECES = st.sampled_from(["[tasks.a]\n", "label", "=", '"', "'''", "\n", "[[", "{", ",", "\\u0000"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tasks")


@st.composite
def almost_task_files(draw: st.DrawFn) -> str:
    def sayable(value: Any) -> Any:  # noqa: ANN401 - any value
        match value:
            case dict():
                return {_text(name): sayable(part) for name, part in value.items()}
            case list():
                return [sayable(part) for part in value]
            case str():
                return _text(value)
            case None:
                return "none"
        return value

    content = mutated(draw, WHOLE)
    return tomli_w.dumps(sayable(content if isinstance(content, dict) else {"tasks": content}))


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def check(path: Path) -> None:
    def read() -> None:
        for entry in known_tasks(str(path)):
            assert entry.name.isprintable()
            assert entry.title.isprintable()
            assert entry.description.isprintable()

    complaint(read)


@given(almost_task_files() | st.lists(PIECES | TEXTS, max_size=20).map("".join))
def test_any_task_file(folder: Path, text: str) -> None:
    path = folder / "tasks.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    check(path)


@pytest.mark.parametrize("value", ["[" * 100_000, "9" * 5000], ids=["deep", "long"])
def test_a_task_file_that_nobody_can_hold(folder: Path, value: str) -> None:
    path = folder / "deep.toml"
    path.write_text(f"a = {value}")
    assert "is not TOML" in complaint(lambda: known_tasks(str(path)))


@given(TEXTS)
def test_any_folder_of_tasks(folder: Path, name: str) -> None:
    tasks = folder / "several"
    shutil.rmtree(tasks, ignore_errors=True)
    try:
        (tasks / name).mkdir(parents=True, exist_ok=True)
        (tasks / name / "train.csv").touch()
    except (OSError, ValueError):
        return
    check(tasks)


@given(TEXTS)
def test_any_data_model_and_sequence(text: str) -> None:
    complaint(lambda: data_name(text))
    complaint(lambda: model_path(text))
    complaint(lambda: describe_sequence(parse_sequence(text), "hub"))
    complaint(lambda: describe_sequence(parse_sequence(f"{text}:sst2"), "hub"))


@pytest.mark.parametrize("name", NASTY)
def test_any_name_of_data_and_model(name: str) -> None:
    complaint(lambda: data_name(f"{name}.toml"))
    complaint(lambda: model_name(f"/{name}"))


@given(
    st.text(max_size=30) | st.sampled_from(['{"n_layer":' * 100_000, '{"n_layer": 1e999}', "[]"])
)
def test_any_config_of_a_model(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text, encoding="utf-8", errors="replace")
    shape = stated_shape(str(folder))
    assert shape is None or shape.n_layers > 0
