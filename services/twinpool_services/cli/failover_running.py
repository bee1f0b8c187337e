"""One way for all moves: checks, plan, confirmation, the operation itself, and its receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from twinpool.errors import Refused
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlet import Outcome
from twinpool_services.cli.failover_confirming import (
    NotConfirmed,
    check_objects,
    confirm,
    proposal,
    show_plan,
)
from twinpool_services.cli.failover_following import Manner, begin, failure_of, follow
from twinpool_services.cli.failover_types import RECEIPT, RECEIPT_MODULE, RECEIPT_STEP
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console
from twinpool_services.cli.receipts import receipt_of
from twinpool_services.moving import (
    Check,
    Leniency,
    Move,
    NotHealthy,
    Told,
    Verdict,
    checks_of,
    gather,
    require_healthy,
)

PLANS = 5  #: how often a plan is made anew, where nobody looks at it, while the source is still heard

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """All that an operator says about a move."""

    manner: Manner
    leniency: Leniency
    asks: bool  #: whether to ask before anything is done
    check_only: bool = False
    what_if: bool = False
    verbose: bool = False


def run(client: Client, move: Move, told: Told, wish: Wish) -> Outcome:
    """Carry a move out as far as is wished. Raises what keeps it from being done."""
    disaster = wish.manner.disaster
    checks = checks_of(move, gather(client, move, told, disaster=disaster), wish.leniency, disaster=disaster)
    if wish.check_only:
        return Outcome(objects=check_objects(checks), failure=_failed(checks))
    if wish.what_if:
        would_fail = tuple(f"It would be refused: {one.detail}" for one in checks if one.verdict is Verdict.FAILED)
        return Outcome(objects=proposal(move, told), warnings=would_fail)
    require_healthy(checks)
    if wish.verbose:
        for check in checks:
            console(to_errors=True).print(f"VERBOSE: check {check.name}: {check.verdict}: {check.detail}")
    ignored = tuple(f"Ignored: {one.detail}" for one in checks if one.verdict is Verdict.IGNORED)
    try:
        operation = _begun(client, move, wish)
    except NotConfirmed:
        return Outcome()
    return finish(client, operation, verbose=wish.verbose, warnings=ignored)


def finish(client: Client, operation: Document, *, verbose: bool, warnings: tuple[str, ...] = ()) -> Outcome:
    """Follow an operation to its end and return its receipt."""
    ended = follow(client, operation, verbose=verbose)
    return Outcome(objects=(receipt_object(receipt_of(client, ended)),), warnings=warnings, failure=failure_of(ended))


def receipt_object(receipt: Document) -> CmdletObject:
    """Return a receipt as an object with tables of steps and modules."""
    tables = {
        "Steps": [CmdletObject(RECEIPT_STEP, row) for row in receipt["Steps"]],
        "Modules": [CmdletObject(RECEIPT_MODULE, row) for row in receipt["Modules"]],
    }
    return CmdletObject(RECEIPT, {**receipt, **tables})


def _begun(client: Client, move: Move, wish: Wish) -> Document:
    """Ask the operator, then the pool. Raises `NotConfirmed`."""
    manner = wish.manner
    action = f"have {move.target} serve {move.home} instead of {move.source}"
    if not manner.disaster:
        if wish.asks:
            confirm(action)
        return begin(client, move, manner)
    if manner.plan_token is not None:
        if wish.asks:
            confirm(f"{action}, alone")
        return begin(client, move, manner)
    if wish.asks:
        plan: Document = client.failover_plan(move.target, move.home)
        show_plan(plan)
        confirm(f"{action}, alone")
        return begin(client, move, replace(manner, plan_token=plan["PlanToken"]))
    return _begun_unseen(client, move, manner)


def _begun_unseen(client: Client, move: Move, manner: Manner) -> Document:
    """Execute the newest plan, whatever it says. A source that is still heard may make it old at any moment."""
    plan: Document = client.failover_plan(move.target, move.home)
    show_plan(plan)
    for _ in range(PLANS):
        try:
            return begin(client, move, replace(manner, plan_token=plan["PlanToken"]))
        except Refused:
            newer: Document = client.failover_plan(move.target, move.home)
            if newer["PlanToken"] == plan["PlanToken"]:
                raise
            plan = newer
    return begin(client, move, replace(manner, plan_token=plan["PlanToken"]))


def _failed(checks: tuple[Check, ...]) -> NotHealthy | None:
    try:
        require_healthy(checks)
    except NotHealthy as error:
        return error
    return None
