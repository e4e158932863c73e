"""The form that a rule is made in."""

from collections.abc import Collection
from typing import Final

from textual.suggester import Suggester

from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.news.rules import (
    ARENA,
    KINDS,
    USUAL,
    Rule,
    check_rule,
    check_webhook,
    read_kinds,
    words_of,
)
from bertcl_tui.options.readers import Field
from engine.errors import UsageError, shown

_ON_OFF: Final = ("off", "on")
_ALL, _NONE = "all", "none"
_TEXTS: Final = ("webhook", "command")


class _KindSuggester(Suggester):
    """Completes the last of several kinds."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        begun = value.rpartition(",")[2].lstrip()
        found = next((kind for kind in KINDS if begun and kind.startswith(begun)), None)
        return None if found is None else value + found[len(begun) :]


def rule_form(name: str, rule: Rule, taken: Collection[str]) -> FormScreen:
    """Ask for a rule.

    Args:
        name: of the rule; empty: it is a new one.
        rule: as it is.
        taken: names that it cannot have.
    """

    def read_name(text: str) -> str:
        if text in taken:
            raise UsageError(f"there is a rule '{shown(text)}' already; choose another name")
        check_rule(text, Rule())
        return text

    def switch(field: str, label: str, off: str, on: str) -> Field:
        meanings = dict(zip(_ON_OFF, (off, on), strict=True))
        return Field(field, label, "", str, _ON_OFF[0], choices=meanings)

    fields = [
        Field("name", "Name", "A word of yours.", read_name, name or _free_name(taken)),
        Field(
            "on",
            "Tells of",
            f"{', '.join(KINDS)}; budget=40 trials, budget=6h of workers.",
            lambda text: read_kinds(text.split(",")),
            ", ".join(USUAL),
            long=True,
        ),
        Field("studies", "In", f"Studies, * is anything; {ARENA}.", str, _ALL, long=True),
        switch("bell", "Bell", "Silent.", "The terminal rings."),
        switch("desktop", "Desktop", "Stays in the terminal.", "Shown on the desktop too."),
        Field("webhook", "Webhook", "URL that JSON is posted to.", _read_webhook, _NONE, long=True),
        Field(
            "command", "Command", "Gets the line as its last word.", _read_command, _NONE, long=True
        ),
        switch(
            "shell", "Shell", "The command is run as it is.", "A shell reads it; $1 is the line."
        ),
    ]
    begun = {
        "name": name,
        "on": ", ".join(rule.on),
        "studies": ", ".join(rule.studies),
        "bell": _ON_OFF[rule.bell],
        "desktop": _ON_OFF[rule.desktop],
        "webhook": rule.webhook,
        "command": rule.command,
        "shell": _ON_OFF[rule.shell],
    }

    def remark(texts: Texts) -> str:
        asked = read_rule(texts)
        check_rule(read_name(texts["name"]), asked)
        where = ", ".join(asked.channels) or "in this app alone"
        return f"Tells of {', '.join(asked.on)}: {where}."

    title = f"Rule {name}" if name else "A new rule"
    suggesters = {"on": _KindSuggester()}
    return FormScreen(title, fields, go="Keep", remark=remark, suggesters=suggesters, begun=begun)


def _free_name(taken: Collection[str]) -> str:
    names = (f"rule-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _read_webhook(text: str) -> str:
    if text != _NONE:
        check_webhook(text)
    return text


def _read_command(text: str) -> str:
    words_of(Rule(command=text))
    return text


def read_rule(texts: Texts) -> Rule:
    """Return the rule that was typed.

    Raises:
        UsageError: it is about nothing that there is.
    """
    studies = tuple(filter(None, map(str.strip, texts["studies"].split(","))))
    webhook, command = ("" if texts[name] == _NONE else texts[name] for name in _TEXTS)
    return Rule(
        on=read_kinds(texts["on"].split(",")),
        studies=() if studies == (_ALL,) else studies,
        bell=texts["bell"] == _ON_OFF[True],
        desktop=texts["desktop"] == _ON_OFF[True],
        webhook=webhook,
        command=command,
        shell=texts["shell"] == _ON_OFF[True],
    )
