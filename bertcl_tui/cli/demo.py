"""``demo``: a short search on the sample pack, to see what this is about."""

from pathlib import Path
from typing import Annotated, Final

import typer

from bertcl_tui.app import has_terminal, open_app
from bertcl_tui.cli.combine import combine_selections
from bertcl_tui.cli.following import follow_search
from bertcl_tui.cli.output import say
from bertcl_tui.cli.stores import OpenedStore, opened
from bertcl_tui.cli.studies import print_trials
from bertcl_tui.combine.mixture import export_profile
from bertcl_tui.store.reader import Reader
from engine.arena.offers import finished_profile
from engine.spec import Protocol, SearchSettings, StudySpec
from engine.store.studies import StudyRecord, control_study, create_study, free_name, get_study
from engine.store.workers import set_desired_of_workers
from engine.work.ask import check_search
from engine.work.machine import core_count
from engine.work.supervisor import ensure_workers
from engine.work.tending import Tender

DEMO_STORE: Final = "demo.db"
PROFILE: Final = Path("profiles/demo.json")
_NAME: Final = "demo"
_SOME_CORES: Final = 2

Fresh = Annotated[bool, typer.Option("--fresh", help="Begin a new search beside the earlier ones.")]


def demo(*, fresh: Fresh = False) -> None:
    """Search on the sample pack for a few minutes, in demo.db in this folder.

    In a terminal the app opens with the search already running. Without one, the search is followed
    to its end, its trials are printed, and their combination is written to profiles/demo.json.
    Later calls go on with the same search.
    """
    if fresh or not Reader(DEMO_STORE).exists:
        say("looking at tasks and model …")
        check_search(demo_spec(_NAME, core_count()))
    with opened(DEMO_STORE, create=True) as at:
        study = _begun(at, fresh=fresh)
        if not has_terminal():
            _finish(at, study)
            return
        if at.row(study.name).state != "complete":
            ensure_workers(at.store.url)
    raise typer.Exit(open_app(DEMO_STORE))


def demo_spec(name: str, cores: int) -> StudySpec:
    """Return a search of a few minutes on two cores; one core tries fewer profiles."""
    return StudySpec(
        name=name,
        sequence=("rotten-tomatoes", "privacy-qa"),
        data="sample",
        model="sample",
        protocol=Protocol(
            epochs=2,
            batch_size=8,
            max_length=64,
            train_rows=256,
            eval_rows=160,
            retention_rows=96,
            measures_per_epoch=3,
        ),
        search=SearchSettings(trials=6 if cores >= _SOME_CORES else 4),
    )


def _begun(at: OpenedStore, *, fresh: bool) -> StudyRecord:
    """Return the demo's last search, made to run; a new one where there is none."""
    rows = at.reader.studies()
    if fresh or not rows:
        spec = demo_spec(free_name(at.store, _NAME), core_count())
        return get_study(at.store, create_study(at.store, spec))
    last = rows[-1]
    if last.state != "complete":
        control_study(at.store, last.id, "running")
    return get_study(at.store, last.id)


def _finish(at: OpenedStore, study: StudyRecord) -> None:
    row = follow_search(at, study, Tender(at.store), DEMO_STORE)
    # Nobody else works for this store, so nobody misses them.
    set_desired_of_workers(at.store, "stopped")
    print_trials(at.reader.trials(row.id).rows)
    profile = finished_profile(combine_selections(at, [study.name]), study.name)
    export_profile(profile, PROFILE)
    say(f"profile combined from them: {PROFILE}")
    say(f"look around: bertcl-tui --store {DEMO_STORE}; begin anew: bertcl-tui demo --fresh")
