"""What lies on disk beside a store, how much of it nobody needs any more, and how that goes. Light.

Nobody needs what belongs to runs that are deleted or over for good, and what killed processes left
half written. What only saves time or tells of the past goes when it was used long ago. A checkpoint
that a run may go on from stays, and so does all that a living worker has; symbolic links are not
followed. Each kind may be freed while workers work.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from engine.store.connection import Store
from engine.store.deletion import purge
from engine.work.cleaning.amounts import Amount, Cleaning, Piece, Stock, amount_of
from engine.work.cleaning.checkpoints import checkpoints, free_checkpoints
from engine.work.cleaning.files import caches, first_stages, leftovers, worker_logs
from engine.work.cleaning.in_store import free_log, free_room, look_at_log, look_at_room

__all__ = ["KINDS", "Amount", "Cleaning", "Stock", "free", "kinds_of", "look_at", "tidy"]

_GRACE_SECONDS: Final = 3600.0
"""What goes without being asked for was not touched for so long: people move stores about."""


class _Kind(NamedTuple):
    what: str
    look: Callable[[Cleaning], tuple[Amount, Amount]]
    """Returns what is there, and what of it can go."""
    free: Callable[[Cleaning], Amount]


def _of_files(
    what: str,
    find: Callable[[Cleaning], Iterator[Piece]],
    free: Callable[[Cleaning], Amount] | None = None,
) -> _Kind:
    def look(cleaning: Cleaning) -> tuple[Amount, Amount]:
        pieces = list(find(cleaning))
        can_go = [piece.file for piece in pieces if piece.can_go]
        return amount_of([piece.file for piece in pieces]), amount_of(can_go)

    def delete(cleaning: Cleaning) -> Amount:
        going = [piece for piece in find(cleaning) if piece.can_go]
        if going:
            with cleaning.store.writing():
                pass  # what lies beside a store that may not be written stays too
        return amount_of([piece.file for piece in going if piece.delete(piece.file.path)])

    return _Kind(what, look, free or delete)


_KINDS: Final[Mapping[str, _Kind]] = {
    "checkpoints": _of_files("what runs go on from", checkpoints, free_checkpoints),
    "first-stages": _of_files("first stages that runs share", first_stages),
    "caches": _of_files("encoded texts, Fisher information, shifts", caches),
    "worker-logs": _of_files("files that workers write into", worker_logs),
    "leftovers": _of_files("what killed processes left half written", leftovers),
    "log": _Kind("lines of the log, in the store", look_at_log, free_log),
    "store": _Kind(
        "pages of its file that hold nothing, and its write-ahead log", look_at_room, free_room
    ),
}
KINDS: Final[Mapping[str, str]] = {name: kind.what for name, kind in _KINDS.items()}
"""Their names, with what they are."""


def kinds_of(store: Store) -> list[str]:
    """Return the kinds that there are; a server looks after its own files."""
    return [kind for kind in KINDS if store.path is not None or kind != "store"]


def look_at(cleaning: Cleaning, kind: str) -> Stock:
    """Return how much there is of a kind. Nothing is written.

    Raises:
        EngineError: the store, or a place, cannot be read.
    """
    there, can_go = _KINDS[kind].look(cleaning)
    return Stock(kind=kind, there=there, can_go=can_go)


def free(cleaning: Cleaning, kind: str) -> Amount:
    """Free what can go of a kind, and return how much went.

    Raises:
        UsageError: the store cannot be written.
        EngineError: something cannot be deleted.
    """
    return _KINDS[kind].free(cleaning)


def tidy(store: Store) -> None:
    """Free what no person has to be asked about: workers do so now and then.

    Caches, first stages and the log keep themselves within their bounds as they are written.
    """
    purge(store)
    for kind in ("leftovers", "checkpoints", "worker-logs"):
        free(Cleaning(store, grace=_GRACE_SECONDS), kind)
