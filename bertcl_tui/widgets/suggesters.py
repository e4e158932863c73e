"""How what is being typed could go on: a sequence of tasks, or a path."""

from textual.suggester import Suggester

from bertcl_tui.options.readers import completed


class SequenceSuggester(Suggester):
    """Offers the next task of a sequence."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.tasks: tuple[str, ...] = ()
        """Those that there are."""

    async def get_suggestion(self, value: str) -> str | None:
        # Of several sequences with commas between them, the last is being typed.
        typed = value.rpartition(",")[2].lstrip()
        whole = completed(typed, self.tasks)
        return None if whole is None else value[: len(value) - len(typed)] + whole
