"""``python -m engine.work.weigh_importance STORE STUDY EVALUATOR``: keeps what it finds."""

import sys

from engine.errors import EngineError
from engine.search.importance import weigh_if_old
from engine.spec.search import EVALUATORS
from engine.store.connection import open_store


def main() -> int:
    """Tell what matters in the study of that id."""
    text, study_id, name = sys.argv[1:]
    evaluator = next(each for each in EVALUATORS if each == name)
    try:
        store = open_store(text, create=False)
        weigh_if_old(store, int(study_id), evaluator)
    except EngineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
