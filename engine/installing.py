"""Installing what is missing beside this program: the command, by what installed the program."""

import shlex
import sys
from pathlib import Path
from typing import Final

_OF_PIPX: Final = "pipx_metadata.json"
_OF_UV_TOOL: Final = "uv-receipt.toml"
"""What these leave in an environment that they have made for a program."""


def command_to_install(*packages: str, alone: bool = False, prefix: Path | None = None) -> str:
    """Return what is to be typed so that this program has these packages.

    ``pip`` would not do everywhere: where pipx or uv has made an environment for the program alone,
    that of the shell belongs to another one.

    Args:
        packages: as pip takes them.
        alone: without what they depend on.
        prefix: of the environment; None: this program's.
    """
    here = prefix or Path(sys.prefix)
    if (here / _OF_PIPX).is_file():
        installing = f"pipx runpip {shlex.quote(here.name)} install"
    elif (here / _OF_UV_TOOL).is_file():
        installing = f"uv pip install --python {shlex.quote(str(here))}"
    else:
        installing = "pip install"
    options = ("--no-deps",) if alone else ()
    return " ".join([installing, *options, *map(_quoted, packages)])


def _quoted(package: str) -> str:
    """Return it as a shell takes it; brackets are a pattern to some."""
    return f'"{package}"' if "[" in package else package
