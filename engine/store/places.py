"""Where the checkpoints and first stages of a store lie, for all who work for it on any host.

Beside a file, and of a server in a folder of the user's, unless another place was named; there
each store has a folder of its own.
"""

import hashlib
import socket
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from engine.places import Place
from engine.places.local import Folder
from engine.places.named import CHECKPOINTS
from engine.store.connection import Store, url_without_password

FIRST_STAGES: Final = "first-stages"
_OF_SERVER: Final = text(
    "SELECT system_identifier, current_database(), current_schema() FROM pg_control_system()"
)


def place_of(store: Store) -> Place:
    """Return where the checkpoints and first stages of a store lie.

    Raises:
        UsageError: what was named is no place.
    """
    shared = CHECKPOINTS.place()
    return Folder(store.folder) if shared is None else shared.inside(_key(store))


def run_folder(run_id: int) -> str:
    """Return the name of the folder where a run's checkpoints lie."""
    return f"run-{run_id}"


def _key(store: Store) -> str:
    """Return what tells a store from all others, whoever asks and by whichever URL."""
    if store.path is not None:
        return _named(store.path.name, socket.gethostname(), str(store.path))
    try:
        with store.engine.connect() as connection:
            identity = connection.execute(_OF_SERVER).one()
    except SQLAlchemyError:
        return _named("server", url_without_password(store.url))
    return _named(identity.current_database, *map(str, identity))


def _named(name: str, *parts: str) -> str:
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return f"{Path(name).stem}-{digest}"
