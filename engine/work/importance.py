"""Telling what matters in a study in a process of its own."""

import subprocess
import sys
import tempfile
import threading

from engine.errors import EngineError
from engine.spec.search import Evaluator


class Weighing:
    """Tells what matters in a study in a process of its own: this one may have to stay light."""

    def __init__(self, store: str, study_id: int, evaluator: Evaluator) -> None:
        self._words = [store, str(study_id), evaluator]
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._ended = False

    def run(self) -> None:
        """Wait until it is told, or until it was ended; any thread may do both.

        Raises:
            EngineError: it could not be told.
        """
        with tempfile.TemporaryFile("w+") as said:
            with self._lock:
                if self._ended:
                    return
                self._process = subprocess.Popen(  # noqa: S603 - our own module
                    [sys.executable, "-m", "engine.work.weigh_importance", *self._words],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    text=True,
                )
            code = self._process.wait()
            said.seek(0)
            lines = said.read().strip().splitlines() or ["it ended without a word"]
            if code != 0 and not self._ended:
                raise EngineError(f"what matters could not be told: {lines[-1]}")

    def end(self) -> None:
        """Stop it."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                self._process.terminate()
