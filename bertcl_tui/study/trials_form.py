"""Where trials are written to."""

from pathlib import Path
from typing import Final

from bertcl_tui.kit.form import FormScreen, Texts
from bertcl_tui.options import Field
from bertcl_tui.study.writing import check_ending
from bertcl_tui.style.wording import count
from engine.files import check_target

_WHAT: Final = "with every column and every digit"


def trials_form(study: str, trials: int, *, marked: bool) -> FormScreen:
    """Ask for a file.

    Args:
        study: name of the study.
        trials: how many are written.
        marked: whether those are the marked ones.
    """

    def remark(texts: Texts) -> str:
        target = Path(texts["path"]).expanduser().resolve()
        check_ending(target)
        check_target(target)
        which = count(trials, "marked trial" if marked else "trial")
        return f"{'Replaces' if target.exists() else 'Writes'} {target}: {which}, {_WHAT}"

    field = Field(
        name="path",
        label="File",
        help="Ends in .csv, .tsv or .json.",
        read=Path,
        default=f"{study.replace(':', '-').replace('/', '-')}.csv",
    )
    return FormScreen("Export trials", [field], go="Export", remark=remark)
