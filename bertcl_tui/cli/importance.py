"""``importance``: which choices the scores of a study hang on."""

from typing import Annotated, Final

import typer

from bertcl_tui.cli.output import make_table, print_json, print_line, print_text
from bertcl_tui.cli.parameters import Json, Store, Study
from bertcl_tui.cli.stores import OpenedStore, opened
from bertcl_tui.store.trial_rows import ImportanceRow
from bertcl_tui.study.importance import importance_text, sign_of, weighed_choices
from bertcl_tui.trial.look import choice_labels
from engine.errors import UsageError, shown
from engine.spec.search import FEWEST, Evaluator, is_worth_weighing
from engine.store.connection import DEFAULT_STORE
from engine.store.studies import StudyRecord
from engine.work.ask import weigh_importance

_WAYS: Final = {"+": "higher rates", "−": "lower rates", "±": "neither clearly"}

By = Annotated[
    Evaluator,
    typer.Option(
        "--evaluator",
        help="PED-ANOVA: what the best tenth has in common; fANOVA: what explains the variance.",
    ),
]


def importance(
    study: Study,
    *,
    evaluator: By = "ped-anova",
    store: Store = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Tell which choices the scores of a study hang on, and whether higher rates are better."""
    with opened(store) as at:
        record = at.study(study)
        weighed = _weighed(at, record, evaluator)
        trials = at.reader.scored(record.id)
        protocol = record.spec.protocol
        labels = choice_labels(record.spec.model, protocol.grouping, len(weighed.shares))
        choices = weighed_choices(labels, weighed, trials)
        if choices is None:
            raise UsageError(
                f"study '{shown(record.name)}' has lost the learning rates that were weighed; "
                "put a copy of the store in its place, or use --store"
            )
        found = sorted(choices, key=lambda choice: -choice[1])
        if json:
            listed = [
                {"choice": label, "share": share, "rank_correlation": correlation}
                for label, share, correlation in found
            ]
            facts = {"trials": weighed.trials, "weighed": weighed.weighed, "choices": listed}
            print_json({"study": record.name, "evaluator": evaluator, **facts})
            return
        print_line(f"{record.name}: {importance_text(weighed)}")
        table = make_table(["choice"], ["share"], ["better with"])
        for label, share, correlation in found:
            table.add_row(label, f"{share:.2f}", _WAYS[sign_of(correlation)])
        print_text(table)


def _weighed(at: OpenedStore, study: StudyRecord, evaluator: Evaluator) -> ImportanceRow:
    """Return the importances, having them weighed first where that is due.

    Raises:
        UsageError: too few trials are complete.
    """
    complete = len(at.reader.scored(study.id))
    latest = at.reader.importance(study.id, evaluator)
    if is_worth_weighing(complete, None if latest is None else latest.trials):
        weigh_importance(at.store.url, study.id, evaluator).wait()
        latest = at.reader.importance(study.id, evaluator)
    if latest is None:
        raise UsageError(
            f"study '{shown(study.name)}' has {complete} complete trials; "
            f"what matters can be told from {FEWEST} on"
        )
    return latest
