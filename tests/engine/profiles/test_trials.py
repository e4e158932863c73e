"""What goes into a combination, and what is kept out with which reason."""

import math

import pytest

from engine.errors import UsageError
from engine.profiles import Backbone, LeftOut, Refusal, StudyTrials, combine, make_grouping
from engine.spec import Protocol
from tests.engine.profiles.samples import RATES, study, trial


def test_only_complete_trials_count_and_the_others_are_told() -> None:
    combined = combine(
        [
            study(
                trial(0, 1.2),
                trial(1, 1.9, state="collapsed"),
                trial(2, None, state="pruned"),
                trial(3, math.nan),
                trial(4, 1.9, rates=(1e-5, 1e-5, 0.0, 1e-5)),
                trial(5, 1.9, rates=(1e-5,)),
                name="a",
            )
        ]
    )
    assert [ranked.number for ranked in combined.studies[0].trials] == [0]
    assert combined.left_out == (
        LeftOut("a", 1, "collapsed"),
        LeftOut("a", 2, "pruned"),
        LeftOut("a", 3, "no score"),
        LeftOut("a", 4, "learning rate 0.0 for layer 2; it must be above 0 and at most 1"),
        LeftOut("a", 5, "1 learning rates for 4 choices; give one per choice"),
    )


def test_studies_measured_otherwise_are_refused_with_the_difference() -> None:
    protocol = Protocol(epochs=2)
    deep = make_grouping("paper", 12)
    combined = combine(
        [
            study(trial(0, 1.2), name="first", protocol=protocol),
            study(trial(0, 1.2), name="same", protocol=Protocol(epochs=2, curve_share=0.1)),
            study(
                trial(0, 1.2),
                name="model",
                protocol=protocol,
                backbone=Backbone("big", 2, hidden=64),
            ),
            study(
                trial(0, 1.2, rates=(1e-5,) * 10), name="grouping", protocol=protocol, grouping=deep
            ),
            study(trial(0, 1.2), name="epochs", protocol=Protocol(epochs=3, batch_size=8)),
            study(trial(0, 1.2), name="unknown"),
            study(trial(0, 1.2, state="running"), name="empty", protocol=protocol),
        ]
    )
    assert [mean.study for mean in combined.studies] == ["first", "same"]
    assert combined.refusals == (
        Refusal("model", "other backbone (big with 2 layers of 64, not tiny with 2 layers of 32)"),
        Refusal("grouping", "other grouping (paper, not custom)"),
        Refusal("epochs", "other protocol (epochs 3, not 2, batch_size 8, not 16)"),
        Refusal("unknown", "protocol known to only one of them"),
        Refusal("empty", "no complete trial"),
    )


def test_rates_for_all_stages_and_for_later_ones_do_not_go_together() -> None:
    later, other, every = (
        study(trial(0, 1.2), name=name, first_lr=first_lr)
        for name, first_lr in (("later", 5e-5), ("other", 2e-5), ("all", None))
    )
    combined = combine([later, other, every])
    assert combined.first_lr == 5e-5
    assert combined.refusals == (
        Refusal("other", "rates for stages after a flat 2e-5, not for stages after a flat 5e-5"),
        Refusal("all", "rates for all stages, not for stages after a flat 5e-5"),
    )
    assert combine([every, later]).refusals[0].reason == (
        "rates for stages after a flat 5e-5, not for all stages"
    )


def test_one_backbone_in_two_folders_is_one_backbone() -> None:
    def on(name: str, layers: int = 2) -> StudyTrials:
        grouping = make_grouping("paper", layers)
        rates = (1e-5,) * grouping.n_choices
        backbone = Backbone(name, layers)
        return study(trial(0, 1.2, rates=rates), name=name, backbone=backbone, grouping=grouping)

    names = ("mine@3f2a9c1b", "renamed@3f2a9c1b", "mine@00000000", "mine")
    combined = combine([*map(on, names), on("deep@3f2a9c1b", layers=3)])
    assert [mean.study for mean in combined.studies] == ["mine@3f2a9c1b", "renamed@3f2a9c1b"]
    assert combined.refusals[0].reason == (
        "other backbone (mine@00000000 with 2 layers, not mine@3f2a9c1b with 2 layers)"
    )


def test_imported_studies_of_unknown_protocol_go_together() -> None:
    combined = combine([study(trial(0, 1.0), name="a"), study(trial(0, 1.0), name="b")])
    assert len(combined.studies) == 2
    assert combined.refusals == ()


def test_the_first_study_with_something_to_combine_sets_the_measure() -> None:
    combined = combine(
        [
            study(trial(0, None, state="running"), name="young", protocol=Protocol(epochs=9)),
            study(trial(0, 1.2), name="old", protocol=Protocol(epochs=2)),
        ]
    )
    assert [mean.study for mean in combined.studies] == ["old"]
    assert combined.protocol == Protocol(epochs=2)


def test_a_strict_caller_gets_the_refusal_as_an_error() -> None:
    studies = [
        study(trial(0, 1.2), name="a", protocol=Protocol(epochs=2)),
        study(trial(0, 1.2), name="b", protocol=Protocol(epochs=3)),
    ]
    with pytest.raises(
        UsageError,
        match=r"study 'b' cannot go in: other protocol \(epochs 3, not 2\); leave it out",
    ):
        combine(studies, strict=True)


def test_nothing_to_combine_is_said() -> None:
    with pytest.raises(UsageError, match="nothing to combine: no complete trial"):
        combine([])
    with pytest.raises(UsageError, match="nothing to combine"):
        combine([study(trial(0, 1.0, state="collapsed"))])


def test_twins_are_refused() -> None:
    with pytest.raises(UsageError, match="study 's' is given 2 times; list its trials together"):
        combine([study(trial(0, 1.0)), study(trial(1, 1.0))])
    with pytest.raises(UsageError, match="trial 4 of study 's' is given 2 times"):
        combine([study(trial(4, 1.0), trial(4, 1.0, rates=RATES))])
