import pytest

from engine.arena.entrants import Entrant, parse_entrant, parse_entrants, recorded_entrant
from engine.errors import UsageError

WRITTEN = (
    ("flat", "flat@2e-5", "flat 2e-5"),
    ("flat@0.00005", "flat@5e-5", "flat 5e-5"),
    ("flat@1.2345678e-5", "flat@1.2345678e-5", "flat 1.2345678e-5"),
    ("flat-tuned", "flat-tuned", "flat tuned"),
    ("flat@flat-tuned", "flat-tuned", "flat tuned"),
    ("flat@flat-later", "flat-later", "flat tuned (later stages)"),
    ("replay@flat-later", "replay@flat-later", "replay @ flat tuned (later stages)"),
    ("llrd,decay=0.8", "llrd@2e-5,decay=0.8", "LLRD 2e-5, decay 0.8"),
    ("llrd-tuned", "llrd-tuned", "LLRD tuned"),
    ("bertcl", "bertcl", "BERTcL"),
    ("combined", "combined", "BERTcL combined"),
    ("bertcl-later", "bertcl-later", "BERTcL (later stages)"),
    ("profile@combined-later", "combined-later", "BERTcL combined (later stages)"),
    ("replay@combined-later", "replay@combined-later", "replay @ BERTcL combined (later stages)"),
    ("profile@published", "published", "BERTcL published"),
    ("ewc-task@flat-tuned", "ewc-task@flat-tuned", "EWC (task) @ flat tuned"),
    (
        "ewc-mlm@combined,text=wiki40b,importance=500",
        "ewc-mlm@combined,importance=500,text=wiki40b",
        "EWC (MLM) @ BERTcL combined, importance 500, text wiki40b",
    ),
    ("profiles/mine.json", "profiles/mine.json", "mine"),
    ("replay@profiles/mine.json", "replay@profiles/mine.json", "replay @ mine"),
    ("joint", "joint@2e-5", "joint 2e-5"),
)


@pytest.mark.parametrize(("text", "name", "title"), WRITTEN)
def test_an_entrant_is_written_one_way_and_read_again(text: str, name: str, title: str) -> None:
    entrant = parse_entrant(text)
    assert (entrant.name, entrant.title) == (name, title)
    assert parse_entrant(entrant.name) == entrant


def test_an_option_belongs_to_the_method_before_it() -> None:
    found = parse_entrants("flat, ewc-task@flat-tuned, importance=500, rows=64, combined", lr=3e-5)
    assert [entrant.name for entrant in found] == [
        "flat@3e-5",
        "ewc-task@flat-tuned,importance=500,rows=64",
        "combined",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no method yet"),
        ("flot", "no method named 'flot'; did you mean 'flat'? Use one of flat, llrd"),
        ("flat@fast", "no rates 'fast' for method flat"),
        ("joint@combined-later", "joint learns in one stage, and combined-later is for later"),
        ("joint@flat-later", "joint learns in one stage, and flat-later is for later ones"),
        ("flat@2", "learning rate 2 must be above 0"),
        ("flat@combined", "method flat takes one rate, not 'combined'; use flat-tuned"),
        ("flat@mine.json", "method flat takes one rate, not 'mine.json'"),
        ("profile", "method profile needs rates"),
        ("profile@2e-5", "one rate is no profile; use flat@2e-5"),
        ("ewc-task,lr=3e-5", "written after @, like ewc-task@2e-5"),
        ("ewc-task,strength=1", "no option 'strength'"),
        ("replay,share=2", "share of method replay must be from 0 to 1"),
        ("flat,flat@2e-5", "'flat@2e-5' is given twice"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_entrants(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_row_that_was_recorded_is_read_whatever_became_of_its_rates() -> None:
    entrant = Entrant(method="profile", rates="combined-2-b1.8")
    assert entrant.name == "profile@combined-2-b1.8"
    assert entrant.title == "combined-2-b1.8"
    assert recorded_entrant(entrant.name) == entrant
    assert recorded_entrant("combined") == parse_entrant("combined")
