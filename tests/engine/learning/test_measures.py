import pytest

from engine.learning.measures import AccuracyMatrix, where_lost

PAIR = AccuracyMatrix(((0.90,), (0.70, 0.80)))
TRIPLE = AccuracyMatrix(((0.90,), (0.95, 0.80), (0.60, 0.85, 0.70)))


def test_pair() -> None:
    assert PAIR.p_o == 0.70
    assert PAIR.p_s == 0.80
    assert PAIR.p == pytest.approx(1.50)
    assert PAIR.average_accuracy == pytest.approx(0.75)
    assert PAIR.backward_transfer == pytest.approx(0.70 - 0.90)
    assert PAIR.forgetting == pytest.approx(0.90 - 0.70)
    assert PAIR.p_o_before == 0.90


def test_triple() -> None:
    assert TRIPLE.p_o == pytest.approx((0.60 + 0.85) / 2)
    assert TRIPLE.p_s == 0.70
    assert TRIPLE.p_o_before == pytest.approx((0.90 + 0.80) / 2)
    assert AccuracyMatrix(((0.9, 0.8),)).p_o_before is None, "learnt at once"
    assert TRIPLE.p == pytest.approx(0.725 + 0.70)
    assert TRIPLE.average_accuracy == pytest.approx((0.60 + 0.85 + 0.70) / 3)


def test_backward_transfer_starts_where_a_task_was_just_learnt() -> None:
    # task 0 from 0.90 to 0.60, task 1 from 0.80 to 0.85
    assert TRIPLE.backward_transfer == pytest.approx((-0.30 + 0.05) / 2)


def test_forgetting_starts_where_a_task_was_known_best() -> None:
    # task 0 was known best after stage 1, at 0.95; task 1 got better by 0.05
    assert TRIPLE.forgetting == pytest.approx((0.35 - 0.05) / 2)


def test_what_a_probe_still_tells_is_lost_in_the_head_alone() -> None:
    matrix = AccuracyMatrix(((0.9,), (0.6, 0.8)))
    probed = {
        (0, 0): {10: 0.7, 100: 0.88},
        (1, 0): {10: 0.65, 100: 0.83},
        (1, 1): {10: 0.5, 100: 0.8},
    }
    (lost,) = where_lost(matrix, probed)
    assert lost.task == 0
    assert lost.whole == pytest.approx(0.3)
    assert (lost.encoder, lost.head) == (pytest.approx(0.05), pytest.approx(0.25))
    assert lost.again == {10: 0.65, 100: 0.83}


def test_what_was_not_probed_after_both_stages_or_has_none_is_not_told() -> None:
    matrix = AccuracyMatrix(((0.9,), (0.6, 0.8)))
    assert where_lost(matrix, {(1, 0): {10: 0.65}}) == ()
    assert where_lost(matrix, {(0, 0): {48: 0.9}, (1, 0): {10: 0.65}}) == ()
    assert where_lost(AccuracyMatrix(((0.9, 0.8),)), {(0, 0): {10: 0.65}}) == ()
