"""Numbers as people read them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bertcl_tui.charts.words import decimal
from bertcl_tui.store.study_rows import Best, StudyRow, WorkerRow
from bertcl_tui.store.trial_rows import Confirmation, TrialRow

if TYPE_CHECKING:
    from engine.store.measurements import Spent

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_KIB: Final = 1024


def duration(seconds: float | None) -> str:
    """Write a time with its two largest units: ``24 min``, ``3 h 20``, ``2 d 4 h``."""
    if seconds is None:
        return ""
    if round(seconds) < _MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    if minutes < _HOUR // _MINUTE:
        return f"{minutes} min"
    if minutes < _DAY // _MINUTE:
        return f"{minutes // 60} h {minutes % 60:02}"
    days, hours = divmod(round(seconds / _HOUR), 24)
    return f"{days} d {hours} h"


def roughly(seconds: float) -> str:
    """Write how long something will take: ``≈ 40 s``, ``≈ 1.2 min``, ``≈ 3 h 20``."""
    minutes = seconds / _MINUTE
    if round(seconds) >= _MINUTE and minutes < 10:  # noqa: PLR2004 - two digits
        return f"≈ {minutes:.1f} min"
    return f"≈ {duration(seconds)}"


def moment(seconds: float | None) -> str:
    """Write when something was, in the person's own time."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


def clock_time(seconds: float, *, among: tuple[float, float]) -> str:
    """Write a time of day, in the person's own time; the date too where a day is not enough."""
    same_day = len({moment(end)[:10] for end in among}) == 1
    return moment(seconds)[11 if same_day else 0 :]


def score(value: float | None) -> str:
    """Write an accuracy or a sum of two; nothing measured is a dash."""
    return "–" if value is None else f"{value:.3f}"


def signed(points: float | None) -> str:
    """Write a difference, with a sign below 0 that is as wide as a digit; none is a dash."""
    return score(None) if points is None else decimal(points)


def at_the_beginning(words: str) -> str:
    """Write words as a title begins."""
    return f"{words[0].upper()}{words[1:]}"


def stage_1_said(first_lr: float | None) -> str:
    """Say how stage 1 was learnt where rates are for the later stages; empty: they are for all."""
    if first_lr is None:
        return ""
    from engine.profiles.profile import short_rate

    return f"stage 1 flat at {short_rate(first_lr)}"


def mean_of(confirmation: Confirmation) -> str:
    """Write what a trial scores with fresh seeds: ``1.394±0.021``; ``0/3`` where none is over."""
    if confirmation.p is None:
        return f"0/{sum(number for _, number in confirmation.others)}"
    half = confirmation.half_width
    return score(confirmation.p) + ("" if half is None else f"±{half:.3f}")


def best_text(best: Best) -> str:
    """Write the best p: ``1.394±0.021 (#3, 3 seeds)``, or of one seed: ``1.412 (#3, 1 seed)``."""
    half = "" if best.half_width is None else f"±{best.half_width:.3f}"
    return f"{score(best.p)}{half} (#{best.number}, {count(best.seeds, 'seed')})"


def seeds_text(raced: Confirmation) -> str:
    """Say what a trial scores over its seeds: ``mean 1.394±0.021 (3 seeds)``."""
    return confirmation_text(raced).replace("again", "mean", 1)


def confirmation_text(confirmation: Confirmation) -> str:
    """Say what became of a trial's repetitions: ``again 1.394±0.021 (3 seeds), 1 running``."""
    seeds = len(confirmation.scores)
    done = [f"again {mean_of(confirmation)} ({count(seeds, 'seed')})"] if seeds else ["again"]
    others = [f"{number} {state}" for state, number in confirmation.others]
    return ", ".join([*done, *others]) if seeds else " ".join([*done, ", ".join(others)])


def steps_rate(rate: float | None) -> str:
    """Write steps per second."""
    if rate is None:
        return ""
    return f"{rate:.1f} st/s" if rate < 10 else f"{rate:.0f} st/s"  # noqa: PLR2004 - two digits


def tokens_rate(rate: float | None) -> str:
    """Write tokens per second: ``870 tok/s``, ``1.2k tok/s``, ``34k tok/s``."""
    if rate is None:
        return ""
    if rate < 1000:  # noqa: PLR2004 - from here on in thousands
        return f"{rate:.0f} tok/s"
    thousands = rate / 1000
    return f"{thousands:.1f}k tok/s" if thousands < 10 else f"{thousands:,.0f}k tok/s"  # noqa: PLR2004 - two digits


def spent_text(several: Sequence["Spent | None"]) -> str:
    """Say where the time of runs went: ``learning 62 % · measuring 30 % · waiting 8 %, 41 % of …``.

    Empty where nothing of it was measured.
    """
    known = [spent for spent in several if spent is not None and spent.whole > 0]
    whole = sum(spent.whole for spent in known)
    if not whole:
        return ""
    learning = sum(spent.learning for spent in known)
    parts = {
        "learning": learning,
        "measuring": sum(spent.measuring for spent in known),
        "waiting": sum(spent.waiting for spent in known),
    }
    text = " · ".join(f"{name} {_percent(part / whole)}" for name, part in parts.items())
    ideals = [spent.ideal for spent in known if spent.ideal is not None]
    if learning and len(ideals) == len(known):
        text += f", {_percent(sum(ideals) / learning)} of this machine's rate"
    return text


def _percent(share: float) -> str:
    return f"{max(0.0, share) * 100:.0f} %"


def pace_of(workers: Sequence[WorkerRow]) -> list[str]:
    """Write how fast all that run learn together: ``24 st/s`` and ``3.1k tok/s``."""
    running = [worker for worker in workers if worker.state == "running"]
    steps = steps_rate(sum(worker.rate or 0.0 for worker in running) or None)
    tokens = tokens_rate(sum(worker.tokens_rate or 0.0 for worker in running) or None)
    return [pace for pace in (steps, tokens) if pace]


def pace_of_trial(trial: TrialRow) -> list[str]:
    """Say when a running trial is through, and how fast it learns."""
    if trial.state != "running" or not trial.rate or not trial.steps:
        return []
    left = f"{duration((trial.steps - trial.step) / trial.rate)} left"
    return [pace for pace in (left, steps_rate(trial.rate), tokens_rate(trial.tokens_rate)) if pace]


def size(n_bytes: float | None) -> str:
    """Write an amount of memory."""
    if n_bytes is None:
        return "–"
    for unit in ("B", "KiB", "MiB"):
        if n_bytes < _KIB:
            return f"{n_bytes:.0f} {unit}"
        n_bytes /= _KIB
    return f"{n_bytes:.1f} GiB"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Write how many there are of something: ``1 study``, ``3 studies``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def trials_done(study: StudyRow) -> str:
    """Write how many trials are over, and of how many; with a budget, nobody knows of how many."""
    return f"{study.ended}" if study.spending else f"{study.ended}/{study.target}"


def headway(study: StudyRow) -> str:
    """Write how far a study is: ``3/60 trials``; with a budget ``7 trials · 12/48 epochs``."""
    if study.spending is None:
        return f"{trials_done(study)} trials"
    spent = f"{study.spending.spent:.3g}/{study.spending.budget:g} epochs"
    return f"{count(study.ended, 'trial')} · {spent}"
