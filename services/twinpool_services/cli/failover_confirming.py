"""What an operator is shown and asked before a home moves."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from twinpool.errors import InvalidParameter
from twinpool_services.cli.failover_types import CHECK, MODULE_LOSS, PLAN, PROPOSAL
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show
from twinpool_services.moving import Check, Direction, Move, Told

Document = Mapping[str, Any]


class NotConfirmed(Exception):
    """The operator has said no; nothing was done."""


def check_objects(checks: tuple[Check, ...]) -> tuple[CmdletObject, ...]:
    """Return checks as rows."""
    return tuple(
        CmdletObject(CHECK, {"Check": check.name, "Verdict": check.verdict.value, "Detail": check.detail})
        for check in checks
    )


def plan_object(plan: Document) -> CmdletObject:
    """Return a plan as an object, with a row for each module."""
    rows = [CmdletObject(MODULE_LOSS, row) for row in plan["BackupModules"]]
    return CmdletObject(PLAN, {**plan, "BackupModules": rows})


def proposal(move: Move, told: Told) -> tuple[CmdletObject, ...]:
    """Return the current and the proposed state, as `-WhatIf` prints them."""
    now = told.newest
    at_home = move.direction is Direction.FAILBACK
    term = now["Term"] if now else None
    current = {
        "State": "Current State",
        "Home": move.home,
        "ServingPool": now["ServingPool"] if now else move.source,
        "PoolState": now["PoolState"] if now else None,
        "Term": term,
        "Mode": now["Mode"] if now else None,
    }
    changed = {
        "State": "Proposed State",
        "ServingPool": move.target,
        "PoolState": "Active" if at_home else "FailedOver",
        "Term": None if term is None else term + 1,
        "Mode": "read-write",
    }
    if move.direction is Direction.CMS and now is not None:
        changed["PoolState"] = "Active" if now["PoolState"] == "FailedOver" else "FailedOver"
    return (CmdletObject(PROPOSAL, current), CmdletObject(PROPOSAL, {**current, **changed}))


def show_plan(plan: Document) -> None:
    """Show on standard error what is known to be missing."""
    errors = console(to_errors=True)
    show([plan_object(plan)], None, errors)
    errors.print("What the source wrote since it was last heard nobody knows; if it comes back, it is kept as orphans.")


def confirm(action: str) -> None:
    """Ask. Raises `NotConfirmed`, and `InvalidParameter` where nobody answers."""
    errors = console(to_errors=True)
    errors.print(f"About to {action}. Go on? [y/N] ", end="")
    answer = sys.stdin.readline()
    if not answer:
        raise InvalidParameter("nobody is there to be asked: say -Force, or -Confirm:$false", field="Confirm")
    if answer.strip().casefold() not in {"y", "yes"}:
        errors.print("Nothing was done.")
        raise NotConfirmed
