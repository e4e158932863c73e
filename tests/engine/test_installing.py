"""What is told of installing: it reaches the environment that the program runs in."""

from pathlib import Path

import pytest

from engine.installing import command_to_install


@pytest.mark.parametrize(
    ("left_by", "begins"),
    [
        (None, "pip install"),
        ("pipx_metadata.json", "pipx runpip bertcl-tui install"),
        ("uv-receipt.toml", "uv pip install --python '{prefix}'"),
    ],
)
def test_the_command_is_that_of_what_made_the_environment(
    tmp_path: Path, left_by: str | None, begins: str
) -> None:
    prefix = tmp_path / "my tools" / "bertcl-tui"
    prefix.mkdir(parents=True)
    if left_by is not None:
        (prefix / left_by).touch()
    begins = begins.format(prefix=prefix)
    extra = command_to_install("bertcl-tui[ray]", prefix=prefix)
    assert extra == f'{begins} "bertcl-tui[ray]"'
    pack = command_to_install("one==1", "two==2", alone=True, prefix=prefix)
    assert pack == f"{begins} --no-deps one==1 two==2"
