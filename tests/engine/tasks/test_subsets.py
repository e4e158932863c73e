from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.tasks.catalog import describe, describe_sequence, known_tasks, names_of
from engine.tasks.load import load_task
from engine.tasks.subsets import counterpart, share_rows, subset_names
from tests.tiny import tiny_tasks

OF_SST2 = "sst2/short, sst2/long, sst2/cluster0, sst2/cluster1"


@pytest.mark.parametrize("data", ["hub", "sample", "file"])
def test_every_task_has_four_parts_wherever_it_comes_from(tmp_path: Path, data: str) -> None:
    data = str(tiny_tasks(tmp_path)) if data == "file" else data
    for whole in known_tasks(data):
        for name in subset_names(whole.name):
            entry = describe(name, data)
            assert (entry.name, entry.whole) == (name, whole.name)
            assert (entry.origin, entry.epochs, entry.labels) == (
                whole.origin,
                whole.epochs,
                whole.labels,
            )
            assert entry.description != whole.description


def test_a_part_is_found_however_its_name_is_spelled() -> None:
    assert describe("SST-2/Short", "hub").name == "sst2/short"
    assert describe("sst2 / Cluster 1", "hub").name == "sst2/cluster1"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sst2/middle", f"task 'sst2' has no part 'middle'; use one of {OF_SST2}"),
        ("sst2/shrt", f"has no part 'shrt'; did you mean 'sst2/short'? Use one of {OF_SST2}"),
        ("sst2/", f"task 'sst2' has no part ''; use one of {OF_SST2}"),
        ("sst2/short/long", "task 'sst2' has no part 'short/long'"),
        ("mrcp/short", "no task 'mrcp' in data 'hub'; did you mean 'mrpc'?"),
        ("boolq/long", "task 'boolq' is not in data 'hub' but in 'sample'"),
    ],
)
def test_what_is_no_part_is_named_with_those_there_are(name: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        describe(name, "hub")
    assert message in str(raised.value)


def test_both_parts_of_a_shift_make_a_sequence() -> None:
    for sequence in (["sst2/short", "sst2/long"], ["SST-2/cluster1", "sst2/Cluster0", "mrpc"]):
        assert len(describe_sequence(sequence, "hub")) == len(sequence)


@pytest.mark.parametrize(
    "sequence", [["sst2", "sst2/short"], ["sst2/long", "mrpc", "SST-2/cluster1"]]
)
def test_tasks_that_share_rows_make_none(sequence: list[str]) -> None:
    with pytest.raises(UsageError, match=r"'sst2.*' and 'sst2/.*' share rows, so one would give"):
        describe_sequence(sequence, "hub")


def test_a_part_that_comes_twice_is_said_to() -> None:
    with pytest.raises(UsageError, match="task 'sst2/short' comes twice"):
        describe_sequence(["sst2/short", "SST2/short"], "hub")


def test_only_the_two_parts_of_one_shift_share_no_rows() -> None:
    assert counterpart("sst2/short") == "sst2/long"
    assert counterpart("sst2/cluster1") == "sst2/cluster0"
    assert counterpart("sst2") is counterpart("sst2/middle") is None
    assert not share_rows("sst2/short", "sst2/long")
    assert not share_rows("sst2/short", "mrpc/short")
    assert share_rows("sst2/short", "sst2/cluster0")
    assert share_rows("sst2", "sst2/long")


def test_tasks_are_named_before_their_parts() -> None:
    names = names_of(known_tasks("sample"))
    assert names[5:8] == ("boolq", "bbc-news/short", "bbc-news/long")
    assert len(names) == 6 * 5


def test_the_rows_of_a_part_are_read_as_those_of_the_task(tmp_path: Path) -> None:
    data = str(tiny_tasks(tmp_path))
    assert load_task("mood/short", data) == load_task("mood", data)
