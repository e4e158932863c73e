"""Runs that begin alike learn their first stage once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.spec import RunSpec
from engine.store.connection import Store
from engine.store.measurements import DriftRecord, MeasurementRecord, drift_of, measurements_of
from engine.store.run_states import create_run
from engine.store.runs import get_run
from tests.process.conftest import wait_for_end

pytestmark = pytest.mark.process

Start = Callable[..., int]


@pytest.fixture
def other(short_spec: RunSpec) -> RunSpec:
    """Return a run of another sequence with the same first stage."""
    return replace(short_spec, sequence=(short_spec.sequence[0], "topic"))


def _kept(store: Store) -> list[Path]:
    return sorted((store.folder / "first-stages").glob("*.safetensors"))


def _first_drift(store: Store, run_id: int) -> list[DriftRecord]:
    return [item for item in drift_of(store, run_id) if item.stage == 0]


def test_a_first_stage_serves_another_sequence_bit_for_bit_and_is_learnt_again_once_it_is_damaged(
    store: Store,
    short_spec: RunSpec,
    other: RunSpec,
    start: Start,
    short_undisturbed: list[MeasurementRecord],
) -> None:
    first = create_run(store, other)
    wait_for_end(start())
    (kept,) = _kept(store)
    made, whole = kept.stat().st_ino, kept.stat().st_size
    run_id = create_run(store, short_spec)
    wait_for_end(start())
    assert get_run(store, run_id).state == "complete"
    assert measurements_of(store, run_id) == short_undisturbed
    assert [file.stat().st_ino for file in _kept(store)] == [made], "learnt once"
    assert {item.stage for item in drift_of(store, run_id)} == {0, 1}
    assert _first_drift(store, run_id) == _first_drift(store, first)

    kept.write_bytes(kept.read_bytes()[:100])
    again = create_run(store, short_spec)
    wait_for_end(start())
    assert measurements_of(store, again) == short_undisturbed
    assert kept.stat().st_size == pytest.approx(whole, rel=0.1)
