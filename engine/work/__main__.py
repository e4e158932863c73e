"""``python -m engine.work``: one worker process, as the supervisor starts it."""

import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from typing import Final

import msgspec

from engine.errors import EngineError
from engine.work.processes import give_way, log_to, read_message
from engine.work.supervisor import WorkerSettings

_MOST_LOG_BYTES: Final = 4 * 2**20


class WorkerLog(RotatingFileHandler):
    """The log file of this process, with the one before it; all that libraries print is in it."""

    def __init__(self, path: str, most_bytes: int = _MOST_LOG_BYTES) -> None:
        super().__init__(path, maxBytes=most_bytes, backupCount=1, encoding="utf-8")

    def doRollover(self) -> None:  # noqa: N802 - logging's name
        """Begin a new file, for stdout and stderr too."""
        super().doRollover()
        if self.stream is not None:
            for descriptor in (1, 2):
                os.dup2(self.stream.fileno(), descriptor)


def main() -> int:
    """Read the settings from stdin and work."""
    settings = msgspec.json.decode(read_message(), type=WorkerSettings)
    if settings.niceness is not None:
        give_way(settings.niceness)
    file = settings.log_file
    log_to(logging.StreamHandler() if file is None else WorkerLog(file))
    from engine.work.worker import work

    try:
        work(settings)
    except EngineError as error:
        logging.getLogger("engine.work").critical("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
