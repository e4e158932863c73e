"""What the Arena screen asks for."""

from pathlib import Path

from bertcl_tui.arena.look import Look, Question
from bertcl_tui.arena.writing import SUFFIXES, format_of
from bertcl_tui.kit.form import FormScreen, Texts
from bertcl_tui.options.field import Field
from engine.arena.layouts import FREE
from engine.files import check_target

_ENDINGS = ", ".join(f"{suffix} is {form}" for suffix, form in SUFFIXES.items())


def table_form(look: Look, question: Question) -> FormScreen:
    """Ask where a table goes."""

    def remark(texts: Texts) -> str:
        target = table_path(texts)
        check_target(target)
        does = "Replaces" if target.exists() else "Writes"
        return f"{does} {target} as {format_of(target)}. {_ENDINGS}, else text."

    name = "arena" if question.layout == FREE else question.layout
    field = Field(
        name="path",
        label="File",
        help="How it ends says in which format it is written.",
        read=Path,
        default=f"{'-'.join(filter(None, (name, question.measure)))}.md",
    )
    return FormScreen(f"Export {look.table.title}", [field], go="Export", remark=remark)


def table_path(texts: Texts) -> Path:
    """Return where a table goes."""
    return Path(texts["path"]).expanduser().resolve()
