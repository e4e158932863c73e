"""``python -m engine.work.find_shifts QUESTION``: a line of JSON for each finding.

Exit 2 and one line on stderr where the task or the model is not to be had.
"""

import sys

import msgspec

from engine.errors import UsageError
from engine.learning.backbone import quiet_libraries
from engine.learning.shifts.findings import find_shifts
from engine.tasks.shifts.findings import Finding, Progress, Question
from engine.tasks.shifts.kept import Kept


def main() -> int:
    """Look at what the question on the command line is about."""
    quiet_libraries()
    question = msgspec.json.decode(sys.argv[1], type=Question)

    def progress(done: int, total: int) -> None:
        _say(Progress(done, total))

    try:
        kept = Kept(question)
        for finding in find_shifts(question, progress):
            kept.write(finding)
            _say(finding)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _say(what: Finding | Progress) -> None:
    sys.stdout.write(f"{msgspec.json.encode(what).decode()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
