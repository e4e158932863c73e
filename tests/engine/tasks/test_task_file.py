from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.tasks.rows import Columns
from engine.tasks.sources.files import FileOrigin
from engine.tasks.sources.hub import HubOrigin
from engine.tasks.sources.own import own_tasks


def write(folder: Path, text: str) -> Path:
    path = folder / "tasks.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_files_lie_relative_to_the_task_file(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [tasks.mood]
        train = "data/train.tsv"
        validation = "/elsewhere/validation.tsv"
        sentence1 = "text"
        sentence2 = "reply"
        label = "mood"
        epochs = 7
        labels = ["bad", "good"]
        description = "What is the mood?"
        """,
    )
    (entry,) = own_tasks(path)
    assert entry.origin == FileOrigin(
        train=str(tmp_path / "data" / "train.tsv"),
        validation="/elsewhere/validation.tsv",
        columns=Columns(sentence1="text", sentence2="reply", label="mood"),
    )
    assert (entry.epochs, entry.labels) == (7, ("bad", "good"))
    assert (entry.title, entry.description) == ("mood", "What is the mood?")


def test_a_task_may_lie_on_the_hub(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [tasks.news]
        hub = "org/news"
        config = "short"
        sentence1 = "text"
        label = "topic"
        """,
    )
    (entry,) = own_tasks(path)
    assert entry.origin == HubOrigin(
        repository="org/news",
        config="short",
        columns=Columns(sentence1="text", label="topic"),
    )
    assert entry.epochs == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "describes no task; write"),
        ("tasks = 3", "describes no task; write"),
        ("[task.a]", "'task' is unknown; write"),
        ("[tasks.a", "is not TOML"),
        ('[tasks.a]\nsentence1 = "t"\nlabel = "l"', "task 'a' in .* names no rows; add train"),
        (
            '[tasks.a]\ntrain = "t.csv"\nlabel = "l"',
            "task 'a' .* missing required field `sentence1`",
        ),
        ('[tasks.a]\ntrain="t.csv"\nsentence1="t"\nlabel="l"\nepoch=1', "unknown field `epoch`"),
        ('[tasks.a]\ntrain="t.csv"\nsentence1="t"\nlabel="l"\nepochs=0', "`int` >= 1"),
        (
            '[tasks.a]\ntrain="t.csv"\nsentence1="t"\nlabel="l"\nconfig="c"',
            "config belongs to a hub",
        ),
        ('[tasks.a]\ntrain="t"\nsentence1="t"\nlabel="l"\nlabels=["x","x"]', "has a name twice"),
        ('[tasks.a]\ntrain="t"\nsentence1="t"\nlabel="l"\nlabels=["x"]', "length >= 2"),
        ('[tasks."a:b"]\ntrain="t"\nsentence1="t"\nlabel="l"', "letters, digits"),
        (f"a = {'[' * 9999}", "is not TOML"),
        ('[tasks.a]\ntrain="t"\nsentence1="t"\nlabel="l"\nlabels=["x","x "]', "has a name twice"),
        ("[tasks]\na = 1", "task 'a' in .* Expected `object`"),
    ],
)
def test_what_is_wrong_with_a_task_file_is_said_in_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError, match=message) as raised:
        own_tasks(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_task_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tasks.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is in UTF-16; save it as UTF-8"):
        own_tasks(path)
    path.write_bytes(b"\xfc")
    with pytest.raises(UsageError, match="is not in UTF-8"):
        own_tasks(path)


def test_a_byte_order_mark_is_no_part_of_a_task_file(tmp_path: Path) -> None:
    path = tmp_path / "tasks.toml"
    text = '[tasks.a]\ntrain = "~$t.csv"\nsentence1 = "t"\nlabel = "l"\nlabels = [0, true, 1.5]\n'
    path.write_text(text + 'unlabelled = [-1, ""]\n', encoding="utf-8-sig")
    (entry,) = own_tasks(path)
    assert entry.origin.files() == [tmp_path / "~$t.csv"]
    assert (entry.labels, entry.unlabelled) == (("0", "True", "1.5"), ("-1", ""))


def test_several_columns_as_label_are_refused_with_the_way_out(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [tasks.tone]
        train = "tone.csv"
        sentence1 = "text"
        label = ["rude", "angry"]
        """,
    )
    said = r"task 'tone' in .*: label names 2 columns; a row has one label here: keep one of them, "
    with pytest.raises(UsageError, match=f"{said}or make a task of each that says yes or no$"):
        own_tasks(path)
