"""Channels that lead out of the program: a webhook and a command."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from bertcl_tui.news.events import News, facts_of, gravest, joined
from bertcl_tui.news.rules import Rule, check_webhook, masked, words_of
from engine.errors import EngineError, UsageError, first_line, reason_of, shown

_SECONDS: Final = 10.0
"""That a server has to answer."""
_COMMAND_SECONDS: Final = 60.0
_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_PREFIX: Final = "BERTCL_WATCH_"
_BUSY: Final = 429
_SERVER_FAULT: Final = 500


class ChannelError(EngineError):
    """Nobody was told."""

    lasts: bool = True
    """Whether trying once more is of no use."""


class PassingError(ChannelError):
    """Nobody was told, but the same may be tried later."""

    lasts = False


class Channel(Protocol):
    """Where news are brought."""

    @property
    def name(self) -> str:
        """What people call it, without its secrets."""

    def send(self, several: Sequence[News], /) -> None:
        """Tell of these at once. Blocks.

        Raises:
            ChannelError: nobody was told.
        """


class Webhook(Struct, frozen=True):
    """Posts JSON: the lines as ``text``, and each piece of news with its facts."""

    url: str
    """May have variables of the environment in it."""

    @property
    def name(self) -> str:
        return f"webhook {masked(self.url)}"

    def send(self, several: Sequence[News]) -> None:
        """Post it, and wait for the answer."""
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import HTTPRedirectHandler, Request, build_opener

        class Stays(HTTPRedirectHandler):
            """Goes nowhere else: what is posted would be left behind on the way."""

            def redirect_request(self, *_: object) -> None:
                return None

        body = {"text": joined(several), "events": [facts_of(item) for item in several]}
        headers = {"Content-Type": "application/json", "User-Agent": "bertcl-tui"}
        url = filled_in(self.url, os.environ)
        try:
            request = Request(url, msgspec.json.encode(body), headers, method="POST")  # noqa: S310 - checked
            build_opener(Stays).open(request, timeout=_SECONDS).close()
        except HTTPError as error:
            passes = error.code == _BUSY or error.code >= _SERVER_FAULT
            error.close()
            kind = PassingError if passes else ChannelError
            raise kind(f"the server answers {error.code} {shown(error.reason)}") from None
        except OSError as error:  # also what urllib says of a server that is not reached
            reason = getattr(error, "reason", error)
            said = reason_of(reason) if isinstance(reason, OSError) else shown(reason)
            raise PassingError(said) from None
        except (HTTPException, ValueError) as error:
            raise ChannelError(shown(type(error).__name__)) from None  # its text may have the URL


def filled_in(url: str, environment: Mapping[str, str]) -> str:
    """Return the URL of a webhook with its variables.

    Raises:
        ChannelError: one is not set, or it is no URL then.
    """
    names = [name or braced for name, braced in _VARIABLE.findall(url)]
    missing = [name for name in names if name not in environment]
    if missing:
        raise ChannelError(f"the variable {missing[0]} is not set")
    filled = _VARIABLE.sub(lambda match: environment[match[1] or match[2]], url)
    try:
        check_webhook(filled)
    except UsageError as error:
        raise ChannelError(error) from None
    return filled


class Command(Struct, frozen=True):
    """Runs a program with the line as its last argument, and the facts in its environment."""

    words: tuple[str, ...]
    name: str

    def send(self, several: Sequence[News]) -> None:
        """Run it, and wait for its end."""
        run_quietly([*self.words, joined(several)], {**os.environ, **variables_of(several)})


def run_quietly(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a program of which nothing is seen.

    Raises:
        ChannelError: it cannot be run, takes more than a minute, or says that it failed.
    """
    quiet = subprocess.DEVNULL
    try:
        ran = subprocess.run(  # noqa: S603 - the person's own
            words,
            env=environment,
            stdin=quiet,
            stdout=quiet,
            stderr=subprocess.PIPE,
            timeout=_COMMAND_SECONDS,
            check=False,
            start_new_session=True,  # Ctrl-C ends the watch, and not what it tells
        )
    except subprocess.TimeoutExpired:
        raise ChannelError(f"ended after {_COMMAND_SECONDS:.0f} s") from None
    except (OSError, ValueError) as error:
        said = reason_of(error) if isinstance(error, OSError) else first_line(error)
        raise ChannelError(f"cannot be run: {said}") from None
    if ran.returncode:
        said = ran.stderr.decode(errors="replace").strip()
        why = f": {shown(said.splitlines()[-1])}" if said else ""
        raise ChannelError(f"ended with {ran.returncode}{why}")


def variables_of(several: Sequence[News]) -> dict[str, str]:
    """Return news as variables of a command; what several say of one thing has commas between."""
    texts: dict[str, list[str]] = {}
    for item in several:
        for name, value in facts_of(item).items():
            text = _text(value)
            if text and name != "text":
                texts.setdefault(name, []).append(text)
    found = {name: ",".join(dict.fromkeys(said)) for name, said in texts.items()}
    found |= {
        "text": joined(several),
        "severity": gravest(several),
        "events": msgspec.json.encode([facts_of(item) for item in several]).decode(),
    }
    return {f"{_PREFIX}{name.upper()}": text.replace("\0", "") for name, text in found.items()}


def _text(value: Any) -> str:  # noqa: ANN401 - of whatever kind a fact is
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)


def channels_of(rule: Rule) -> tuple[Channel, ...]:
    """Return where a rule has news brought, but for bell and desktop, which are the terminal's."""
    webhook = (Webhook(rule.webhook),) if rule.webhook else ()
    if not rule.command:
        return webhook
    words = tuple(words_of(rule))
    return (*webhook, Command(words, "shell command" if rule.shell else f"command {words[0]}"))
