"""What stands in ``deploy/``: names what there is, and asks for what the program understands."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from bertcl_tui.cli.calling import load
from bertcl_tui.cli.commands import COMMANDS, PROGRAM
from bertcl_tui.cli.parameters import STORE_VARIABLE

ROOT = Path(__file__).parent.parent
DOCKERFILE = ROOT / "deploy/Dockerfile"
JOB = yaml.safe_load((ROOT / "deploy/worker-job.yaml").read_text(encoding="utf-8"))
LINTER = Path(sys.executable).with_name("hadolint")


def instructions(name: str) -> list[str]:
    """Return what follows each instruction of that name, on one line."""
    text = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", text, re.MULTILINE)


def parsed(words: Sequence[str]) -> dict[str, Any]:
    """Return what our parser makes of a command line."""
    name, *rest = words
    command: Any = load(next(item for item in COMMANDS if item.name == name))
    params: dict[str, Any] = command.make_context(name, rest).params
    return params


def test_the_image_is_made_of_what_there_is() -> None:
    copied = [word for line in instructions("COPY") for word in shlex.split(line)[:-1]]
    assert {"engine", "bertcl_tui", "pyproject.toml", "constraints.txt"} <= {*copied}
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_image_lets_our_program_work() -> None:
    (entry,), (usual,) = map(instructions, ("ENTRYPOINT", "CMD"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert json.loads(entry) == [PROGRAM]
    assert PROGRAM in project["scripts"]
    assert parsed(json.loads(usual))["until_idle"]
    extras = re.findall(r'"\.\[(.*?)\]"', DOCKERFILE.read_text(encoding="utf-8"))
    assert set(extras) <= set(project["optional-dependencies"])


def test_a_linter_has_nothing_to_say_of_the_image() -> None:
    done = subprocess.run([LINTER, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_job_asks_for_workers_that_end() -> None:
    pod = JOB["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (JOB["apiVersion"], JOB["kind"], pod["restartPolicy"]) == ("batch/v1", "Job", "Never")
    assert container["command"] == [PROGRAM]
    asked = parsed(container["args"])
    assert (asked["slots"], asked["until_idle"]) == (1, True)


def test_the_jobs_image_is_the_one_that_the_page_puts_another_in_place_of() -> None:
    (container,) = JOB["spec"]["template"]["spec"]["containers"]
    page = (ROOT / "docs/cluster.md").read_text(encoding="utf-8")
    assert f"sed 's|image: {container['image']}|" in page


def test_the_jobs_store_is_a_secret_that_the_program_reads() -> None:
    pod = JOB["spec"]["template"]["spec"]
    (variable,) = pod["containers"][0]["env"]
    assert variable["name"] == STORE_VARIABLE
    assert set(variable["valueFrom"]) == {"secretKeyRef"}
    mounted = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
