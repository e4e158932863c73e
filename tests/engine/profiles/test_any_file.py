"""Whatever is in a profile or a log: it is read, or refused in one line."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.profiles import read_authors_log, read_profile, transfer, write_profile
from tests.engine.profiles.samples import sample_profile
from tests.foreign import NASTY, TEXTS, VALUES, complaint, mutated

WHOLE = json.loads(msgspec.json.encode(sample_profile()))
NUMBERS = st.floats().map(repr) | st.integers().map(str) | TEXTS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("profiles")


@st.composite
def almost_profiles(draw: st.DrawFn) -> object:
    return mutated(draw, WHOLE)


def check(path: Path) -> None:
    def read_and_write() -> None:
        profile = read_profile(path)
        write_profile(profile, path)
        assert read_profile(path) == profile
        transfer(profile, 3) if profile.grouping.preset != "custom" else None

    complaint(read_and_write)


@given(almost_profiles() | VALUES)
def test_any_json_as_a_profile(folder: Path, content: object) -> None:
    path = folder / "profile.json"
    path.write_text(json.dumps(content))
    check(path)


@given(st.binary(max_size=60) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_as_a_profile_or_a_log(folder: Path, content: bytes) -> None:
    path = folder / "bytes"
    path.write_bytes(content)
    check(path)
    complaint(lambda: read_authors_log(path))


@pytest.mark.parametrize("place", ["name", "backbone"])
def test_a_profile_with_half_a_letter(folder: Path, place: str) -> None:
    path = folder / "half.json"
    path.write_text(json.dumps(WHOLE | {place: {"\udcff": None}}))
    assert "is not JSON" in complaint(lambda: read_profile(path))


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_profile_as_deep_as_a_well(folder: Path, opening: str) -> None:
    path = folder / "deep.json"
    path.write_text(opening * 100_000)
    assert "is not JSON" in complaint(lambda: read_profile(path))


@given(st.lists(NUMBERS, max_size=30).map(",".join))
def test_any_numbers_as_a_log(folder: Path, text: str) -> None:
    path = folder / "log.csv"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    complaint(lambda: read_authors_log(path))


@pytest.mark.parametrize("name", NASTY)
def test_any_name_as_that_of_a_profile(folder: Path, name: str) -> None:
    assert complaint(lambda: read_profile(name))
    assert complaint(lambda: read_authors_log(name))
    assert complaint(lambda: write_profile(sample_profile(), f"/nowhere/{name}"))


@given(st.integers())
def test_any_depth_to_transfer_to(layers: int) -> None:
    complaint(lambda: transfer(sample_profile(), layers))
