"""``track``: the runs of a study for a tracker that people have."""

from typing import Annotated, Final

import typer

from bertcl_tui.cli.combine import selected
from bertcl_tui.cli.output import print_json, say
from bertcl_tui.cli.parameters import Json, Store, offer_studies, offer_words
from bertcl_tui.cli.stores import opened
from bertcl_tui.style.wording import count
from engine.store.connection import DEFAULT_STORE
from engine.trackers import TRACKERS, export_runs, find_tracker
from engine.trackers.tracked import refuse_nothing, tracked_trials

_PROJECT: Final = "bertcl-tui"

Selection = Annotated[
    str,
    typer.Argument(
        metavar="STUDY[:TRIALS]",
        help="A study, or some of its trials, like sst2:mrpc:1,4,7-9.",
        autocompletion=offer_studies,
    ),
]
To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="NAME",
        help=f"One of {', '.join(TRACKERS)}.",
        autocompletion=offer_words({name: each.title for name, each in TRACKERS.items()}),
    ),
]
Out = Annotated[
    str,
    typer.Option(
        metavar="PLACE",
        help="A folder; for MLflow a SQLite file or the URL of a server. Default: "
        + ", ".join(each.place for each in TRACKERS.values())
        + ".",
    ),
]
Project = Annotated[str, typer.Option(metavar="NAME", help="Under which the runs stand there.")]


def track(
    study: Selection,
    *,
    to: To,
    out: Out = "",
    project: Project = _PROJECT,
    store: Store = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Write the runs of a study for MLflow, W&B, TensorBoard or Trackio; again: what is new.

    A run that is there already is brought up to date, not doubled. Nothing is sent anywhere, unless
    --out is the URL of an MLflow server.
    """
    tracker = find_tracker(to)
    with opened(store) as at:
        record, numbers = selected(at, study)
        runs = tracked_trials(at.store, record, numbers)
    refuse_nothing(record, runs)
    show = export_runs(to, project, runs, out)
    if json:
        facts = {"study": record.name, "tracker": to, "project": project, "show": show}
        print_json({**facts, "runs": [{"run": run.tags["run"], "key": run.key} for run in runs]})
    say(f"{count(len(runs), 'run')} of {record.name} written for {tracker.title}; see: {show}")
