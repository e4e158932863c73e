"""Whatever stands on a command line: an answer or one line; no traceback, no terminal's codes."""

import re
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bertcl_tui.cli.main import run
from engine.files import delete
from tests.foreign import NASTY, TEXTS
from tests.recorded import DONE, LIVE

pytestmark = pytest.mark.long

NUMBERS = st.integers().map(str) | st.floats().map(repr)
STUDIES = st.sampled_from([LIVE, DONE, "sst2", f"{DONE}:1,4-7", f"{DONE}:3", "1"])
SHAPES = (
    "studies",
    "trials {study} --filter {any}",
    "trials {study} --filter {any} --sort {any}",
    "trials {study} --columns {any} --out {any}",
    "trials {study} --out {any}",
    "show {study} {number}",
    "show {any}",
    "explain {study} {any}",
    "explain {number} {number}",
    "combine {study} {any}",
    "combine {study} --base {number}",
    "combine {study} --out {any}",
    "log -n {number} --level info --run {number} --worker {number}",
    "log --run {number}",
    "log --search {any} --worker {number}",
    "log --level {any} --search {any} --study {study}",
    "workers --store {any}",
    "studies --store {url}",
    "arena --offline --sequences {any} --methods {any}",
    "arena --offline --methods {any}",
    "arena --offline --out {any}",
    "arena --offline --lr {number}",
    "arena --offline --format {any} --out {any} --layout {any} --measure {any}",
    "confirm {study} --offline --json",
    "confirm {any} --offline",
    "pause {any}",
    "stop {any}",
    "import {any} --sequence {any} --model {any} --name {any}",
    "run {any} --lr {number}",
    "run sst2:mrpc --lr 2e-5 --method {any} --option {any}",
    "run sst2:mrpc --lr 2e-5 --option {any}",
    "run sst2:mrpc --profile {any} --method profile",
    "search {any} --trials {number} --data {any} --model {any} --name {any}",
    "search sst2:mrpc --name {any} --data nowhere",
    "worker --slots 1024 --device mps --store notes.txt",
    "worker --slots {number} --device {any} --store notes.txt",
    "shifts {any} --data {any} --out {any}",
    "clean {any} --older {any}",
    "clean log store --older {any}",
    "config get {any}",
    "config set {any} {any}",
    "config set keys.sort {any}",
    "{any} {any}",
)
URLS = st.tuples(
    st.sampled_from(["sqlite:///", "postgresql://", "postgresql+psycopg://h:", "mysql://", "x://"]),
    TEXTS,
).map("".join)
KEPT = {Path("studies.db"), Path("notes.txt")}
FEWER = settings(max_examples=settings().max_examples // 2)


@pytest.fixture(scope="module")
def place(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store, something that is none, and a home of its own."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "studies.db").write_bytes(recording.read_bytes())
    (folder / "notes.txt").write_text("no store\n" * 200)
    return folder


@pytest.fixture(scope="module", autouse=True)
def standing_there(place: Path) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("HOME", str(place))
        patch.setenv("BERTCL_CONFIG", str(place / "config.toml"))
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield place


@FEWER
@given(st.data(), st.sampled_from(SHAPES))
def test_any_words(data: st.DataObject, shape: str) -> None:
    drawn = {"{any}": TEXTS, "{number}": NUMBERS | TEXTS, "{study}": STUDIES | TEXTS, "{url}": URLS}
    words = [data.draw(drawn[word]) if word in drawn else word for word in shape.split()]
    assume("" not in words)
    assume(all(word in NASTY or not word.startswith(("/", "~", "..")) for word in words))
    assume(not any(re.match(r"--?[A-Za-z]", word) for word in words if word not in shape))
    check(words)


@pytest.mark.parametrize("shape", SHAPES)
def test_words_that_were_trouble_before(shape: str) -> None:
    parts = shape.replace("{study}", DONE).split()
    said = (
        tuple(word if part.startswith("{") else part for part in parts)
        for word in NASTY[SHAPES.index(shape) % 4 :: 4]
    )
    for words in dict.fromkeys(said):
        check([*words])


def check(words: list[str]) -> None:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(words)
    for file in set(Path().iterdir()) - KEPT:
        delete(file)  # what one command wrote is not what another is given
    assert code in {0, 1, 2}
    for text in (out.getvalue(), err.getvalue()):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text)
        assert "Traceback" not in text
    if code:
        *_, last, end = err.getvalue().split("\n")
        assert last.startswith("error: ")
        assert end == ""
    if code == 2:
        assert (out.getvalue(), err.getvalue().count("\n")) == ("", 1)
