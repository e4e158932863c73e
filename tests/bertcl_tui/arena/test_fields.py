"""The fields of a table: what they ask for, how that is written as a command, and where from."""

import shlex

import pytest
from msgspec.structs import replace

from bertcl_tui.arena.fields import (
    FORM_FIELDS,
    look_up_table,
    read_request,
    table_command,
    table_defaults,
    texts_of_look,
    with_method,
)
from bertcl_tui.arena.look import Question, look_at_arena
from bertcl_tui.store.reader import Reader
from engine.arena.layouts import paper_layout
from engine.arena.plan import arena_seeds
from engine.errors import UsageError
from engine.spec import preset

TYPED = {"sequences": "sst2:mrpc, mrpc:sst2", "methods": "flat,ewc-task,importance=500,combined"}


def test_every_field_has_a_sentence_of_help() -> None:
    assert all(item.help.endswith(".") for item in FORM_FIELDS)
    assert len({item.name for item in FORM_FIELDS}) == len(FORM_FIELDS)


def test_what_is_typed_is_what_is_run() -> None:
    request = read_request({**TYPED, "seeds": "3", "budget": "24", "epochs": "2", "seed": "7"})
    table = request.table
    assert table.sequences == (("sst2", "mrpc"), ("mrpc", "sst2"))
    assert [item.name for item in table.entrants] == [
        "flat@2e-5",
        "ewc-task@2e-5,importance=500",
        "combined",
    ]
    assert table.seeds == arena_seeds(3, 7)
    assert table.protocol == replace(preset("default").protocol, epochs=2)
    assert request.searched == table.sequences
    assert request.like.search.trials == 24


def test_without_a_budget_nothing_is_searched_and_a_rate_is_for_all() -> None:
    request = read_request({**TYPED, "lr": "5e-5", "search_on": "mnli:qnli"})
    assert request.searched == ()
    assert request.layout.entrants[0].name == "flat@5e-5"
    budgeted = read_request({**TYPED, "budget": "24", "search_on": "mnli:qnli"})
    assert budgeted.searched == (("mnli", "qnli"),)


def test_a_table_of_the_paper_has_its_own_rows_and_columns() -> None:
    request = read_request({"layout": "table3"})
    assert request.layout.sequences == paper_layout("table3", 2e-5).sequences
    assert table_defaults({"layout": "table3"})["methods"] == "as in the paper"
    with pytest.raises(UsageError, match="has its own sequences"):
        read_request({"layout": "table3", "sequences": "a:b"})


def test_the_command_names_what_is_not_the_default() -> None:
    texts = {**TYPED, "layout": "free", "seeds": "5", "budget": "24", "data": "sample"}
    words = shlex.split(table_command(texts, store="mine.db"))
    assert words == [
        *("bertcl-tui", "arena", "--sequences", TYPED["sequences"], "--methods", TYPED["methods"]),
        *("--data", "sample", "--budget", "24", "--store", "mine.db"),
    ]
    assert table_command({"layout": "table2"}) == "bertcl-tui arena --layout table2"


def test_a_shown_table_is_asked_for_again_as_it_was(arena_reader: Reader) -> None:
    for question in (Question(), Question(layout="table2")):
        look = look_at_arena(arena_reader, question)
        assert look is not None
        table = read_request(texts_of_look(look)).table
        assert table.sequences == look.layout.sequences
        assert table.entrants == look.layout.entrants
        assert len(table.seeds) == 5
        item = look.recorded
        assert (table.data, table.model, table.protocol) == (
            item.data,
            item.model,
            item.protocol,
        )


def test_methods_are_put_in_and_taken_out() -> None:
    assert with_method("", "flat") == "flat"
    assert with_method("flat,ewc-task,rows=9", "joint") == "flat,ewc-task,rows=9,joint"
    assert with_method("flat,joint", "flat") == "joint"


@pytest.mark.parametrize(
    ("texts", "field", "said"),
    [
        ({"sequences": ""}, "sequences", "no sequence yet"),
        ({"sequences": "sst2:mrpc,sst2:mrpd"}, "sequences", "did you mean 'mrpc'"),
        ({"methods": ""}, "methods", "no method yet"),
        ({"methods": "flot"}, "methods", "no method named 'flot'"),
        ({"search_on": "sst2:nothing"}, "search_on", "no task 'nothing'"),
        ({"data": "nowhere"}, "data", "no data 'nowhere'"),
        ({"model": "./nowhere"}, "model", "no model folder"),
        ({"layout": "table2"}, "sequences", "leave this empty"),
        ({"layout": "table2", "sequences": "", "data": "sample"}, "layout", "in 'hub'"),
    ],
)
def test_what_is_wrong_is_found_where_it_stands(
    texts: dict[str, str], field: str, said: str
) -> None:
    found = look_up_table("nowhere.db", {**TYPED, **texts})
    assert list(found.troubles) == [field]
    assert said in found.troubles[field]


def test_a_table_that_is_asked_for_says_how_long_it_takes_and_what_it_will_show(
    arena_reader: Reader,
) -> None:
    look = look_at_arena(arena_reader, Question())
    assert look is not None
    texts = texts_of_look(look)
    found = look_up_table(arena_reader.store, {**texts, "methods": "flat,joint"})
    assert found.runs == (15, 30)
    assert found.forecast == "≈ 15 min with 1 worker; needs 6 sequences."
    six = ",".join(("sst2:mrpc", "mrpc:sst2", "rte:mrpc", "mrpc:rte", "qnli:rte", "rte:qnli"))
    more = look_up_table(
        arena_reader.store, {**texts, "methods": "flat,joint", "sequences": six, "seeds": "2"}
    )
    assert "; shows +0.0" in more.forecast
    assert look_up_table("nowhere.db", texts).forecast == ""
