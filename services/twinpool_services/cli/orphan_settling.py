"""Orphans replayed or discarded one after the other, each decision for itself."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from twinpool.errors import Invalid, InvalidParameter, Refused, Transient, TwinpoolError
from twinpool_services.cli.client import Client
from twinpool_services.cli.output import console

#: A replay may take a conference's file from pool to pool.
TIMEOUT = httpx.Timeout(900.0, connect=3.0)

Row = Mapping[str, object]


class NotAllSettled(Refused):
    """Some orphans were left as they are."""

    hint = "See the reasons; look at an orphan with twinpool orphans show."


@dataclass(slots=True)
class Settling:
    """What came of each."""

    rows: list[Row] = field(default_factory=list)
    failure: TwinpoolError | None = None


def replay_all(client: Client, pool: str, numbers: Sequence[int], *, by: str, note: str, force: bool) -> Settling:
    """Replay orphans in the order given."""

    def replay(number: int) -> Row:
        answer: Mapping[str, Any] = client.replay_orphan(pool, number, by=by, note=note, force=force)
        committed = answer["Committed"]
        return {
            "Number": number,
            "Outcome": "replayed" if committed else "was there",
            "ServingPool": answer["ServingPool"],
            "Position": committed and committed["Position"],
        }

    return _settle("replaying", numbers, replay)


def discard_all(client: Client, pool: str, numbers: Sequence[int], *, by: str, note: str) -> Settling:
    """Discard orphans in the order given."""

    def discard(number: int) -> Row:
        client.discard_orphan(pool, number, by=by, note=note)
        return {"Number": number, "Outcome": "discarded", "ServingPool": None, "Position": None}

    return _settle("discarding", numbers, discard)


def confirmed(action: str, *, yes: bool) -> bool:
    """Ask whether to go on. Raises `InvalidParameter` where nobody answers."""
    if yes:
        return True
    errors = console(to_errors=True)
    errors.print(f"About to {action}. Go on? [y/N] ", end="")
    answer = sys.stdin.readline()
    if not answer:
        raise InvalidParameter("nobody is there to be asked: say --yes", field="yes")
    if answer.strip().casefold() in {"y", "yes"}:
        return True
    errors.print("Nothing was done.")
    return False


def os_user() -> str:
    """Return who runs this command, by the operating system."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in containers
        return f"uid {os.getuid()}"


def _settle(what: str, numbers: Sequence[int], settle: Callable[[int], Row]) -> Settling:
    """Settle one by one; what is refused is told, and when nobody answers the rest is left."""
    errors = console(to_errors=True)
    settled = Settling()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal or len(numbers) == 1,
    ) as shown:
        for number in shown.track(numbers, description=what):
            try:
                settled.rows.append(settle(number))
            except (Refused, Invalid) as error:
                settled.failure = settled.failure or error
                settled.rows.append(_not_done(number, error))
            except Transient as error:
                settled.failure = error
                settled.rows.append(_not_done(number, error))
                return settled
    left = sum(row["Outcome"] == "not done" for row in settled.rows)
    if left and len(numbers) > 1:
        settled.failure = NotAllSettled(f"{left} of {len(numbers)} orphans were left as they are")
    return settled


def _not_done(number: int, error: TwinpoolError) -> Row:
    return {
        "Number": number,
        "Outcome": "not done",
        "ServingPool": None,
        "Position": None,
        "Identity": f"orphan {number}",
        "Reason": str(error),
    }
