"""What the documents say: their code runs, their commands are known, their links lead somewhere."""

import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from transformers import AutoModelForSequenceClassification, BertConfig
from typer.core import TyperGroup

from assets.reference import FRAGMENTS
from assets.site_hooks import MARK, PAGES, on_page_markdown
from bertcl_tui.actions import ACTIONS
from bertcl_tui.cli.calling import load
from bertcl_tui.cli.commands import COMMANDS, PROGRAM, Command
from bertcl_tui.options import OPTIONS
from engine.profiles import Profile, published_profile, read_profile, transfer, write_profile

ROOT = Path(__file__).parent.parent
PAGES_HERE = sorted(ROOT.glob("docs/*.md"))
DOCUMENTS = (*(ROOT / name for name in ("README.md", *PAGES)), *PAGES_HERE)
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in DOCUMENTS}
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
TARGETS = set(
    re.findall(r"^([a-z]+):", ROOT.joinpath("Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)


def blocks(language: str) -> Iterator[object]:
    """Yield the blocks of code in a language, as parameters."""
    for name, text in TEXTS.items():
        found = [block for _, named, block in BLOCK.findall(text) if named == language]
        for number, block in enumerate(found, 1):
            yield pytest.param(block, id=f"{Path(name).name}-{number}")


def commands_said() -> Iterator[object]:
    """Yield the command lines in blocks of code, as parameters."""
    for name, text in TEXTS.items():
        said = (line.strip() for _, _, block in BLOCK.findall(text) for line in block.splitlines())
        for line in said:
            if line.startswith(f"{PROGRAM} "):
                yield pytest.param(line, id=f"{Path(name).name}: {line[:60]}")


@pytest.fixture
def folder_of_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a profile and a store; the model that documents name is a small one here."""
    config = BertConfig(
        vocab_size=50,
        hidden_size=8,
        num_hidden_layers=12,
        num_attention_heads=2,
        intermediate_size=8,
    )
    model = AutoModelForSequenceClassification.from_config(config)
    monkeypatch.setattr(AutoModelForSequenceClassification, "from_pretrained", lambda name: model)
    monkeypatch.chdir(tmp_path)
    write_profile(published_profile(), "profile.json")
    shutil.copy(ROOT / "studies.db", tmp_path)
    return tmp_path


@pytest.mark.parametrize("block", blocks("python"))
def test_a_block_of_python_runs(folder_of_a_reader: Path, block: str) -> None:
    exec(compile(block, "document", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("block", blocks("toml"))
def test_a_block_of_toml_is_toml(block: str) -> None:
    assert tomllib.loads(block)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_block_of_yaml_is_yaml(block: str) -> None:
    assert yaml.safe_load(block)


@pytest.mark.parametrize("block", blocks("json"))
def test_a_block_of_json_is_json_and_a_profile_one(tmp_path: Path, block: str) -> None:
    content = json.loads(block)
    if "format" in content:
        (tmp_path / "shown.json").write_text(block, encoding="utf-8")
        assert read_profile(tmp_path / "shown.json").name == content["name"]


@pytest.mark.parametrize("line", commands_said())
def test_a_command_line_has_words_that_the_program_knows(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    if not words:
        return  # the app
    options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert options <= {"--version", "--help", "--store", *_options_of(words)}


def _options_of(words: list[str]) -> set[str]:
    if words[0].startswith("-"):
        return set()
    known = {command.name: command for command in COMMANDS}
    assert words[0] in known
    command = known[words[0]]
    parts = {part.name: part for part in command.parts}
    command = parts.get(words[1], command) if len(words) > 1 else command
    return {option for parameter in load(command).params for option in parameter.opts}


def test_there_are_some_of_each() -> None:
    assert all(list(blocks(language)) for language in ("python", "toml", "json"))
    assert len(list(commands_said())) > 20


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_to_files_of_the_repository(name: str) -> None:
    targets = (target.partition("#")[0] for target in LINK.findall(TEXTS[name]))
    near = {target for target in targets if target and "://" not in target}
    folder = (ROOT / name).parent
    assert {target for target in near if not (folder / target).exists()} == set()


@pytest.mark.parametrize("name", TEXTS)
def test_what_make_is_asked_for_is_a_target(name: str) -> None:
    assert set(re.findall(r"`make ([a-z]+)|^ *make ([a-z]+)", TEXTS[name], re.MULTILINE)) <= {
        pair for target in TARGETS for pair in ((target, ""), ("", target))
    }


def test_every_page_is_in_the_navigation() -> None:
    text = ROOT.joinpath("mkdocs.yml").read_text(encoding="utf-8").replace("!!python/name:", "")
    parts = [part for entry in yaml.safe_load(text)["nav"] for part in entry.values()]
    shown = [
        page
        for part in parts
        for page in ([part] if isinstance(part, str) else [next(iter(e.values())) for e in part])
    ]
    assert sorted(shown) == sorted([*(path.name for path in PAGES_HERE), *PAGES.values()])


def test_every_table_that_is_made_is_shown_once() -> None:
    assert sorted(mark for text in TEXTS.values() for mark in MARK.findall(text)) == sorted(
        FRAGMENTS
    )


def test_the_site_has_every_key_option_and_command() -> None:
    keys, options, commands = (
        on_page_markdown(TEXTS[f"docs/{page}.md"]) for page in ("keys", "options", "commands")
    )
    assert {action.name for action in ACTIONS if f"`{action.name}`" not in keys} == set()
    assert {item.help for item in OPTIONS if item.help not in options} == set()
    headings = set(re.findall(r"^####? (.+)$", commands, re.MULTILINE))
    assert headings == {name for command in COMMANDS for name in _names(command)}
    for command in (part for whole in COMMANDS for part in (whole, *whole.parts)):
        loaded = load(command)
        assert isinstance(loaded, TyperGroup) or _shown(loaded.params) <= set(
            re.findall(r"--?[a-z][a-z-]*", commands)
        )


def _names(command: Command) -> list[str]:
    parts = (name for part in command.parts for name in _names(part))
    return [command.name, *(f"{command.name} {name}" for name in parts)]


def _shown(parameters: list) -> set[str]:  # type: ignore[type-arg]
    return {
        option
        for parameter in parameters
        for option in parameter.opts
        if option.startswith("-") and not getattr(parameter, "hidden", False)
    }


def test_every_field_of_a_profile_is_told_of() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", TEXTS["docs/profile-format.md"], re.MULTILINE))
    assert told == set(Profile.__struct_fields__)


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_are_texts_or_paths_and_depths_are_numbers(
    folder_of_a_reader: Path, kind: type
) -> None:
    profile = read_profile(kind("profile.json"))
    carried = transfer(profile, 6)
    assert (carried.backbone.layers, carried.grouping.n_layers) == (6, 6)
    write_profile(carried, kind("six.json"))
    assert read_profile(kind("six.json")) == carried
