import numpy as np
import pytest

from engine.learning.shift_sides import cluster_sides, fit_centres, lean

NEAR = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]])
FAR = np.array([[10.0, 11.0], [12.0, 11.0]])


def test_centres_are_the_means_of_the_clusters_the_larger_first() -> None:
    for rows in (np.vstack([NEAR, FAR]), np.vstack([FAR, NEAR])):
        assert fit_centres(rows) == pytest.approx(np.array([[1.0, 1.0], [11.0, 11.0]]))


def test_of_equal_clusters_the_one_with_the_first_row_comes_first() -> None:
    there, back = np.vstack([FAR, NEAR[:2]]), np.vstack([NEAR[:2], FAR])
    assert fit_centres(there) == pytest.approx(np.array([[11.0, 11.0], [0.0, 1.0]]))
    assert fit_centres(back) == pytest.approx(np.array([[0.0, 1.0], [11.0, 11.0]]))


def test_a_row_leans_to_the_nearer_centre() -> None:
    centres = np.array([[0.0, 0.0], [4.0, 0.0]])
    found = lean(np.array([[0.0, 0.0], [2.0, 5.0], [3.0, 0.0]], np.float32), centres)
    assert found.tolist() == [-16.0, 0.0, 8.0]  # squared distances 0-16, 29-29, 9-1


def test_rows_of_one_group_follow_their_mean() -> None:
    found = cluster_sides(np.array([-3.0, 1.0, 5.0, -1.0]), [b"p", b"p", b"q", b"q"])
    assert found.tolist() == [0, 0, 1, 1]


def test_rows_that_are_all_alike_are_one_cluster() -> None:
    alike = np.ones((5, 3))
    found = cluster_sides(lean(alike, fit_centres(alike)), [bytes([row]) for row in range(5)])
    assert found.tolist() == [0] * 5
