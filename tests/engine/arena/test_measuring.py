import pytest

from engine.arena.measuring import MEASURES, measure_of
from engine.errors import UsageError

THREE = {
    (0, 0): 0.90,
    (1, 0): 0.80,
    (1, 1): 0.70,
    (2, 0): 0.60,
    (2, 1): 0.74,
    (2, 2): 0.50,
}
JOINT = {(0, 0): 0.9, (0, 1): 0.7}
SINGLE = {(0, 0): 0.92, (1, 1): 0.75}


def shown(name: str, found: dict[tuple[int, int], float], tasks: int) -> list[float | None]:
    return [quantity.of(found, tasks, 0) for quantity in measure_of(name).quantities]


def test_three_tasks_by_hand() -> None:
    assert shown("p_o-p_s", THREE, 3) == pytest.approx([0.67, 0.50])
    assert shown("p", THREE, 3) == pytest.approx([1.17])
    assert shown("acc", THREE, 3) == pytest.approx([(0.60 + 0.74 + 0.50) / 3])
    assert shown("bwt", THREE, 3) == pytest.approx([((0.60 - 0.90) + (0.74 - 0.70)) / 2])
    assert shown("forgetting", THREE, 3) == pytest.approx([((0.90 - 0.60) + (0.70 - 0.74)) / 2])
    assert shown("before-after", THREE, 3) == [0.90, 0.60]


def test_tasks_learnt_at_once_or_alone_forget_nothing_that_could_be_told() -> None:
    for found in (JOINT, SINGLE):
        assert shown("bwt", found, 2) == [None]
        assert shown("forgetting", found, 2) == [None]
    assert shown("p_o-p_s", JOINT, 2) == [0.9, 0.7]
    assert shown("p_o-p_s", SINGLE, 2) == [0.92, 0.75]
    assert shown("before-after", JOINT, 2) == [0.9, None]


def test_a_run_that_is_not_over_has_no_numbers() -> None:
    for name in MEASURES:
        if name != "before-after":
            assert set(shown(name, {(0, 0): 0.9}, 2)) == {None}


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(UsageError, match="no measure 'f1'; use one of p_o-p_s, p, acc"):
        measure_of("f1")
