"""A run in words: for its screen's top, its matrix and its parameters."""

from collections.abc import Mapping
from itertools import chain
from textwrap import wrap
from typing import Final

from rich.text import Text

from bertcl_tui.store.rows import RunFacts
from bertcl_tui.style.looks import Looks, Write
from bertcl_tui.style.states import STATE_LOOKS, state_text, state_word
from bertcl_tui.style.wording import confirmation_text, duration, score, steps_rate, tokens_rate
from bertcl_tui.trial.look import RunLook
from bertcl_tui.trial.matrix import MEASURES, matrix_text
from bertcl_tui.trial.parameters import KeyOf, next_step, parameters_of
from engine.spec import sequence_name
from engine.store.states import ENDED

_GAP: Final = 2
_NARROW: Final = 10


def path_to(run: RunFacts) -> list[str]:
    """Return where one is."""
    if run.study is not None:
        return ["Studies", run.study, run.name]
    called = f"{run.label or run.spec.method} · seed {run.spec.seed}"
    return ["Arena", sequence_name(run.spec.sequence), called]


def facts_in_short(run: RunFacts) -> list[str]:
    """Return what stands on top of a run's screen, the most wanted first."""
    scores = ""
    if run.p is not None:
        scores = f"p {score(run.p)} = {score(run.p_o)} + {score(run.p_s)}"
    facts = [
        state_word(run.state, run.desired),
        scores,
        confirmation_text(run.confirmation) if run.confirmation else "",
        f"step {run.step} of {run.steps}" if run.steps else "",
        steps_rate(run.rate),
        tokens_rate(run.tokens_rate),
        duration(run.busy_seconds) if run.busy_seconds else "",
    ]
    return [fact for fact in facts if fact]


def accuracies_text(look: RunLook) -> Write:
    """Return what writes the accuracy matrix."""
    tasks, accuracies, run = look.run.spec.sequence, look.accuracies, look.run

    def write(width: int, looks: Looks) -> Text:
        if not accuracies:
            return Text(_why_no_matrix(run), style=looks.muted)
        text = matrix_text(tasks, accuracies, width, looks)
        text.append("\n")
        for name, meaning in MEASURES.items():
            text.append(f"\n{name}", style=looks.text).append(f": {meaning}", style=looks.muted)
        return text

    return write


def parameters_text(run: RunFacts, key_of: KeyOf) -> Write:
    """Return what writes the parameters, every reason in full."""
    sections, step = tuple(parameters_of(run)), next_step(run, key_of)

    def write(width: int, looks: Looks) -> Text:
        text = state_text(run.state, run.desired, looks)
        text.append(f" · {STATE_LOOKS[run.state].meaning}\n", style=looks.muted)
        if step:
            text.append(f"{step}\n", style=looks.text)
        for heading, facts in sections:
            text.append(f"\n{heading}\n" if heading else "", style=f"bold {looks.text}")
            text.append(_lines(facts, width, looks))
        text.rstrip()
        return text

    return write


def _lines(facts: Mapping[str, str], width: int, looks: Looks) -> Text:
    """Write names with their texts beside them, wrapped."""
    left = max(map(len, facts)) + _GAP
    text = Text()
    for name, fact in facts.items():
        style = looks.bad if name == "reason" else looks.text
        words = [wrap(line, max(width - left, _NARROW)) or [""] for line in fact.splitlines()]
        for number, line in enumerate(chain.from_iterable(words)):
            text.append(("" if number else name).ljust(left), style=looks.muted)
            text.append(f"{line}\n", style=style)
    return text


def _why_no_matrix(run: RunFacts) -> str:
    if run.imported:
        return "It was imported: only its result is known."
    if run.state == "complete":
        return "Nothing was measured at the ends of its stages."
    return "It ended before a stage was over." if run.state in ENDED else "No stage is over yet."
