"""What other programs found becomes trials, which are looked at, combined and gone on from."""

import json
from pathlib import Path

import pytest
from transformers import LlamaConfig

from engine.profiles import read_profile
from engine.profiles.profile import llrd_rates
from engine.store.connection import open_store
from engine.store.racing import best_of_studies
from tests.bertcl_tui.cli.conftest import Ask

HEADER = "number,state,label,p_o,p_s," + ",".join(f"lr{n}" for n in range(10))
GOOD = ",".join(["2e-6"] * 10)
FAIR = ",".join(["8e-6"] * 10)
OUT = ("--out", "mine.json")
PAIR = ("--sequence", "sst2:mrpc")


@pytest.fixture
def table(here: Path) -> Path:
    """Return a CSV of two trials that ended, and one that did not."""
    rows = (f"0,complete,,0.9,0.8,{GOOD}", f"1,complete,flat,0.7,0.8,{FAIR}", f"2,failed,,,,{FAIR}")
    path = here / "trials.csv"
    path.write_text("\n".join([HEADER, *rows]))
    return path


def test_a_table_becomes_a_study_that_is_combined_and_begun_from(ask: Ask, table: Path) -> None:
    answer = ask("import", table, *PAIR)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "study sst2:mrpc: 2 trials imported; 1 row left out that did not end\n"
    trials = ask("trials", "sst2:mrpc", "--json").data
    assert [(trial["p_o"], trial["p_s"], trial["label"]) for trial in trials] == [
        (0.9, 0.8, None),
        (0.7, 0.8, "flat"),
    ]
    assert ask("show", "sst2:mrpc", "0").code == 0
    combined = ask("combine", "sst2:mrpc", "--json").data
    assert 2e-6 < combined["learning_rates"][0] < 8e-6
    store = open_store("studies.db", create=False)
    best = best_of_studies(store, "bert-base-uncased", "paper", besides=-1)
    store.close()
    assert best == {"sst2:mrpc": pytest.approx((2e-6,) * 10)}


def test_what_trials_out_wrote_is_read_again_digit_by_digit(ask: Ask, table: Path) -> None:
    ask("import", table, *PAIR)
    assert ask("trials", "sst2:mrpc", "--out", "again.csv").code == 0
    answer = ask("import", "again.csv", *PAIR, "--name", "again")
    assert (answer.code, answer.err) == (0, "study again: 2 trials imported\n")
    first, again = (ask("trials", name, "--json").data for name in ("sst2:mrpc", "again"))
    assert [t["learning_rates"] for t in first] == [t["learning_rates"] for t in again]
    assert ask("combine", "sst2:mrpc", "again").code == 0


def test_columns_of_any_name(ask: Ask, here: Path) -> None:
    (here / "mine.csv").write_text("old;new;lr\n0.9;0.8;2e-5\n")
    answer = ask("import", "mine.csv", *PAIR, "--columns", "p_o=old,p_s=new")
    assert (answer.code, answer.err) == (0, "study sst2:mrpc: 1 trial imported\n")
    (trial,) = ask("trials", "sst2:mrpc", "--json").data
    assert trial["learning_rates"] == [2e-5] * 10


def test_a_backbone_that_nothing_is_known_of_has_a_layer_for_each_choice_between(
    ask: Ask, here: Path
) -> None:
    rates = ",".join(f"lr{n}" for n in range(5))
    (here / "five.csv").write_text(f"p_o,p_s,{rates}\n0.9,0.8,1e-6,2e-6,3e-6,4e-6,5e-4\n")
    assert ask("import", "five.csv", *PAIR, "--model", "somebodys/three-layers").code == 0
    profile = ask("combine", "sst2:mrpc", "--json").data
    assert profile["backbone"]["layers"] == 3
    assert profile["learning_rates"] == pytest.approx([1e-6, 2e-6, 3e-6, 4e-6, 5e-4])


def test_rates_with_scores_become_a_trial_and_with_out_a_profile(ask: Ask, here: Path) -> None:
    answer = ask("import", "--llrd", "2e-5,0.9", *PAIR, "--scores", "0.88,0.71", "--out", "p.json")
    assert answer.code == 0
    study, profile = answer.err.splitlines()
    assert study == "study sst2:mrpc: 1 trial imported"
    assert profile.startswith("profile written to ")
    read = read_profile("p.json")
    expected = llrd_rates(2e-5, 0.9, read.grouping)
    assert read.learning_rates == expected
    assert read.source == "Read from llrd 2e-5,0.9."
    (trial,) = ask("trials", "sst2:mrpc", "--json").data
    assert (trial["p_o"], trial["p_s"], trial["label"]) == (0.88, 0.71, "llrd 0.9")
    assert trial["learning_rates"] == list(expected)
    assert ask("studies", "--json").data[0]["origin"] == "import llrd 2e-5,0.9"


def test_an_optimizers_groups(ask: Ask, here: Path) -> None:
    names = ["embed.weight", *(f"layers.{n}.{w}" for n in range(12) for w in "abcd"), "head.w"]
    groups = [{"lr": 1e-6 * (n + 1), "param_names": [name]} for n, name in enumerate(names)]
    for group in groups:
        layer = group["param_names"][0].split(".")[1]
        if layer.isdecimal():
            group["lr"] = 1e-6 * (int(layer) + 1)
    (here / "groups.json").write_text(json.dumps({"param_groups": groups}))
    answer = ask("import", "groups.json", *PAIR, "--scores", "0.9,0.8")
    assert answer.code == 0
    assert "layers 2–3 had rates of their own: their geometric mean is taken\n" in answer.err
    (trial,) = ask("trials", "sst2:mrpc", "--json").data
    assert trial["learning_rates"][1] == 1e-6
    assert trial["learning_rates"][2] == pytest.approx(1e-6 * 6**0.5)


def test_rates_of_another_depth_are_refused(ask: Ask, here: Path) -> None:
    names = ["embed.weight", *(f"layers.{n}.{w}" for n in range(3) for w in "abcd"), "head.w"]
    (here / "groups.json").write_text(json.dumps([{"lr": 1e-5, "param_names": names}]))
    for words in (("--out", "p.json"), (*PAIR, "--scores", "0.9,0.8")):
        answer = ask("import", "groups.json", *words)
        assert answer.code == 2
        assert "groups.json is for 3 layers, and 'bert-base-uncased' has 12; name" in answer.err
    assert ask("import", "groups.json", "--model", "mine", "--out", "p.json").code == 0
    assert read_profile("p.json").backbone.layers == 3


@pytest.mark.process
@pytest.mark.usefixtures("forked")
def test_a_trainers_file_becomes_a_profile_of_the_model_that_is_named(ask: Ask, here: Path) -> None:
    config = LlamaConfig(num_hidden_layers=12, hidden_size=32, num_attention_heads=2)
    config.save_pretrained(here / "llama")
    groups = {"tok_embeddings": 0, "norm": 12, "lm_head": 13}
    groups |= {f"layers.{layer}": layer + 1 for layer in range(12)}
    entries = (
        f'ParamGroupConfig(pattern="^{module}[.]", optimizer_kwargs={{"lr": {place + 1}e-6}})'
        for module, place in groups.items()
    )
    (here / "rates.py").write_text(f"GROUPS = [{', '.join(entries)}]")
    answer = ask("import", "rates.py", "--model", "llama", "--out", "back.json")
    assert answer.code == 0
    assert answer.err.count("had rates of their own: their geometric mean is taken") == 4
    profile = read_profile("back.json")
    assert profile.backbone.layers == 12
    first, second, *_, last, heads = profile.learning_rates
    assert (first, second, last, heads) == pytest.approx((1e-6, 2e-6, 156**0.5 * 1e-6, 14e-6))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--llrd", "2e-5,0.9"), "rates alone are no trial: say what they came to with --scores"),
        (("--llrd", "2e-5,0.9", "--scores", "0.9,0.8"), "Missing option '--sequence'"),
        (("--llrd", "2e-5", *PAIR, "--scores", "0.9,0.8"), "--llrd is '2e-5'; write a rate and a"),
        (("--llrd", "2,0.9", *PAIR, "--scores", "0.9,0.8"), "rate and decay must be above 0"),
        (("--llrd", "2e-5,0.9", *PAIR, "--scores", "90,80"), "an accuracy must be from 0 to 1"),
        (("--llrd", "2e-5,0.9", *PAIR, "--scores", "x"), "--scores is 'x'; write two accuracies"),
        (PAIR, "name a file to import, or --llrd RATE,DECAY instead of one"),
        (("trials.csv", *PAIR, "--llrd", "2e-5,0.9"), "name a file to import, or --llrd"),
        (("trials.csv", *PAIR, "--scores", "0.9,0.8"), "has scores of its own; leave --scores"),
        (("trials.csv", *PAIR, "--columns", "p=o"), "--columns has 'p=o'; write NAME=COLUMN"),
        (("trials.csv", *PAIR, "--columns", "p_o=a,p_o=b"), "--columns has p_o twice; leave one"),
        (("trials.csv", *PAIR, "--columns", "p_o=no"), "has no column 'no'; it has 'number'"),
        (("--llrd", "2e-5,0.9", "--columns", "p_o=a"), "--columns are those of a CSV of trials"),
        (("--llrd", "2e-5,0.9", "--out", "a/b/c.json"), "there is no folder"),
        (("trials.csv", *PAIR, "--from", "csv"), "no kind of file named 'csv'"),
        (("trials.csv",), "Missing option '--sequence'"),
        (("gone.csv", *PAIR), "cannot read gone.csv: no such file"),
        (("trials.csv", *PAIR, "--head-names", "top"), "--head-names does nothing for a CSV of"),
        (("--llrd", "2e-5,0.9", "--from", "trials", *OUT), "--from does nothing with --llrd"),
        (
            ("--llrd", "2e-5,0.9", "--head-names", "a", *OUT),
            "--head-names does nothing with --llrd",
        ),
        (("--llrd", "2e-5,0.9", *PAIR, *OUT), "--sequence does nothing without --scores"),
        (("--llrd", "2e-5,0.9", "--name", "a", *OUT), "--name does nothing without --scores"),
    ],
)
def test_what_cannot_be_imported_leaves_nothing(
    ask: Ask, here: Path, table: Path, words: tuple[str, ...], said: str
) -> None:
    answer = ask("import", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert list(here.iterdir()) == [table]


def test_a_script_that_reads_a_profile_is_refused_with_the_way_to_it(ask: Ask, here: Path) -> None:
    assert ask("export", "published", "--for", "peft", "--out", "rates.py").code == 0
    answer = ask("import", "rates.py", "--out", "mine.json")
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "the profile's own file" in answer.err
    assert [file.name for file in here.iterdir()] == ["rates.py"]


def test_what_a_profile_says_itself_is_not_said_again(ask: Ask, here: Path) -> None:
    ask("import", "--llrd", "2e-5,0.9", *OUT)
    answer = ask("import", "mine.json", *PAIR, "--scores", "0.9,0.8", "--grouping", "paper")
    assert (answer.code, answer.out) == (2, "")
    assert "--grouping does nothing for a profile's file, which says it all" in answer.err
    assert not (here / "studies.db").exists()
