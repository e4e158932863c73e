"""Plans: read, kept before their first run, and what they cover."""

from hashlib import sha256
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.arena.declared import declare_plan, declared_plans, read_plan
from engine.arena.layouts import free_layout
from engine.arena.legend import headline_caption, headline_cells
from engine.arena.measuring import P_O_P_S
from engine.arena.plan import TableSpec, make_plan
from engine.arena.recorded import recorded
from engine.arena.results import Results
from engine.arena.tables import Table, make_table
from engine.errors import UsageError
from engine.store.connection import Store
from engine.store.run_states import create_run
from engine.store.runs import enter_run
from tests.engine.arena.doing import do, table_spec

SEQUENCES = ("sst2:mrpc", "qnli:rte", "rte:qnli")
PLAN = """\
question = "Is a rate of 5e-5 better than one of 2e-5?"
sequences = ["sst2:mrpc", "qnli:rte", "rte:qnli"]
methods = ["flat", "flat@5e-5"]
seeds = 2

[primary]
method = "flat@5e-5"
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return path


def spec(entrants: str = "flat,flat@5e-5", sequences: str = " ".join(SEQUENCES)) -> TableSpec:
    return table_spec(entrants, sequences)


def run_all(store: Store, table: TableSpec) -> None:
    """Run what is missing: 5e-5 is better by 0.02."""
    missing = make_plan(store, table).of("missing")
    for run in missing:
        run_id = create_run(store, run.spec)
        enter_run(store, run_id, run.entrant.name, run.source)
        better = 0.02 if run.spec.options["lr"] == 5e-5 else 0.0
        do(store, ((0.9,), (0.7 + better, 0.6 + run.spec.seed % 10 / 100)))


def table_of(store: Store) -> Table:
    (item,) = recorded(store)
    layout = free_layout(item.sequences, item.entrants, P_O_P_S)
    return make_table(layout, item.results, declared=item.declared)


def standings(table: Table) -> dict[str, str]:
    assert table.headline is not None
    return {effect.entrant: effect.standing for effect in table.headline.effects}


def test_what_was_planned_first_is_the_primary_comparison(store: Store, plan: Path) -> None:
    written = read_plan(plan)
    kept = declare_plan(store, written, spec())
    run_all(store, spec())
    run_all(store, spec("flat@1e-5"))
    table = table_of(store)
    assert standings(table) == {"flat@5e-5": "primary", "flat@1e-5": "exploratory"}
    assert {row.entrant: row.standing for row in table.rows} == {
        "flat@2e-5": "planned",
        "flat@5e-5": "primary",
        "flat@1e-5": "exploratory",
    }
    assert table.plans == (kept.name,)
    assert headline_caption(table)[0] == "Is a rate of 5e-5 better than one of 2e-5?"
    assert kept.digest == sha256(plan.read_bytes()).hexdigest()


def test_what_was_run_before_its_plan_is_exploratory(store: Store, plan: Path) -> None:
    run_all(store, spec(sequences="sst2:mrpc"))
    declare_plan(store, read_plan(plan), spec())
    run_all(store, spec())
    assert standings(table_of(store)) == {"flat@5e-5": "exploratory"}


def test_sequences_and_seeds_beside_the_plan_are_no_part_of_its_comparison(
    store: Store, plan: Path
) -> None:
    declare_plan(store, read_plan(plan), spec())
    run_all(store, spec())
    run_all(store, spec(sequences="mnli:qnli"))
    run_all(store, replace(spec(sequences="sst2:mrpc"), seeds=(1000, 1001, 1002, 1003)))
    headline = table_of(store).headline
    assert headline is not None
    (effect,) = headline.effects
    assert effect.standing == "primary"
    assert [gain.sequence for gain in effect.counted] == list(SEQUENCES)
    assert {len(gain.by_seed) for gain in effect.counted} == {2}
    assert [gain.sequence for gain in effect.sequences if not gain.counts] == ["mnli:qnli"]


def test_a_plan_of_another_comparison_promotes_nothing(store: Store, plan: Path) -> None:
    """What is compared with tuned flat was not declared where flat was the reference."""
    declare_plan(store, read_plan(plan), spec())
    run_all(store, spec())
    (item,) = recorded(store)
    others = [
        replace(entrant, rates="flat-tuned") if entrant.rates == 2e-5 else entrant
        for entrant in item.entrants
    ]
    cells = {
        (name.replace("flat@2e-5", "flat-tuned"), sequence): runs
        for (name, sequence), runs in item.results.cells.items()
    }
    layout = free_layout(item.sequences, others, P_O_P_S)
    table = make_table(layout, Results(cells=cells), declared=item.declared)
    assert standings(table) == {"flat@5e-5": "exploratory"}
    assert (table.plans, {row.standing for row in table.rows}) == ((), {"exploratory"})


def test_until_all_of_a_plan_is_run_it_says_what_is_missing(store: Store, plan: Path) -> None:
    declare_plan(store, read_plan(plan), spec())
    run_all(store, spec(sequences="sst2:mrpc qnli:rte"))
    headline = table_of(store).headline
    assert headline is not None
    (effect,) = headline.effects
    assert headline_cells(effect)[-1] == "primary, 4 runs missing"
    run_all(store, spec())
    assert standings(table_of(store)) == {"flat@5e-5": "primary"}


def test_the_same_plan_again_is_as_old_as_it_was(store: Store, plan: Path) -> None:
    first = declare_plan(store, read_plan(plan), spec())
    assert declare_plan(store, read_plan(plan), spec()) == first
    assert declared_plans(store) == (first,)


def test_a_plan_that_comes_after_what_was_seen_promotes_nothing(store: Store, plan: Path) -> None:
    both = spec("flat,flat@5e-5,flat@1e-5")
    plan.write_text(PLAN.replace('"flat@5e-5"]', '"flat@5e-5", "flat@1e-5"]'))
    declare_plan(store, read_plan(plan), both)
    run_all(store, both)
    later = plan.read_text().replace('method = "flat@5e-5"', 'method = "flat@1e-5"')
    plan.write_text(later)
    declare_plan(store, read_plan(plan), both)
    assert standings(table_of(store)) == {"flat@5e-5": "primary", "flat@1e-5": "planned"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sequences = [", "is no TOML"),
        (PLAN.replace("seeds = 2", ""), "missing required field 'seeds'"),
        (PLAN.replace("seeds = 2", "seeds = 0"), "no methods, no sequences or no seeds"),
        (PLAN.replace("seeds = 2", 'seeds = "2"'), "Expected 'int', got 'str' - at 'seeds'"),
        (PLAN + "\n[other]\n", "unknown field 'other'"),
        (PLAN.replace('method = "flat@5e-5"', 'method = "joint"'), "none of its methods"),
        (PLAN.replace('method = "flat@5e-5"', 'method = "flat"'), "must be of another method"),
        (PLAN.replace('"flat@5e-5"]', '"flot"]'), "no method named 'flot'"),
        (PLAN.replace("qnli:rte", "qnli"), "has one task"),
    ],
)
def test_what_is_no_plan_is_refused_in_a_line(plan: Path, text: str, said: str) -> None:
    plan.write_text(text)
    with pytest.raises(UsageError, match=said) as refused:
        read_plan(plan)
    assert "\n" not in str(refused.value)


def test_a_plan_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"plan .*none\.toml cannot be read"):
        read_plan(tmp_path / "none.toml")
