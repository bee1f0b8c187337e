"""Runs a cmdlet from the command line: bind, ask, run, show."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rich.console import Console

from twinpool.errors import Invalid, TwinpoolError
from twinpool.options import find_deployment_file, load_deployment
from twinpool.vocabulary.deployment import Deployment
from twinpool_services.cli.binding import bind_texts, missing, read_words
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.common import Common, part_common
from twinpool_services.cli.exit_codes import exit_code_of
from twinpool_services.cli.help import help_of
from twinpool_services.cli.output import console, show
from twinpool_services.cli.parameters import VERBOSE


def run_words(cmdlet: Cmdlet, words: Sequence[str]) -> None:
    """Run a cmdlet as it was typed. Raises our errors."""
    common, own = part_common(words, cmdlet.all_parameters)
    if common.help:
        sys.stdout.write(help_of(cmdlet))
        return
    texts = read_words(cmdlet, own)
    run_bound(cmdlet, bind_texts(cmdlet, ask_for_missing(cmdlet, texts)), common)


def run_bound(cmdlet: Cmdlet, bound: Bound, common: Common) -> None:
    """Run a cmdlet whose parameters are bound, and show what it returns. Raises our errors."""
    outcome = carry_out(cmdlet, bound, open_deployment(common))
    show(outcome.objects, common.format, console())
    warn(outcome)
    if outcome.failure is not None:
        raise outcome.failure


def carry_out(cmdlet: Cmdlet, bound: Bound, deployment: Deployment) -> Outcome:
    """Ask if so wished, and run. Raises our errors, but for what the outcome carries beside its objects."""
    errors = console(to_errors=True)
    if cmdlet.action is not None and not _may_go_on(cmdlet.action(bound), bound, errors):
        return Outcome()
    with Client(deployment) as client:
        if bound.flag("Verbose") and VERBOSE in cmdlet.all_parameters:  # others have their own way
            client.tell = lambda line: errors.print(f"VERBOSE: {line}")
        outcome = cmdlet.run(client, bound)
    ignored = tuple(
        f"-{one.name} has no effect: {one.no_effect}."
        for one in cmdlet.parameters
        if one.no_effect and bound.given.get(one.name)
    )
    hidden = bound.flag("Force")
    return replace(outcome, warnings=() if hidden else (*ignored, *outcome.warnings))


def warn(outcome: Outcome) -> None:
    """Say what there is to be said beside the objects."""
    errors = console(to_errors=True)
    for warning in outcome.warnings:
        errors.print(f"WARNING: {warning}", style="yellow")


def ask_for_missing(cmdlet: Cmdlet, texts: Mapping[str, str]) -> Mapping[str, str]:
    """Ask at a terminal for what has to be given and is not, as PowerShell does; elsewhere it stays missing."""
    lacking = missing(cmdlet, texts)
    if not lacking or not sys.stdin.isatty():
        return texts
    errors = console(to_errors=True)
    errors.print(f"{cmdlet.name}: supply values for the following parameters.")
    answers: dict[str, str] = {}
    for parameter in lacking:
        errors.print(f"{parameter.name}: ", end="")
        if answer := sys.stdin.readline().strip():
            answers[parameter.name] = answer
    return {**texts, **answers}


def open_deployment(common: Common) -> Deployment:
    """Read the deployment file that was named, or is found. Raises `InvalidConfiguration`."""
    return load_deployment(find_deployment_file(common.deployment))


def show_error(error: TwinpoolError, *, as_json: bool, where: str = "") -> None:
    """Say an error on standard error: one line, behind where it happened, and a hint; or one JSON object."""
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
    errors.print(f"twinpool: {where}{' '.join(str(error).split())}", style="bold red")
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
