"""``doctor``: whether everything is there, and what to do about what is not."""

import os
from contextlib import suppress
from typing import Final

import typer

from bertcl_tui.cli.output import make_table, print_json, print_text
from bertcl_tui.cli.parameters import Json, Store
from bertcl_tui.doctor import Finding, Verdict
from bertcl_tui.doctor.findings import (
    find_devices,
    find_hub,
    find_libraries,
    find_places,
    find_samples,
    find_settings,
    find_store,
    find_terminal,
)
from bertcl_tui.doctor.tasks import find_tasks
from bertcl_tui.settings import apply_places, read_settings, settings_file
from engine.errors import UsageError
from engine.store.connection import DEFAULT_STORE

_MARKS: Final[dict[Verdict, str]] = {"good": "✓", "note": "!", "bad": "✗"}


def doctor(*, store: Store = DEFAULT_STORE, json: Json = False) -> None:
    """Say what is there and what is missing: libraries, devices, store, samples, hub, terminal.

    The exit code is 1 where something is missing that all work needs.
    """
    with suppress(UsageError):  # find_settings says it
        apply_places(read_settings(settings_file()))
    findings = [
        *find_libraries(),
        find_devices(),
        *find_store(store),
        *find_tasks(store),
        *find_places(),
        find_samples(),
        find_hub(),
        find_settings(settings_file()),
        *find_terminal(os.environ),
    ]
    if json:
        print_json(findings)
    else:
        _print(findings)
    if any(finding.verdict == "bad" for finding in findings):
        raise typer.Exit(1)


def _print(findings: list[Finding]) -> None:
    table = make_table(["", ""])
    table.add_column(overflow="fold")
    table.show_header = False
    for finding in findings:
        table.add_row(_MARKS[finding.verdict], finding.thing, finding.text)
    print_text(table)
