"""The presets against what paper and code are known to do."""

import msgspec
import pytest

from engine.errors import UsageError
from engine.spec import PRESETS, Preset, Protocol, RunSpec, SearchSettings, StudySpec, preset
from engine.spec.differences import differences, facts_of

PAPER, CODE = preset("paper"), preset("original-code")


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(
        UsageError,
        match=r"no preset named 'papers'; did you mean 'paper'\? Use one of default, paper",
    ):
        preset("papers")


def test_protocols_know_their_preset() -> None:
    assert all(each.protocol.preset == name for name, each in PRESETS.items())


def test_the_papers_protocol_is_that_of_its_section_4() -> None:
    protocol = PAPER.protocol
    assert (protocol.epochs, protocol.batch_size, protocol.max_length) == (None, 16, 256)
    assert (protocol.warmup, protocol.grouping, protocol.selection) == (0.1, "paper", "validation")
    assert (protocol.train_rows, protocol.eval_rows) == (None, None)


def test_the_default_differs_from_the_paper_in_what_scores_a_trial_and_how_it_is_followed() -> None:
    default = {
        "preset": "default",
        "selection": "held-out",
        "curve_share": 0.1,
        "probe_rows": 100,
    }
    assert msgspec.structs.replace(PAPER.protocol, **default) == preset("default").protocol


def test_curves_of_stored_protocols_and_of_the_papers_stay_as_they_were() -> None:
    stored = msgspec.json.decode(b'{"preset": "default", "measures_per_epoch": 4}', type=Protocol)
    assert stored.curve_share is PAPER.protocol.curve_share is CODE.protocol.curve_share is None


@pytest.mark.parametrize(
    ("switch", "value", "alike"),
    [
        ("retention_rows", 8, True),
        ("measures_per_epoch", 1, True),
        ("curve_share", None, True),
        ("eval_rows", 8, False),
        ("dropout", False, False),
        ("score", "macro-f1", False),
        ("balance", "weights", False),
    ],
)
def test_how_closely_a_run_is_followed_changes_no_score(
    switch: str, value: object, alike: bool
) -> None:
    usual = preset("default").protocol
    other = msgspec.structs.replace(usual, **{switch: value})
    assert other != usual
    assert other.scores_like(usual) is usual.scores_like(other) is alike


def test_the_code_differs_from_the_paper_in_every_gap_that_is_known() -> None:
    runs = [
        RunSpec(sequence=("a", "b"), data="", model="", protocol=each.protocol)
        for each in (PAPER, CODE)
    ]
    assert {item.name: item.values[1] for item in differences(list(map(facts_of, runs)))} == {
        "preset": "original-code",
        "grouping": "original-code",
        "batch_size": 8,
        "retention_rows": 10_000,
        "measures_per_epoch": 1,
        "dropout": False,
        "shuffle": False,
        "optimizer_state": "carried",
        "idle_heads": "drifting",
        "loss": "softmax-cross-entropy",
        "length_split": "authors",
        "precision": "fp32",
    }


@pytest.mark.parametrize("each", [PAPER, CODE], ids=["paper", "code"])
def test_both_search_all_rates_between_the_same_bounds(each: Preset) -> None:
    assert each.search.body_bounds == each.search.head_bounds == (1e-7, 1e-3)
    assert (each.search.trials, each.search.warm_starts) == (50, False)


def test_the_code_halves_by_what_the_first_task_shows() -> None:
    search = CODE.search
    assert (search.sampler, search.pruner, search.pruning_sees) == ("gp", "asha", "first-stage")


def test_what_older_versions_stored_is_read_as_it_was_meant() -> None:
    protocol = msgspec.to_builtins(Protocol())
    for later in ("length_split", "batching", "balance", "score"):
        del protocol[later]
    search = msgspec.to_builtins(SearchSettings(trials=7))
    del search["pruning_sees"], search["budget_epochs"]
    del search["trial_seeds"], search["racing"], search["when_flat"]
    older = {
        "name": "a:b",
        "sequence": ["a", "b"],
        "data": "hub",
        "model": "m",
        "protocol": protocol,
        "search": search,
    }
    spec = msgspec.convert(older, StudySpec)
    assert (spec.method, spec.search.budget_epochs) == ("profile", None)
    assert (spec.search.pruning_sees, spec.protocol.length_split) == (
        "later-stages",
        "median-tokens",
    )
    assert spec.protocol == Protocol()
    assert (spec.search.trial_seeds, spec.search.racing, spec.search.when_flat) == (
        "own",
        "off",
        "go-on",
    )


def test_luck_is_shared_and_tested_by_default_but_not_in_what_others_published() -> None:
    luck = {
        name: (each.search.trial_seeds, each.search.racing, each.search.when_flat)
        for name, each in PRESETS.items()
    }
    assert luck == {
        "default": ("shared", "on", "stop"),
        "paper": ("own", "off", "go-on"),
        "original-code": ("own", "off", "go-on"),
    }
