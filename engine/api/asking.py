"""Asking for work: a search, or one run."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from engine.api.arguments import as_written, for_python
from engine.api.looking import look_at_run, look_at_study, looking_into
from engine.api.results import Run, Study
from engine.api.waiting import wait_for_run, wait_for_study
from engine.errors import UsageError, first_line, unknown_name
from engine.places.named import check_places
from engine.profiles import Profile, read_profile
from engine.spec import RunSpec, StudySpec, parse_sequence, sequence_name
from engine.spec import preset as preset_of
from engine.spec.methods import OptionValue, own_name, read_options
from engine.spec.run import SearchedMethod, refuse_shared_beginning
from engine.store.connection import DEFAULT_STORE, is_made, open_store
from engine.store.run_states import create_run
from engine.store.studies import create_study
from engine.tasks.catalog import data_name, describe_sequence
from engine.tasks.models import model_name, usual_model
from engine.work.ask import check as check_elsewhere
from engine.work.ask import like_every_trial
from engine.work.requests import carry_profile, with_first_rate

Switches = Mapping[str, Any]
"""Fields of ``engine.spec.Protocol`` or ``engine.spec.SearchSettings`` that differ."""

Settings = TypeVar("Settings", bound=Struct)


@for_python
def search(
    sequence: str | Sequence[str],
    *,
    data: str | Path = "hub",
    model: str | Path | None = None,
    method: SearchedMethod = "profile",
    trials: int | None = None,
    budget_epochs: float | None = None,
    preset: str = "default",
    protocol: Switches | None = None,
    settings: Switches | None = None,
    seed: int = 0,
    device: str = "auto",
    name: str | None = None,
    store: str = DEFAULT_STORE,
    workers: int | None = None,
    wait: bool = True,
) -> Study:
    """Search for learning rates on a sequence of tasks: create a study, and have it worked on.

    Args:
        sequence: ``"sst2:mrpc"`` or ``["sst2", "mrpc"]``, two tasks or more.
        data: ``hub``, ``sample``, a folder, or a task file.
        model: ``sample``, a hub name or a folder. None: ``sample`` for the sample data, else
            ``bert-base-uncased``.
        method: whose rates are searched: one per choice, one for all layers, or one with a decay.
        trials: how many there shall be; None: as the preset says.
        budget_epochs: passes over a task's training rows that all trials may take together.
        preset: ``default``, ``paper`` or ``original-code``.
        protocol: what differs from the preset's, like ``{"epochs": 2, "train_rows": 800}``.
        settings: what differs from the preset's, like ``{"sampler": "gp", "racing": "off"}``.
        seed: from which all seeds of the study are derived.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
        name: of the study; None: that of the sequence, with a number where it is taken.
        store: a SQLite file, made where there is none, or the URL of a PostgreSQL database.
        workers: processes that there shall be; None: as many as this machine has room for; 0: this
            process does the work itself, which is quickest for something tiny.
        wait: return when the study is over; else at once, and ``workers`` go on in the background.

    Returns:
        The study as it stands then. Ctrl-C pauses it; ``bertcl-tui resume`` goes on.

    Raises:
        UsageError: an argument cannot be so, a task, model or device is not to be had, or the name
            is taken; nothing was written.
        EngineError: the study failed, or nobody can work on it.
    """
    asked = _study_spec(sequence, data, model, preset, protocol=protocol, settings=settings)
    own = {"trials": trials, "budget_epochs": budget_epochs}
    searched = _changed(asked.search, {key: each for key, each in own.items() if each is not None})
    spec = _checked(
        replace(
            asked,
            name=asked.name if name is None else name,
            method=method,
            search=searched,
            seed=seed,
            device=device,
        )
    )
    refuse_shared_beginning(spec)
    _refuse_no_workers(workers, wait=wait)
    _check(like_every_trial(spec), store, here=workers == 0)
    with looking_into(store, create=True) as opened:
        study_id = create_study(opened, spec, numbered=name is None)
        wait_for_study(opened, study_id, workers=workers, device=device, wait=wait)
        with opened.at_one_moment() as now:
            return look_at_study(now, study_id)


@for_python
def run(
    sequence: str | Sequence[str],
    *,
    method: str | None = None,
    lr: float | None = None,
    profile: Profile | str | Path | None = None,
    first_lr: float | None = None,
    options: Mapping[str, OptionValue] | None = None,
    data: str | Path = "hub",
    model: str | Path | None = None,
    preset: str = "default",
    protocol: Switches | None = None,
    seed: int = 0,
    device: str = "auto",
    store: str = DEFAULT_STORE,
    workers: int | None = None,
) -> Run:
    """Learn a sequence once, with any method, and return its accuracies and curves.

    Args:
        sequence: ``"sst2:mrpc"`` or ``["sst2", "mrpc"]``, two tasks or more.
        method: one of ``bertcl-tui run --help``. None: ``profile`` where there is one, else
            ``flat``.
        lr: of all layers, above 0 and at most 1, like 2e-5.
        profile: a rate for each choice, or a file of one.
        first_lr: of all layers in stage 1; the other rates are for later stages then.
        options: the method's own, like ``{"importance": 500}``.
        data: as in ``search``.
        model: as in ``search``.
        preset: as in ``search``.
        protocol: as in ``search``.
        seed: of everything drawn at random.
        device: as in ``search``.
        store: as in ``search``.
        workers: as in ``search``.

    Returns:
        The run, complete. Ctrl-C stops it.

    Raises:
        UsageError: an argument cannot be so, or something is not to be had; nothing was written.
        EngineError: the run failed or collapsed, or nobody can work on it.
    """
    asked = _study_spec(sequence, data, model, preset, protocol=protocol)
    name = own_name(method or ("flat" if profile is None else "profile"))
    given = {**(options or {}), **({} if lr is None else {"lr": lr})}
    read_options(name, given, has_profile=profile is not None)
    spec = RunSpec(
        sequence=asked.sequence,
        data=asked.data,
        model=asked.model,
        method=name,
        options=given,
        protocol=asked.protocol,
        seed=seed,
        device=device,
    )
    if profile is not None:
        spec = _carrying(spec, profile)
    if first_lr is not None:
        spec = with_first_rate(spec, first_lr, "first_lr")
    spec = _checked(spec)
    _refuse_no_workers(workers, wait=True)
    _check(spec, store, here=workers == 0)
    with looking_into(store, create=True) as opened:
        run_id = create_run(opened, spec, label=name)
        wait_for_run(opened, run_id, workers=workers, device=device)
        with opened.at_one_moment() as now:
            return look_at_run(now, run_id)


def _study_spec(
    sequence: str | Sequence[str],
    data: str | Path,
    model: str | Path | None,
    preset_name: str,
    *,
    protocol: Switches | None,
    settings: Switches | None = None,
) -> StudySpec:
    """Return what both verbs are asked for alike, named after its sequence."""
    text = sequence if isinstance(sequence, str) else sequence_name(sequence)
    tasks, chosen = parse_sequence(text), preset_of(preset_name)
    source = data_name(str(data))
    describe_sequence(tasks, source)
    return StudySpec(
        name=sequence_name(tasks),
        sequence=tasks,
        data=source,
        model=model_name(usual_model(source) if model is None else str(model)),
        protocol=_changed(chosen.protocol, protocol or {}, "protocol"),
        search=_changed(chosen.search, settings or {}, "settings"),
    )


def _changed(settings: Settings, changes: Switches, room: str = "") -> Settings:
    """Return settings with some of them otherwise; ``room`` is the argument that they stand in."""
    known = settings.__struct_fields__
    for name in changes:
        if name not in known:
            raise unknown_name(f"switch of {type(settings).__name__}", name, known)
    return _checked(replace(settings, **changes), room)


def _checked(settings: Settings, room: str = "") -> Settings:
    """Return settings each of which is of its kind and within its bounds.

    Raises:
        UsageError: one is not.
    """
    try:
        return msgspec.convert(asdict(settings), type(settings), from_attributes=True)
    except msgspec.ValidationError as error:
        expected, _, place = first_line(error).partition(" - at `$.")
        name = re.split(r"[.\[`]", place)[0]
        said = as_written(name, getattr(settings, name, None), room)
        what = f"{expected[:1].lower()}{expected[1:]}".replace("`", "")
        raise UsageError(f"{said} cannot be: {what}") from None


def _carrying(spec: RunSpec, profile: Profile | str | Path) -> RunSpec:
    if isinstance(profile, Profile):
        return carry_profile(spec, profile, profile.name)
    return carry_profile(spec, read_profile(profile), str(profile))


def _refuse_no_workers(workers: int | None, *, wait: bool) -> None:
    if workers is not None and workers < 0:
        raise UsageError(f"{workers} workers cannot be; give a number from 0 on, or None")
    if workers == 0 and not wait:
        raise UsageError("where this process does the work, it waits; leave wait=False away")


def _check(spec: RunSpec, store: str, *, here: bool) -> None:
    """See that a run could begin and that the store is one, before anything is written.

    Raises:
        UsageError: something is not to be had.
    """
    check_places()
    if is_made(store):
        open_store(store, create=False).close()
    if here:
        from engine.work.answers import check

        check([spec])
    else:
        check_elsewhere(spec)
