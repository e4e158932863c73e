"""Is a task lost in its head or in the encoder? Linear probes at the end of a stage tell.

After a later stage an earlier task is known less well for two reasons: the encoder no longer tells
its classes apart, or it does and the head, which was learnt for an earlier encoder, no longer fits.
A linear classifier that is fitted anew on the encoder as it is suffers from the first one alone
("linear probing": Davari et al. 2022, arXiv 2203.13381; Zheng et al. 2024, arXiv 2312.07887). With
10 and with 100 rows it says how soon the task would be had again.
"""

import warnings
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from engine.learning.evaluation import Evaluation, evaluate
from engine.learning.events import Between, Probe, go_on
from engine.learning.model import SequenceModel
from engine.learning.plan import Rows, Setup

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

FEW: Final = (10, 100)
"""Rows from which a task is to be had again, beside as many as the protocol has."""
_SEED: Final = 0
"""Which rows are taken: the same in all runs, so that they can be compared."""
_MOST_ITERATIONS: Final = 1000


def probes_of(
    setup: Setup,
    model: SequenceModel,
    task: int,
    examined: Evaluation,
    between: Between = go_on,
) -> tuple[Probe, ...]:
    """Fit a classifier on 10, on 100 and on all the rows that the protocol has for it.

    Args:
        setup: of the run.
        model: as it is now.
        task: which one.
        examined: its rows that score trials, with what heads see of them.
        between: called between two batches.
    """
    assert examined.summaries is not None
    train = setup.tasks[task].train
    chosen = spread(train.labels, setup.protocol.probe_rows)
    known = evaluate(model, train.take(chosen), task, setup.device, between, summaries=True)
    assert known.summaries is not None
    probes = []
    for rows in sorted({min(few, len(chosen)) for few in (*FEW, len(chosen))}):
        predicted = classify(known.summaries[:rows], known.labels[:rows], examined.summaries)
        found = Evaluation(examined.losses, predicted, examined.labels)
        probes.append(Probe(task, rows, found.score(setup.protocol.score)))
    return tuple(probes)


def spread(labels: NDArray[np.int64], most: int) -> Rows:
    """Return so many rows at most, any first ones of which are spread evenly over the classes."""
    order = np.random.default_rng(_SEED).permutation(len(labels))
    of_order = labels[order]
    turn = np.empty(len(order), dtype=np.int64)
    for label in np.unique(of_order):
        (places,) = np.nonzero(of_order == label)
        turn[places] = np.arange(len(places))
    return order[np.lexsort((of_order, turn))][:most]


def classify(
    known: NDArray[np.float32], labels: NDArray[np.int64], asked: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Predict rows by a logistic regression on others; of one class alone, all are of that.

    Args:
        known: shape (rows, hidden size).
        labels: of these rows.
        asked: shape (other rows, hidden size).
    """
    if len(np.unique(labels)) == 1:
        return np.full(len(asked), labels[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a fit that is not quite at its end
        predicted: NDArray[np.int64] = _classifier().fit(known, labels).predict(asked)
    return predicted


def _classifier() -> "Pipeline":
    # Loaded here: scikit-learn takes a second, and most starts of a worker probe nothing.
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=_MOST_ITERATIONS))
