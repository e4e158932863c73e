"""Rules: what shall be told, and on which channels. Light: the settings are made of them."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from engine.errors import UsageError, shown, unknown_name

KINDS: Final[Mapping[str, str]] = {
    "new-best": "a study has another best trial",
    "collapse": "a trial collapsed",
    "stall": "no step was made for two minutes",
    "failure": "a study, a trial or a run failed, or a worker was lost",
    "budget": "a study has all the trials or epochs it may have; budget=40: so many trials; "
    "budget=6h: so many hours of workers",
    "over": "a study is over: complete, stopped or failed",
    "arena": "the last run of the arena is over",
}
"""What a rule can be about, and when that is."""
USUAL: Final = ("over", "arena", "failure", "stall")
"""What an open app tells of without any rule."""
ARENA: Final = "arena"
"""How the runs that no study asked for are called among names of studies."""
_BUDGET: Final = re.compile(r"budget=([1-9]\d{0,8})(h?)")
_NAME: Final = re.compile(r"\w[\w.-]*")
_SCHEMES: Final = ("http", "https")
_VARIABLE: Final = re.compile(r"\$\{?\w+\}?")
_SECONDS_OF_AN_HOUR: Final = 3600.0


class Budget(Struct, frozen=True):
    """So many trials of a study, or so many seconds of workers."""

    condition: str
    """As a rule has it: ``budget=6h``."""
    trials: int | None
    seconds: float | None


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is told of, and on which channels."""

    on: tuple[str, ...] = USUAL
    """Kinds of news; a budget may have an amount."""
    studies: tuple[str, ...] = ()
    """Names, in which * stands for anything; ``arena`` for its runs. None: all."""
    bell: bool = False
    desktop: bool = False
    webhook: str = ""
    """URL that JSON is posted to; $NAME stands for a variable of the environment."""
    command: str = ""
    """Is run with the line as its last argument, and the facts in its environment."""
    shell: bool = False
    """Whether a shell reads the command; the line is its $1."""
    active: bool = True
    """Whether it holds; switched off, it is kept."""

    def covers(self, study: str | None) -> bool:
        """Whether it is about this study; None: about runs that no study asked for."""
        name = ARENA if study is None else study
        return not self.studies or any(fnmatchcase(name, pattern) for pattern in self.studies)

    @property
    def channels(self) -> tuple[str, ...]:
        """Where it is told, in words that give no secret away."""
        texts = (
            "bell" if self.bell else "",
            "desktop" if self.desktop else "",
            f"webhook {masked(self.webhook).rpartition('://')[2]}" if self.webhook else "",
            f"{'shell' if self.shell else 'command'} {self.command}" if self.command else "",
        )
        return tuple(filter(None, texts))


def read_kinds(texts: Iterable[str]) -> tuple[str, ...]:
    """Return what a rule is about, each once.

    Raises:
        UsageError: there is nothing, or something that nothing is called.
    """
    read = tuple(dict.fromkeys(filter(None, map(str.strip, texts))))
    for text in read:
        if text not in KINDS and not _BUDGET.fullmatch(text):
            raise _unknown(text)
    if not read:
        raise UsageError(f"a rule is about nothing; name some of {', '.join(KINDS)}")
    return read


def _unknown(text: str) -> UsageError:
    if text.startswith("budget="):
        return UsageError(
            f"budget '{shown(text.removeprefix('budget='))}' is none; "
            "write budget=40 for trials or budget=6h for hours of workers"
        )
    return unknown_name("news", text, KINDS)


def budgets_of(rules: Iterable[Rule]) -> tuple[Budget, ...]:
    """Return the amounts that somebody wants to be told of."""
    amounts = (text for rule in rules if rule.active for text in rule.on if "=" in text)
    return tuple(map(_budget, dict.fromkeys(amounts)))


def _budget(condition: str) -> Budget:
    match = _BUDGET.fullmatch(condition)
    assert match is not None  # a rule is checked before it is followed
    number = int(match[1])
    if match[2]:
        return Budget(condition, trials=None, seconds=number * _SECONDS_OF_AN_HOUR)
    return Budget(condition, trials=number, seconds=None)


def check_rule(name: str, rule: Rule) -> None:
    """Look whether a rule can be followed.

    Raises:
        UsageError: nothing can be called so, it is about nothing, or a channel cannot be.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"name '{shown(name)}' of a rule may have letters, digits and . _ - only")
    whose, _, part = name.rpartition(".")
    if whose and part in Rule.__struct_fields__:
        raise UsageError(
            f"a rule cannot be called '{shown(name)}': it would stand for what "
            f"'{shown(whose)}' has as {part}; call it '{shown(whose)}-{part}'"
        )
    read_kinds(rule.on)
    if rule.webhook:
        check_webhook(rule.webhook)
    if rule.command:
        words_of(rule)


def check_webhook(url: str) -> None:
    """Look whether JSON can be posted there, as far as that is known without its variables.

    Raises:
        UsageError: it is no URL of the web.
    """
    if url.startswith("$"):
        return
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname)
        _ = parts.port
    except ValueError:
        has_host = False
    if not has_host or parts.scheme not in _SCHEMES or not url.isascii() or " " in url:
        raise UsageError(
            f"webhook {shown(masked(url))} is no URL; write one like https://host/path, "
            "or $NAME for a variable that has it"
        )


def words_of(rule: Rule) -> Sequence[str]:
    """Return the words of a rule's command, before the line that is told.

    Raises:
        UsageError: a quotation mark is not closed, or there is no word.
    """
    if rule.shell:
        return ("/bin/sh", "-c", rule.command, "sh")
    try:
        words = shlex.split(rule.command)
    except ValueError as error:
        raise UsageError(
            f"command '{shown(rule.command)}': {str(error).lower()}; close it"
        ) from None
    if not words:
        raise UsageError("a command has no word; name a program")
    return words


def masked(url: str) -> str:
    """Return where a webhook goes, without what must not be known: path, query, user."""
    if _VARIABLE.fullmatch(url):
        return url
    scheme, _, rest = url.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if not host:
        return "…"
    return f"{scheme}://{host}{'' if rest.rstrip('/') == host else '/…'}"
