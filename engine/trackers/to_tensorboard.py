"""TensorBoard: a folder of event files for each run, with its scalars and hyperparameters."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import Status
from tensorboard.plugins.hparams.plugin_data_pb2 import (
    HParamsPluginData,
    SessionEndInfo,
    SessionStartInfo,
)
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from engine.errors import UsageError, reason_of, shown
from engine.files import expanded
from engine.trackers.tracked import TrackedRun

_NOT_IN_NAMES: Final = re.compile(r"[^\w.#=+-]+")
_STATUS: Final = {
    "complete": Status.STATUS_SUCCESS,
    "pruned": Status.STATUS_SUCCESS,
    "collapsed": Status.STATUS_FAILURE,
    "failed": Status.STATUS_FAILURE,
    "stopped": Status.STATUS_FAILURE,
}
_FILES: Final = "events.out.tfevents.*"


def export(project: str, runs: Iterable[TrackedRun], place: str) -> str:
    """Write runs into a folder, and return it.

    A run that lies there is written anew.

    Raises:
        UsageError: nothing can be written there.
    """
    folder = expanded(place).absolute()
    inner = folder / _folder_name(project)
    try:
        for run in runs:
            _write(run, inner / f"{_folder_name(run.name)}-{run.key[:4]}")
    except OSError as error:
        raise UsageError(
            f"cannot write into {shown(folder)}: {reason_of(error)}; choose another folder"
        ) from None
    return str(folder)


def _folder_name(text: str) -> str:
    """Return a name of one folder in another, which ``..`` is not."""
    name = _NOT_IN_NAMES.sub("-", text)
    return name if name.strip(".") else "-"


def _write(run: TrackedRun, folder: Path) -> None:
    for before in folder.glob(_FILES):
        before.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    writer = EventFileWriter(str(folder))
    moment = run.ended_at or run.began_at
    for step, values in sorted(run.history.items()):
        writer.add_event(_scalars(values, step, moment))
    last = max(run.history, default=0)
    writer.add_event(_scalars(run.scores, last, moment))
    for each in _session(run):
        writer.add_event(Event(summary=Summary(value=[each]), wall_time=moment))
    writer.close()


def _scalars(values: Mapping[str, float], step: int, moment: float) -> Event:
    pairs = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
    return Event(summary=Summary(value=pairs), step=step, wall_time=moment)


def _session(run: TrackedRun) -> tuple[Summary.Value, Summary.Value]:
    """Return parameters and state as the board's table of hyperparameters has them."""
    begun = SessionStartInfo(group_name=run.key, start_time_secs=run.began_at)
    for name, value in run.parameters.items():
        if isinstance(value, str):
            begun.hparams[name].string_value = value
        else:
            begun.hparams[name].number_value = value
    begun.hparams["state"].string_value = run.state
    ended = SessionEndInfo(status=_STATUS.get(run.state, Status.STATUS_RUNNING))
    ended.end_time_secs = run.ended_at or 0.0
    version = metadata.PLUGIN_DATA_VERSION
    return (
        _of_session(
            metadata.SESSION_START_INFO_TAG,
            HParamsPluginData(session_start_info=begun, version=version),
        ),
        _of_session(
            metadata.SESSION_END_INFO_TAG,
            HParamsPluginData(session_end_info=ended, version=version),
        ),
    )


def _of_session(tag: str, data: HParamsPluginData) -> Summary.Value:
    plugin = SummaryMetadata.PluginData(
        plugin_name=metadata.PLUGIN_NAME, content=data.SerializeToString()
    )
    return Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=plugin))
