"""Which place a person means, and which ones this process and those it starts were told of."""

import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from engine.errors import (
    StorageError,
    UsageError,
    did_you_mean,
    first_line,
    mask_password,
    nearest,
    shown,
)
from engine.files import expanded
from engine.installing import command_to_install
from engine.places.local import Folder
from engine.places.place import Place

_OF_THIS_MACHINE: Final = ("file", "local")
_COMMON: Final = ("s3", "gs", "az", "sftp", "file")
_PACKAGES: Final = {"s3fs": "bertcl-tui[s3]"}
"""Packages of which we know that they work, by the extra that brings them."""


class Named(Struct, frozen=True):
    """What people may name a place for; a name holds for this process and those it starts."""

    what: str
    """As messages call it."""
    variable: str
    """Of the environment."""
    urls_only: bool = False
    """Whether a plain path means no place, but a folder of this machine."""

    @property
    def text(self) -> str:
        """What was named, place or not; empty: nothing."""
        return os.environ.get(self.variable, "")

    @property
    def url(self) -> str:
        """The place that was named; empty: none was."""
        return "" if self.urls_only and not is_url(self.text) else self.text

    def name(self, text: str) -> None:
        """Have it lie there from now on, also for processes that this one starts."""
        os.environ[self.variable] = text

    def place(self) -> Place | None:
        """Return the place that was named; None: none was.

        Raises:
            UsageError: it is no place.
        """
        return place_at(self.url, self.what) if self.url else None

    def check(self) -> None:
        """See that a place that was named can be written.

        Raises:
            UsageError: it cannot, or is none.
        """
        place = self.place()
        try:
            if place is not None:
                place.check()
        except StorageError as trouble:
            raise UsageError(f"{self.what} cannot be kept: {trouble}") from None


CHECKPOINTS: Final = Named("checkpoints", "BERTCL_CHECKPOINTS")
CACHES: Final = Named("caches", "BERTCL_CACHE", urls_only=True)
_ALL: Final = (CHECKPOINTS, CACHES)


def check_places() -> None:
    """See that every place that was named can be written.

    Raises:
        UsageError: one cannot, or is none.
    """
    for each in _ALL:
        each.check()


def named_places() -> dict[str, str]:
    """Return the places that were named, by variable, for a process elsewhere."""
    return {each.variable: each.url for each in _ALL if each.url}


def name_places(named: Mapping[str, str]) -> None:
    """Have this process know the places that ``named_places`` returned elsewhere."""
    os.environ.update(named)


def is_url(text: str) -> bool:
    """Whether a text is a URL, well written or not, and no path."""
    return "://" in text


def place_at(text: str, what: str) -> Place:
    """Return the place of a URL, or of a path of a folder that is there.

    Args:
        text: as a person wrote it.
        what: is to lie there, as messages call it.

    Raises:
        UsageError: there is no such folder, or nothing here reaches such a URL.
    """
    protocol, mark, rest = text.partition("://")
    if not mark:
        return _folder(text, what)
    if protocol in _OF_THIS_MACHINE:
        parts = urlsplit(f"file://{rest}")
        if parts.netloc not in ("", "localhost"):
            raise UsageError(
                f"{what} '{shown(text)}' name a host; write file:///folder with three slashes"
            )
        return _folder(unquote(parts.path), what)
    return _remote(text, protocol, what)


def _folder(text: str, what: str) -> Folder:
    path = expanded(text).resolve()
    if not path.is_dir():
        raise UsageError(f"{what}: there is no folder {shown(path)}; make it, or mount it, first")
    return Folder(path)


def _remote(url: str, protocol: str, what: str) -> Place:
    from fsspec.core import url_to_fs
    from fsspec.registry import known_implementations

    from engine.places.remote import Remote

    name = shown(mask_password(url))
    if protocol not in known_implementations:
        hint = did_you_mean(nearest(protocol, known_implementations))
        raise UsageError(
            f"{what} {name}: nothing is known of {shown(protocol)}://; "
            f"{hint} {', '.join(_COMMON)} and all that fsspec knows"
        )
    try:
        system, root = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        raise UsageError(f"{what} {name}: {_missing(protocol, error)}") from None
    except Exception as error:  # of as many kinds as there are file systems
        reason = shown(mask_password(first_line(error)))
        raise UsageError(f"{what} {name} cannot be opened: {reason}") from None
    if not root.strip("/"):
        raise UsageError(f"{what} {name} name no bucket or folder; write one behind ://")
    return Remote(system, root, url)


def _missing(protocol: str, error: ImportError) -> str:
    from fsspec.registry import known_implementations

    said = str(known_implementations[protocol].get("err") or first_line(error))
    extra = next((extra for name, extra in _PACKAGES.items() if name in said), None)
    way = command_to_install(extra) if extra else shown(said)
    return f"a package is missing; {way}"
