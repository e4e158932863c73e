"""Profile files: JSON that any training script can read."""

import errno
import json
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from engine.errors import EngineError, UsageError
from engine.files import replacing
from engine.profiles.profile import FORMAT, VERSION, Profile


def write_profile(profile: Profile, path: Path) -> None:
    """Write the profile; a file of that name is replaced whole or not at all.

    Raises:
        UsageError: the folder is missing or may not be written to.
        EngineError: the disk is full or failed.
    """
    text = msgspec.json.format(msgspec.json.encode(profile), indent=2) + b"\n"
    try:
        with replacing(path) as beside:
            beside.write_bytes(text)
    except OSError as error:
        raise _write_failure(path, error) from None


def read_profile(path: Path) -> Profile:
    """Read and validate a profile file.

    Raises:
        UsageError: the file cannot be read, or is not a profile that this version understands.
    """
    content = _parse(path)
    _refuse_other_formats(path, content)
    try:
        return msgspec.convert(content, Profile)
    except (msgspec.ValidationError, UsageError) as error:
        raise UsageError(f"profile {path}: {error}; mend it or export it again") from None


def _parse(path: Path) -> dict[str, Any]:
    def refuse_constant(name: str) -> NoReturn:
        raise UsageError(f"profile {path} holds {name}, which is no number; export it again")

    try:
        content = json.loads(path.read_bytes(), parse_constant=refuse_constant)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot read profile {path}: {reason}; check the path") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"profile {path} is not JSON ({error}); export it again") from None
    if not isinstance(content, dict):
        raise UsageError(f"{path} is not a profile; export one with bertcl-tui combine --out")
    return content


def _refuse_other_formats(path: Path, content: dict[str, Any]) -> None:
    if content.get("format") != FORMAT:
        raise UsageError(
            f"{path} is not a profile: its format is {content.get('format')!r}, not '{FORMAT}'; "
            "export one with bertcl-tui combine --out"
        )
    version = content.get("version")
    if isinstance(version, int) and version > VERSION:
        raise UsageError(
            f"profile {path} has version {version}, and this bertcl-tui reads up to {VERSION}; "
            "update bertcl-tui"
        )


def _write_failure(path: Path, error: OSError) -> EngineError:
    reason = (error.strerror or str(error)).lower()
    message = f"cannot write profile {path}: {reason}; choose another place"
    disk_failed = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO}
    return EngineError(message) if disk_failed else UsageError(message)
