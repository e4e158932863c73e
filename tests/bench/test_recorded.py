"""The recorded landscape, and what is fitted to it."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec import convert
from sqlalchemy import update

from bench.landscape import DONE
from bench.recorded import (
    EARLIER,
    FIRST,
    MAIN,
    MORE,
    PROTOCOL,
    RECORDED,
    Point,
    Recorded,
    extract,
    recorded,
    repeat,
    repetitions,
    write,
)
from engine.store.connection import Store, open_store
from engine.store.run_states import create_run
from engine.store.runs import runs_on
from engine.store.schema import measurement, run, stage
from engine.store.studies import create_study

NAME = ":".join(MAIN)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(str(tmp_path / "landscapes.db"))
    yield store
    store.close()


def complete(store: Store, run_id: int, p_o: float) -> None:
    """Write what a worker would have."""
    with store.writing() as connection:
        connection.execute(
            update(run)
            .where(run.c.id == run_id)
            .values(state="complete", p=p_o + 0.5, p_o=p_o, p_s=0.5, step=80, steps=80)
        )
        for number, task in enumerate(MAIN):
            steps = {"first_step": 40 * number, "last_step": 40 * (number + 1), "epochs": 2}
            connection.execute(
                stage.insert().values(run_id=run_id, stage=number, task=task, **steps)
            )
        for step in (10, 50, 60, 70, 80):
            for task, accuracy in enumerate((p_o, step / 100)):
                connection.execute(
                    measurement.insert().values(
                        run_id=run_id,
                        step=step,
                        task=task,
                        split="retention",
                        stage=int(step > 40),
                        accuracy=accuracy,
                    )
                )


def fill(store: Store, trials: int) -> None:
    for spec in FIRST:
        study_id = create_study(store, spec)
        if spec.name.endswith("random 1"):
            for number in range(trials):
                rates = (1e-5 * (number + 1),) * 8
                run_id = create_run(
                    store,
                    spec.trial(number, rates),
                    study_id=study_id,
                    number=number,
                    learning_rates=rates,
                )
                complete(store, run_id, number / trials)


def test_runs_are_written_as_they_came_out(store: Store, tmp_path: Path) -> None:
    fill(store, 3)
    path = tmp_path / "recorded.json"
    write(path, extract(store))
    kept = recorded(path)
    assert [each.p for each in kept] == pytest.approx([0.5, 0.8333, 1.1667], abs=1e-4)
    assert kept[1].rates == (2e-5,) * 8
    assert kept[1].study == f"{NAME} random 1"
    assert kept[1].epochs == 4
    # of the last stage alone, as shares of it
    assert [point.done for point in kept[1].points] == list(DONE)
    assert [point.p_s for point in kept[1].points] == [0.5, 0.6, 0.7, 0.8]


def test_profiles_from_best_to_worst_are_learnt_again_once(store: Store) -> None:
    fill(store, 40)
    asked = list(repetitions(store))
    assert len(asked) == 12
    assert asked[0][1] == (1e-5 * 40,) * 8
    assert asked[-1][1] == (1e-5,) * 8
    for _ in range(2):
        repeat(store, *asked[0])
    again = runs_on(store, NAME)
    assert [each.spec.seed for each in again] == [101, 102, 103, 104, 105]
    assert {each.spec.protocol for each in again} == {PROTOCOL}


def test_what_is_asked_for_is_measured_at_the_reports_of_a_ground() -> None:
    assert PROTOCOL.epochs is not None
    measures = PROTOCOL.epochs * PROTOCOL.measures_per_epoch
    assert [k / measures for k in range(1, measures + 1)] == list(DONE)
    asked = (*FIRST, *MORE, *EARLIER)
    assert len({spec.name for spec in asked}) == len(asked)


def made_up(seed: int = 0) -> list[Recorded]:
    """Return runs whose p falls off around a best profile; low rates are noisy, high collapse."""
    draw = np.random.default_rng(seed)
    points = [draw.uniform(-7, -3, 8) for _ in range(70)]
    points += [np.full(8, -4.2)] * 6 + [np.full(8, -6.5)] * 6
    found = []
    for number, point in enumerate(points):
        level = float(np.mean(point))
        p = 1.4 - 0.3 * (level + 4.2) ** 2 + draw.normal(0, 0.05 if level < -6 else 0.002)
        collapsed = point[0] > -3.4
        found.append(
            Recorded(
                sequence=NAME,
                study=None,
                rates=tuple(10**point),
                seed=number,
                state="collapsed" if collapsed else "complete",
                p_o=None if collapsed else p - 0.5,
                p_s=None if collapsed else 0.5,
                epochs=4.0,
                points=tuple(Point(done, p - 0.5, 0.5 * done) for done in DONE),
            )
        )
    return found


@pytest.mark.long
def test_a_fitted_ground_knows_the_recorded_one() -> None:
    from bench.surrogate import Fitted

    ground = Fitted("process", made_up())
    assert ground.r2() > 0.9
    assert ground.optimum == pytest.approx(1.4, abs=0.03)
    good, bad, hot = ((10.0**decade,) * 8 for decade in (-4.2, -6.5, -3.1))
    assert ground.expect(good) == pytest.approx(1.4, abs=0.03)
    draw = np.random.default_rng(0)
    drawn = {rates: [ground.run(rates, draw) for _ in range(60)] for rates in (good, bad, hot)}
    spread = {
        rates: np.std([each.p for each in outcomes if each.p is not None])
        for rates, outcomes in drawn.items()
    }
    assert spread[good] < spread[bad] / 2
    collapsed = {rates: sum(each.p is None for each in found) for rates, found in drawn.items()}
    assert collapsed[hot] > collapsed[good]
    whole = next(each for each in drawn[good] if each.p is not None)
    assert whole.reports[0] < whole.reports[-1] == pytest.approx(whole.p)


@pytest.mark.skipif(not RECORDED.exists(), reason="nothing is recorded yet")
def test_what_is_recorded_can_be_read() -> None:
    kept = convert(json.loads(RECORDED.read_text()), tuple[Recorded, ...])
    assert len(kept) >= 100
    assert all(each.p is not None for each in kept if each.state == "complete")
    assert RECORDED.stat().st_size < 500_000
