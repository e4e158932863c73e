"""Offers the next task while a sequence is typed."""

from textual.suggester import Suggester

from bertcl_tui.options.sequences import completed


class SequenceSuggester(Suggester):
    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.tasks: tuple[str, ...] = ()

    async def get_suggestion(self, value: str) -> str | None:
        return completed(value, self.tasks)
