"""Carries a move out: asks for it, follows it to its end, and shows each step as it happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from twinpool.errors import PoolUnreachable, Refused, Transient, TwinpoolError
from twinpool_services.cli.client import Client
from twinpool_services.cli.output import console
from twinpool_services.moving import Move, result_of, sentence

LOOK = 0.1  #: seconds between two looks how far it is
PATIENCE = 600  #: looks in a row that may fail before we give up; the operation does not

Document = Mapping[str, Any]

_PLANNED = ("requested", "quiesced", "drained", "verified", "handing-over", "handed-over", "serving", "done")
_DISASTER = ("requested", "drained", "serving", "done")


class FailoverAborted(Refused):
    """It came to nothing; who served before does so still."""

    hint = "Cure what is named, and try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a move is to be carried out."""

    disaster: bool
    wait_time: timedelta
    plan_token: str | None = None
    skip_verification: bool = False
    prepare_only: bool = False


def begin(client: Client, move: Move, manner: Manner) -> Document:
    """Ask the pool that is to serve. Raises `Refused`, `PoolUnreachable`."""
    wish = {
        "Home": move.home,
        "DisasterMode": manner.disaster,
        "PlanToken": manner.plan_token,
        "WaitTime": manner.wait_time.total_seconds(),
        "SkipDataVerification": manner.skip_verification,
        "PrepareOnly": manner.prepare_only,
    }
    return client.begin_failover(move.target, wish)


def follow(client: Client, operation: Document, *, verbose: bool) -> Document:
    """Look until it has ended. Raises `PoolUnreachable` when nobody has answered for a minute.

    An interruption ends the looking, not the operation; it is said how to go on, and goes on itself.
    """
    errors = console(to_errors=True)
    say: Callable[[str], None] = (lambda line: errors.print(f"VERBOSE: {line}")) if verbose else (lambda _line: None)
    try:
        return _followed(client, operation, errors, say)
    except KeyboardInterrupt:
        name, home = operation["Failover"], operation["Home"]
        errors.print(f"\nThe operation {name} goes on without you.")
        errors.print(f"  follow it:  twinpool failover resume {name}")
        errors.print(f"  look at it: twinpool failover status {home}")
        errors.print(f"  abort it:   twinpool failover abort {name}    (until it is handed over)")
        raise


def failure_of(operation: Document) -> TwinpoolError | None:
    """Return what to raise for one that has come to nothing; None if that was wanted, or it has come to its end."""
    if result_of(operation) in {"Done", "Prepared"}:
        return None
    return FailoverAborted(f"{operation['Failover']} of {operation['Home']} was aborted: {operation['Failure']}")


def _followed(client: Client, operation: Document, errors: Console, say: Callable[[str], None]) -> Document:
    pool, identity = str(operation["TargetPoolFqdn"]), str(operation["Failover"])
    order = _DISASTER if operation["DisasterMode"] else _PLANNED
    pause = threading.Event()  # never set: an interruption ends the wait
    failed = told = 0
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    ) as shown:
        bar = shown.add_task(identity, total=len(order))
        while True:
            for step in operation["Steps"][told:]:
                say(f"{_clock(step['At'])} {step['Step']}: {sentence(operation, step['Step'])}")
            told = len(operation["Steps"])
            done = order.index(operation["Step"]) + 1 if operation["Step"] in order else 0
            shown.update(bar, completed=done, description=f"{operation['Home']}: {operation['Step']}")
            if operation["Ended"]:
                return operation
            pause.wait(LOOK)
            try:
                operation, failed = client.failover(pool, identity), 0
            except Transient as error:
                failed += 1
                if failed >= PATIENCE:
                    raise PoolUnreachable(f"operation {identity} cannot be followed any more: {error}") from error


def _clock(at: str) -> str:
    """Take the time of day out of ISO 8601, to the millisecond, in UTC."""
    return at.partition("T")[2][:12] + "Z"
