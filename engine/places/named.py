"""Which place a person means, and which one this process and those it starts were told of."""

import os
from typing import Final
from urllib.parse import unquote, urlsplit

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
from engine.places.local import Folder
from engine.places.place import Place

VARIABLE: Final = "BERTCL_CHECKPOINTS"
_OF_THIS_MACHINE: Final = ("file", "local")
_COMMON: Final = ("s3", "gs", "az", "sftp", "file")
_PACKAGES: Final = {"s3fs": "bertcl-tui[s3]"}
"""Packages of which we know that they work, by the extra that brings them."""


def checkpoints_url() -> str:
    """Return where checkpoints are to lie, as it was named; empty: where they usually do."""
    return os.environ.get(VARIABLE, "")


def name_checkpoints(url: str) -> None:
    """Have checkpoints lie there from now on, also those of processes that this one starts."""
    os.environ[VARIABLE] = url


def check_checkpoints() -> None:
    """See that a place that was named can be written.

    Raises:
        UsageError: it cannot, or is none.
    """
    url = checkpoints_url()
    if not url:
        return
    try:
        place_at(url).check()
    except StorageError as trouble:
        raise UsageError(f"checkpoints cannot be kept: {trouble}") from None


def place_at(text: str) -> Place:
    """Return the place of a URL, or of a path of a folder that is there.

    Raises:
        UsageError: there is no such folder, or nothing here reaches such a URL.
    """
    protocol, mark, rest = text.partition("://")
    if not mark:
        return _folder(text)
    if protocol in _OF_THIS_MACHINE:
        parts = urlsplit(f"file://{rest}")
        if parts.netloc not in ("", "localhost"):
            raise UsageError(
                f"checkpoints '{shown(text)}' name a host; write file:///folder with three slashes"
            )
        return _folder(unquote(parts.path))
    return _remote(text, protocol)


def _folder(text: str) -> Folder:
    path = expanded(text).resolve()
    if not path.is_dir():
        raise UsageError(
            f"checkpoints: there is no folder {shown(path)}; make it, or mount it, first"
        )
    return Folder(path)


def _remote(url: str, protocol: str) -> Place:
    from fsspec.core import url_to_fs
    from fsspec.registry import known_implementations

    from engine.places.remote import Remote

    name = shown(mask_password(url))
    if protocol not in known_implementations:
        hint = did_you_mean(nearest(protocol, known_implementations))
        raise UsageError(
            f"checkpoints {name}: nothing is known of {shown(protocol)}://; "
            f"{hint} {', '.join(_COMMON)} and all that fsspec knows"
        )
    try:
        system, root = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        raise UsageError(f"checkpoints {name}: {_missing(protocol, error)}") from None
    except Exception as error:  # of as many kinds as there are file systems
        reason = shown(mask_password(first_line(error)))
        raise UsageError(f"checkpoints {name} cannot be opened: {reason}") from None
    if not root.strip("/"):
        raise UsageError(f"checkpoints {name} name no bucket or folder; write one behind ://")
    return Remote(system, root, url)


def _missing(protocol: str, error: ImportError) -> str:
    from fsspec.registry import known_implementations

    said = str(known_implementations[protocol].get("err") or first_line(error))
    extra = next((extra for name, extra in _PACKAGES.items() if name in said), None)
    way = f'pip install "{extra}"' if extra else shown(said)
    return f"a package is missing; {way}"
