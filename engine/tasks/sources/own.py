"""A person's own tasks, in a folder ``FOLDER/TASK/{train,validation}.parquet`` or a TOML file."""

import codecs
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from engine.errors import UsageError, reason_of, shown
from engine.files import expanded
from engine.spec.protocol import Count
from engine.tasks.rows import ONE_LABEL, Columns, label_of
from engine.tasks.sources.files import SUFFIXES, FileOrigin
from engine.tasks.sources.hub import GLUE, HubOrigin
from engine.tasks.subsets import find_named
from engine.tasks.task import TaskEntry

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXAMPLE = '[tasks.NAME] with train = "FILE" or hub = "ORG/NAME", sentence1 and label'
_LONG = 1000
"""Letters of a description."""
_Label = str | int | float | bool


class OwnTask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[tasks.NAME]`` of a task file."""

    sentence1: str
    sentence2: str | None = None
    label: str
    train: str | None = None
    """A file, relative to the task file; with ``hub``, the name of a split."""
    validation: str | None = None
    """As ``train``. None: part of the training rows is kept apart for it."""
    hub: str | None = None
    config: str | None = None
    labels: Annotated[list[_Label], Meta(min_length=2)] | None = None
    """Names of the classes in the order of their indices. None: the values found, sorted."""
    unlabelled: list[_Label] | None = None
    """Labels that say that a row has none, such as -1; such rows are left out."""
    epochs: Count = 3
    title: str | None = None
    description: str | None = None


def own_tasks(path: Path) -> tuple[TaskEntry, ...]:
    """Read the tasks that a task file describes, in its order.

    Raises:
        UsageError: the file cannot be read, is not TOML, or a task in it says too little.
    """
    return tuple(
        _entry(name, _task(name, table, path), path) for name, table in _tables(path).items()
    )


def _tables(path: Path) -> dict[str, object]:
    try:
        content = path.read_bytes()
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UsageError(f"task file {shown(path)} is in UTF-16; save it as UTF-8")
        text = content.removeprefix(codecs.BOM_UTF8)
        document = msgspec.toml.decode(text, type=dict[str, object])
    except OSError as error:
        raise UsageError(f"task file {shown(path)} cannot be read: {reason_of(error)}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"task file {shown(path)} is not in UTF-8: {error.reason}") from error
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise UsageError(f"task file {shown(path)} is not TOML: {shown(error)}") from error
    tables = document.pop("tasks", None)
    if document:
        raise UsageError(
            f"task file {shown(path)}: '{shown(next(iter(document)))}' is unknown; write {_EXAMPLE}"
        )
    if not tables or not isinstance(tables, dict):
        raise UsageError(f"task file {shown(path)} describes no task; write {_EXAMPLE}")
    return tables


def _task(name: str, table: object, path: Path) -> OwnTask:
    where = f"task '{shown(name)}' in {shown(path)}"
    if not _NAME.fullmatch(name):
        raise UsageError(f"{where}: a task's name has letters, digits, '.', '_' and '-' only")
    if isinstance(table, dict) and isinstance(several := table.get("label"), list):
        raise UsageError(f"{where}: label names {len(several)} columns; {ONE_LABEL}")
    try:
        task = msgspec.convert(table, OwnTask)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {error}") from error
    if task.hub is None and task.config is not None:
        raise UsageError(f"{where}: config belongs to a hub data set; add hub, or take it out")
    names = _names(task.labels)
    if len(set(map(label_of, names))) < len(names):
        raise UsageError(f"{where}: labels has a name twice")
    return task


def _names(labels: Iterable[_Label] | None) -> tuple[str, ...]:
    return tuple(map(str, labels or ()))


def _entry(name: str, task: OwnTask, path: Path) -> TaskEntry:
    return TaskEntry(
        name=name,
        title=shown(task.title or name),
        description=shown(task.description or f"Your task in {path.name}.", _LONG),
        origin=_origin(name, task, path),
        epochs=task.epochs,
        labels=_names(task.labels),
        unlabelled=_names(task.unlabelled),
    )


def _origin(name: str, task: OwnTask, path: Path) -> HubOrigin | FileOrigin:
    columns = Columns(sentence1=task.sentence1, sentence2=task.sentence2, label=task.label)
    if task.hub:
        return HubOrigin(
            repository=task.hub,
            config=task.config,
            columns=columns,
            train=task.train or "train",
            validation=task.validation,
        )
    if task.train:
        return FileOrigin(
            train=str(path.parent / expanded(task.train)),
            validation=str(path.parent / expanded(task.validation)) if task.validation else None,
            columns=columns,
        )
    raise UsageError(
        f"task '{shown(name)}' in {shown(path)} names no rows; "
        'add train = "FILE" or hub = "ORG/NAME"'
    )


_COLUMNS = Columns(sentence1="sentence1", sentence2="sentence2", label="label")
_EPOCHS = 3


def folder_tasks(folder: Path) -> tuple[TaskEntry, ...]:
    """Return the tasks of a folder: each subfolder with a training file, known by its name.

    The files have the columns sentence1, sentence2 (empty for single sentences) and label. A
    subfolder with the name of a GLUE task, in whatever case, is that task.

    Raises:
        UsageError: the folder holds no task, or cannot be read.
    """
    try:
        tasks = [
            _folder_task(subfolder, train)
            for subfolder in sorted(folder.iterdir())
            if _can_be_asked_for(subfolder.name) and (train := _split(subfolder, "train"))
        ]
    except OSError as error:
        raise UsageError(f"folder {shown(folder)} cannot be read: {reason_of(error)}") from error
    if not tasks:
        raise UsageError(
            f"folder {shown(folder)} holds no tasks; "
            f"lay it out as {shown(folder.name)}/TASK/train.parquet and "
            "validation.parquet, with columns sentence1, sentence2, label"
        )
    return tuple(tasks)


def _can_be_asked_for(name: str) -> bool:
    """Whether a sequence can be written with it."""
    return name.isprintable() and ":" not in name and name == name.strip()


def _folder_task(subfolder: Path, train: Path) -> TaskEntry:
    validation = _split(subfolder, "validation")
    origin = FileOrigin(
        train=str(train),
        validation=str(validation) if validation else None,
        columns=_COLUMNS,
    )
    known = find_named(subfolder.name, GLUE)
    if known:
        return replace(known, origin=origin)
    return TaskEntry(
        name=subfolder.name.lower(),
        title=shown(subfolder.name),
        description=f"Your task in {shown(subfolder)}.",
        origin=origin,
        epochs=_EPOCHS,
    )


def _split(subfolder: Path, name: str) -> Path | None:
    files = (subfolder / f"{name}{suffix}" for suffix in SUFFIXES)
    return next((file for file in files if file.exists()), None)
