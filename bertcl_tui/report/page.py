"""The page itself: templates, style and charts in one file, which asks nothing of any network."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib import resources, util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UsageError, shown
from engine.files import exporting
from engine.installing import command_to_install

if TYPE_CHECKING:
    from jinja2 import Environment

_DRAW: Final = "window.vegaEmbed = vegaEmbed;"
_CREDIT: Final = (
    "/* Vega, Vega-Lite and Vega-Embed: Copyright University of Washington Interactive Data Lab "
    "and contributors, BSD 3-Clause; https://vega.github.io */"
)
_SUFFIX: Final = ".html"


def write_page(template: str, charts: Mapping[str, Any], out: Path, **values: object) -> int:
    """Write a page: beside it first, then in its place; return how many bytes it has.

    Args:
        template: name of a file among the templates.
        charts: Vega-Lite's, by the name under which the template has a place for them.
        out: the file.
        values: what the template shows.

    Raises:
        UsageError: the file cannot be written, or a library is missing.
    """
    check_report(out)
    environment = _environment()
    page = environment.get_template(template)
    scripts = [*([_vega()] if charts else []), _part("page.js")]
    text = page.render(
        charts=charts,
        scripts=scripts,
        policy=_policy(scripts),
        style=_part("page.css"),
        **values,
    )
    whole = text.encode("utf-8", "backslashreplace")
    with exporting(out) as beside:
        beside.write_bytes(whole)
    return len(whole)


def check_report(out: Path) -> None:
    """Raise UsageError where no page can be made, or its name asks for something else."""
    if out.suffix.lower() not in {_SUFFIX, ".htm"}:
        raise UsageError(f"a report is a page; end {shown(out)} in {_SUFFIX}")
    if any(util.find_spec(name) is None for name in ("jinja2", "vl_convert")):
        way = command_to_install("bertcl-tui[report]")
        raise UsageError(f"reports need a library that is not installed here; do: {way}")


def report_file(name: str) -> Path:
    """Return where the report of a study goes unless the person names another place."""
    return Path(re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "report").with_suffix(_SUFFIX)


def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,  # names are other people's
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _vega() -> str:
    """Return Vega as one script, as the library has it; nothing is fetched."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle(_DRAW)
    return f"{_CREDIT}\n{_unclosed(bundle)}"


def _unclosed(script: str) -> str:
    """Return a script in which no string ends the element that it stands in."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _part(name: str) -> str:
    return resources.files(__package__ or "").joinpath("templates", name).read_text("utf-8")


def _policy(scripts: Sequence[str]) -> str:
    """Return what the page may do: run these scripts and no other, and load nothing."""
    return "; ".join(_rules(scripts))


def _rules(scripts: Sequence[str]) -> Iterator[str]:
    digests = (b64encode(sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    yield "default-src 'none'"
    yield f"script-src {allowed}"
    yield "style-src 'unsafe-inline'"
    yield "img-src data: blob:"
    yield "base-uri 'none'"
    yield "form-action 'none'"
