"""Tasks in a folder laid out as ``FOLDER/TASK/{train,validation}.parquet``."""

from pathlib import Path

from msgspec.structs import replace

from engine.errors import UsageError, reason_of, shown
from engine.tasks.rows import Columns
from engine.tasks.sources.files import SUFFIXES, FileOrigin
from engine.tasks.sources.glue import GLUE
from engine.tasks.subsets import find_named
from engine.tasks.task import TaskEntry

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
            _task(subfolder, train)
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


def _task(subfolder: Path, train: Path) -> TaskEntry:
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
