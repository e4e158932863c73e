"""What differs between runs, and from the paper."""

from msgspec.structs import replace

from engine.spec import Protocol, RunSpec, preset
from engine.spec.differences import Difference, differences, differences_from_paper, facts_of

AS_IN_THE_PAPER = RunSpec(
    sequence=("sst2", "mrpc"),
    data="hub",
    model="bert-base-uncased",
    method="flat",
    options={"lr": 2e-5},
    protocol=preset("paper").protocol,
    seed=999,
)


def between(one: RunSpec, other: RunSpec) -> dict[str, tuple[object, ...]]:
    found = differences([facts_of(one), facts_of(other)])
    return {item.name: item.values for item in found}


def from_paper(spec: RunSpec) -> dict[str, tuple[object, ...]]:
    return {item.name: item.values for item in differences_from_paper(spec)}


def test_a_run_differs_in_nothing_from_itself() -> None:
    assert differences([facts_of(AS_IN_THE_PAPER)] * 2) == ()


def test_what_differs_is_told_with_both_values() -> None:
    other = replace(
        AS_IN_THE_PAPER,
        sequence=("mrpc", "sst2"),
        seed=1,
        protocol=replace(AS_IN_THE_PAPER.protocol, dropout=False, train_rows=800),
    )
    assert between(AS_IN_THE_PAPER, other) == {
        "sequence": ("sst2:mrpc", "mrpc:sst2"),
        "seed": (999, 1),
        "dropout": (True, False),
        "train_rows": (None, 800),
    }


def test_options_of_one_method_are_nothing_in_another() -> None:
    decayed = replace(AS_IN_THE_PAPER, method="llrd")
    assert between(AS_IN_THE_PAPER, decayed) == {"method": ("flat", "llrd"), "decay": (None, 0.9)}


def test_a_default_that_was_written_out_is_no_difference() -> None:
    decayed = replace(AS_IN_THE_PAPER, method="llrd")
    assert between(decayed, replace(decayed, options={"lr": 2e-5, "decay": 0.9})) == {}


def test_a_rate_of_stage_1_alone_is_told() -> None:
    profile = replace(
        AS_IN_THE_PAPER, method="profile", options={}, learning_rates=(1e-5, 2e-5, 3e-5)
    )
    later = replace(profile, first_lr=5e-5, first_seed=7)
    assert between(profile, later) == {"first_lr": (None, 5e-5), "first_seed": (None, 7)}
    assert from_paper(later) == {"first_lr": (5e-5, None)}
    assert from_paper(profile) == {}


def test_rates_differ_by_choice() -> None:
    one = replace(AS_IN_THE_PAPER, method="profile", options={}, learning_rates=(1e-5, 2e-5, 3e-5))
    other = replace(one, learning_rates=(1e-5, 4e-5, 5e-5))
    assert between(one, other) == {"lr1": (2e-5, 4e-5), "lr2": (3e-5, 5e-5)}


def test_rates_that_differ_alike_are_told_once() -> None:
    one = replace(AS_IN_THE_PAPER, method="profile", options={}, learning_rates=(1e-5,) * 4)
    assert between(one, replace(one, learning_rates=(2e-5,) * 4)) == {
        "learning rates": (1e-5, 2e-5)
    }
    flat = [
        facts_of(replace(AS_IN_THE_PAPER, options={"lr": lr}), (lr,) * 4) for lr in (1e-5, 2e-5)
    ]
    assert differences(flat) == (Difference("lr", (1e-5, 2e-5)),)


def test_rates_that_a_method_made_count() -> None:
    made = facts_of(AS_IN_THE_PAPER, (2e-5, 2e-5))
    assert (made["lr0"], made["lr1"]) == (2e-5, 2e-5)


def test_the_papers_own_run_is_as_in_the_paper() -> None:
    assert differences_from_paper(AS_IN_THE_PAPER) == ()
    halves = replace(AS_IN_THE_PAPER, sequence=("qnli/short", "qnli/long"))
    assert differences_from_paper(halves) == ()
    profile = replace(AS_IN_THE_PAPER, method="profile", options={}, learning_rates=(1e-6,) * 10)
    assert differences_from_paper(profile) == ()


def test_what_is_not_as_in_the_paper_has_the_papers_value_and_a_note() -> None:
    own = RunSpec(
        sequence=("mood", "topic"),
        data="/tasks.toml",
        model="sample",
        method="llrd",
        options={"lr": 1e-4},
        protocol=Protocol(max_length=64),
        seed=3,
    )
    found = differences_from_paper(own)
    assert {item.name: item.values for item in found} == {
        "sequence": ("mood:topic", "sst2, rte, mrpc, mnli, qnli, qqp"),
        "data": ("/tasks.toml", "hub"),
        "model": ("sample", "bert-base-uncased"),
        "method": ("llrd", "flat, profile, ewc-mlm"),
        "seed": (3, 999),
        "max_length": (64, 256),
        "selection": ("held-out", "validation"),
    }
    assert all(item.note.endswith(".") for item in found if item.name != "max_length")


def test_epochs_are_those_of_the_papers_tasks() -> None:
    def epochs(number: int | None, *sequence: str) -> tuple[object, ...] | None:
        protocol = replace(AS_IN_THE_PAPER.protocol, epochs=number)
        return from_paper(replace(AS_IN_THE_PAPER, sequence=sequence, protocol=protocol)).get(
            "epochs"
        )

    assert epochs(5, "sst2", "mrpc") is None
    assert epochs(None, "sst2", "qqp") is None
    assert epochs(2, "sst2", "mrpc") == ("2", "5")
    assert epochs(5, "mrpc", "qqp") == ("5", "5, 3")


def test_options_of_the_papers_methods_are_compared() -> None:
    ewc = replace(AS_IN_THE_PAPER, method="ewc-mlm", options={"lr": 2e-5, "importance": 1000.0})
    assert from_paper(ewc) == {
        "importance": (1000.0, 675.0),
        "text": ("sample", "wiki40b"),
        "texts": (512, 25_000),
    }


def test_what_is_only_watched_is_no_difference_from_the_paper() -> None:
    protocol = replace(
        AS_IN_THE_PAPER.protocol, retention_rows=8, measures_per_epoch=1, curve_share=0.2
    )
    watched = replace(AS_IN_THE_PAPER, protocol=replace(protocol, preset="default"), device="cpu")
    assert differences_from_paper(watched) == ()


def test_rows_of_like_length_in_a_batch_are_a_difference_from_the_paper() -> None:
    protocol = replace(AS_IN_THE_PAPER.protocol, batching="by-length")
    (found,) = differences_from_paper(replace(AS_IN_THE_PAPER, protocol=protocol))
    assert (found.name, found.values) == ("batching", ("by-length", "mixed"))
    assert "as they come" in found.note
