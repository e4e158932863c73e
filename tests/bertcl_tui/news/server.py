"""A server that webhooks are posted to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any


class Hook:
    """Keeps what it was sent.

    Args:
        answers: to the first requests, one after the other; later ones are taken (204).
    """

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.bodies: Queue[dict[str, Any]] = Queue()
        """What was posted, also where the answer was that it is not taken."""
        self.url = ""

    def next(self) -> dict[str, Any]:
        """Wait for the next body."""
        return self.bodies.get(timeout=60)


@contextmanager
def hook(*answers: int) -> Iterator[Hook]:
    """Yield a server on this machine, whose URL has a secret path."""
    kept = Hook(*answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(kept.answers.pop(0) if kept.answers else 204)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            assert self.headers["Content-Type"] == "application/json"
            kept.bodies.put(json.loads(body))

        def do_GET(self) -> None:
            raise AssertionError("it was sent elsewhere")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.url = f"http://127.0.0.1:{server.server_address[1]}/secret"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
