"""Runs a cmdlet from the command line: bind, ask, run, show."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from rich.console import Console

from twinpool.errors import Invalid, TwinpoolError
from twinpool.options import find_deployment_file, load_deployment
from twinpool.vocabulary.deployment import Deployment
from twinpool_services.cli.binding import bind
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlet import Bound, Cmdlet
from twinpool_services.cli.common import Common, part_common
from twinpool_services.cli.exit_codes import exit_code_of
from twinpool_services.cli.help import help_of
from twinpool_services.cli.output import console, show


def run_words(cmdlet: Cmdlet, words: Sequence[str]) -> None:
    """Run a cmdlet as it was typed. Raises our errors."""
    common, own = part_common(words, cmdlet.parameters)
    if common.help:
        sys.stdout.write(help_of(cmdlet))
        return
    run_bound(cmdlet, bind(cmdlet, own), common)


def run_bound(cmdlet: Cmdlet, bound: Bound, common: Common) -> None:
    """Run a cmdlet whose parameters are bound. Raises our errors."""
    deployment = open_deployment(common)
    errors = console(to_errors=True)
    if cmdlet.action is not None and not _may_go_on(cmdlet.action(bound), bound, errors):
        return
    with Client(deployment) as client:
        outcome = cmdlet.run(client, bound)
    show(outcome.objects, common.format, console())
    if not bound.flag("Force"):
        for warning in outcome.warnings:
            errors.print(f"WARNING: {warning}", style="yellow")
    if outcome.failure is not None:
        raise outcome.failure


def open_deployment(common: Common) -> Deployment:
    """Read the deployment file that was named, or is found. Raises `InvalidConfiguration`."""
    return load_deployment(find_deployment_file(common.deployment))


def show_error(error: TwinpoolError, *, as_json: bool) -> None:
    """Say an error on standard error: one line and a hint, or one JSON object."""
    code = exit_code_of(error)
    field = error.field if isinstance(error, Invalid) else ""
    if as_json:
        document = {
            "type": type(error).__name__,
            "message": str(error),
            "hint": error.hint,
            "field": field,
            "exit_code": int(code),
        }
        sys.stderr.write(json.dumps({"error": document}, ensure_ascii=False) + "\n")
        return
    errors = console(to_errors=True)
    errors.print(f"twinpool: {' '.join(str(error).split())}", style="bold red")
    if error.hint:
        errors.print(f"hint: {error.hint}")


def _may_go_on(action: str, bound: Bound, errors: Console) -> bool:
    if bound.flag("WhatIf"):
        errors.print(f"What if: would {action}.")
        return False
    if not bound.flag("Confirm") or bound.flag("Force"):
        return True
    errors.print(f"About to {action}. Go on? [y/N] ", end="")
    if sys.stdin.readline().strip().casefold() in {"y", "yes"}:
        return True
    errors.print("Nothing was done.")
    return False
