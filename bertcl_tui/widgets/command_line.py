"""The command that does the same as what is on screen."""

from textual.events import Click
from textual.message import Message
from textual.widgets import Static


class CommandLine(Static):
    """Shows a command; a click asks for a copy of it."""

    class CopyWanted(Message):
        """The person wants the command on the clipboard."""

    def __init__(self) -> None:
        super().__init__(markup=False, classes="panel")
        self.border_title = "The same from the command line"
        self.command = ""

    def show(self, command: str) -> None:
        """Show this command."""
        self.command = command
        self.update(command)

    def on_click(self, event: Click) -> None:
        event.stop()
        self.post_message(self.CopyWanted())
