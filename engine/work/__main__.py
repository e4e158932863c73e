"""``python -m engine.work``: one worker process, as the supervisor starts it."""

import logging
import sys

import msgspec

from engine.errors import EngineError
from engine.work.processes import read_message
from engine.work.supervisor import WorkerSettings


def main() -> int:
    """Read the settings from stdin and work."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    settings = msgspec.json.decode(read_message(), type=WorkerSettings)
    from engine.work.worker import work

    try:
        work(settings)
    except EngineError as error:
        logging.getLogger("engine.work").critical("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
