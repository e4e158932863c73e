"""What mkdocs asks for while it builds the site: pages from elsewhere, and tables from the code.

Pages in ``docs`` are written so that they read well in the repository too. Their links are the
repository's, and become the site's here. Where a page says ``<!-- made: NAME -->``, the site has
what ``assets.reference`` makes of the program's own tables, so it is never behind them.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from assets.reference import FRAGMENTS
from assets.schema import SCHEMA_FILE

ROOT: Final = Path(__file__).resolve().parent.parent
PAGES: Final[Mapping[str, str]] = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages of the site that lie at the top of the repository."""
MARK: Final = re.compile(r"^<!-- made: ([a-z-]+) -->$", re.MULTILINE)
_LINK: Final = re.compile(r"(?<=\]\()(?:\.\./|docs/)([^)#]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies elsewhere in the repository: two pages, pictures, notebooks, the schema."""
    elsewhere = {page: ROOT / name for name, page in PAGES.items()}
    for pattern in ("assets/*.svg", "assets/*.png", "examples/*.ipynb"):
        elsewhere |= {path.relative_to(ROOT).as_posix(): path for path in ROOT.glob(pattern)}
    elsewhere[SCHEMA_FILE.name] = SCHEMA_FILE
    for uri, path in elsewhere.items():
        files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401 - mkdocs hands over whatever there is
    """Put tables where they belong, and let links lead to pages of the site."""
    return MARK.sub(_fragment, _LINK.sub(_on_the_site, markdown))


def _on_the_site(link: re.Match[str]) -> str:
    target = link[1]
    return PAGES.get(target, Path(target).name if target.endswith(".json") else target)


def _fragment(mark: re.Match[str]) -> str:
    if mark[1] not in FRAGMENTS:
        raise PluginError(f"no table is called '{mark[1]}'; there are {', '.join(FRAGMENTS)}")
    return FRAGMENTS[mark[1]]()
