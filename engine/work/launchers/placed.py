"""A worker in a process that a cluster has started, on a machine of the cluster's choice."""

import logging
import socket
from collections.abc import Mapping
from contextlib import closing
from threading import Event

from msgspec import Struct

from engine.errors import EngineError, UsageError, mask_password, shown
from engine.places.named import check_places, name_places
from engine.store.connection import is_made, open_store
from engine.store.workers import register_worker
from engine.work.processes import be_patient, identity_of, log_to
from engine.work.supervisor import WorkerSettings


class Begun(Struct, frozen=True):
    """A worker that has reached its store."""

    worker_id: int
    host: str


class PlacedWorker:
    """The ordinary worker, in two steps: whether it can work at all is known at once."""

    def __init__(self, settings: WorkerSettings, places: Mapping[str, str]) -> None:
        self._settings = settings
        self._places = places
        """As ``named_places`` has them where it was asked for."""

    def begin(self) -> Begun:
        """Reach the store and be registered there; libraries are loaded later.

        Raises:
            UsageError: the store, or a place that was named, cannot be reached from here.
        """
        be_patient()
        name_places(self._places)
        log_to(logging.StreamHandler())
        host, url = socket.gethostname(), self._settings.store
        try:
            check_places()
            if not is_made(url):
                raise UsageError("there is no such file")
            with closing(open_store(url)) as store:
                worker_id = register_worker(
                    store,
                    identity_of(),
                    device=self._settings.device,
                    threads=self._settings.threads,
                    log_file=None,
                )
        except EngineError as error:
            raise UsageError(
                f"{host} cannot work for {shown(mask_password(url))}: {error}"
            ) from None
        return Begun(worker_id, host)

    def work(self, ending: Event | None = None) -> bool:
        """Work until there is nothing to do (True), or until asked to end (False).

        Args:
            ending: set when it is to end, be it while libraries are loaded.

        Raises:
            EngineError: it cannot.
        """
        from engine.work.worker import work

        return work(self._settings, ending)
