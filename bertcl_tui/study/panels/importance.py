"""What matters: the share of each choice in the differences of p, which way, and weighing it."""

from functools import partial
from typing import Final

from textual.screen import Screen

from bertcl_tui.kit.messages import Trouble
from bertcl_tui.store.reader import Reader
from bertcl_tui.study.importance import Importance, importance_text
from bertcl_tui.study.look import Look
from bertcl_tui.study.panels import Panel
from engine.errors import EngineError
from engine.spec.search import Evaluator
from engine.work.ask import Asking, weigh_importance


def importance_of(look: Look) -> Importance:
    """Return how much each choice matters.

    Nothing is weighed before there are enough complete trials; the drawing says so then.
    """
    return Importance(
        labels=look.labels,
        trials=look.scored,
        weighed=look.importance,
        past=look.past is not None,
    )


def _subtitle(look: Look) -> str:
    """Return who weighed it, and from how many trials."""
    return "" if look.importance is None else importance_text(look.importance)


PANEL: Final = Panel(
    title=lambda _: "What matters",
    subtitle=_subtitle,
    drawing=importance_of,
)


class Weighing:
    """Has it weighed where nobody did, or long ago: in a process of its own, and one at a time.

    Args:
        screen: told of trouble.
        reader: of the store.
    """

    def __init__(self, screen: Screen[None], reader: Reader) -> None:
        self._screen, self._reader = screen, reader
        self._asking: Asking | None = None
        self._asked: tuple[Evaluator, int] | None = None
        """Evaluator, and how many complete trials there were when it was last asked."""

    def begin_if_old(self, look: Look, evaluator: Evaluator) -> None:
        """Begin where it is worth it and none goes on."""
        asked = (evaluator, len(look.scored))
        if look.importance_is_old and self._asking is None and asked != self._asked:
            self._asked = asked
            self._asking = weigh_importance(self._reader.store, look.study.id, evaluator)
            self._screen.run_worker(partial(self._wait, self._asking), thread=True, group="weigh")

    def cancel(self) -> None:
        """End what goes on."""
        if self._asking is not None:
            self._asking.cancel()

    def _wait(self, asking: Asking) -> None:
        try:
            asking.wait()
        except EngineError as error:
            self._screen.post_message(Trouble(str(error)))
        finally:
            self._asking = None
