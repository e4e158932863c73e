"""Offers the next task while a sequence is typed."""

from textual.suggester import Suggester

from bertcl_tui.options.sequences import completed


class SequenceSuggester(Suggester):
    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.tasks: tuple[str, ...] = ()

    async def get_suggestion(self, value: str) -> str | None:
        # Of several sequences with commas between them, the last is being typed.
        typed = value.rpartition(",")[2].lstrip()
        whole = completed(typed, self.tasks)
        return None if whole is None else value[: len(value) - len(typed)] + whole
