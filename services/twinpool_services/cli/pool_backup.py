"""The blocking form of a backup: ask for a synchronisation, and look until the backup pool has everything."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from twinpool.errors import Refused, Transient, TwinpoolError
from twinpool_services.cli.client import Client

FINAL, STEADY = "FinalState", "SteadyState"

Row = Mapping[str, Any]


class BackupNotDone(Transient):
    """The state that was waited for did not come."""

    hint = "Look at Get-CsBackupServiceStatus; give more -RetryCount or -WaitTime if it only takes long."


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupWish:
    """What an operator asks for."""

    pool: str
    category: str  #: All, UserData or CMS
    full: bool  #: send everything again
    until: str  #: `FinalState`, or `SteadyState`, which a final state is more than
    retries: int  #: how often to look
    wait: timedelta  #: between two looks


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupDone:
    """What came of it."""

    backup_pool: str
    checks: int
    rows: Sequence[Row]  #: of the modules that were waited for


def run_backup(client: Client, wish: BackupWish) -> BackupDone:
    """Synchronise and wait. Raises `Refused` for an unpaired pool, and `BackupNotDone` with what is lacking."""
    backup_pool = client.backup_relationship(wish.pool)["BackupPoolFqdn"]
    if not backup_pool:
        raise Refused(f"{wish.pool} has no backup pool")
    modules = _ask_for_sync(client, wish)
    newest = max(_numbers(client, wish.pool), default=0)
    lacking = "it was never looked at"
    pause = threading.Event()  # never set: an interruption ends the wait
    for check in range(1, wish.retries + 1):
        try:
            rows = _rows(client, wish, modules)
            lacking = _lacking(client, wish, str(backup_pool), rows, newest)
        except Transient as error:
            lacking = str(error)
        if not lacking:
            return BackupDone(backup_pool=str(backup_pool), checks=check, rows=rows)
        if check < wish.retries:
            pause.wait(wish.wait.total_seconds())
    raise BackupNotDone(f"{wish.pool} has not reached {wish.until} after {wish.retries} checks: {lacking}")


def _ask_for_sync(client: Client, wish: BackupWish) -> set[str]:
    """Ask; return the modules that the pool exports, and so can be waited for."""
    if wish.category == "All":
        accepted = [client.request_sync(wish.pool, module="All", full=wish.full)]
    else:
        rows = client.backup_status(wish.pool, category=wish.category, module="All")["BackupModules"]
        names = [row["Identity"] for row in rows] if isinstance(rows, list) else []
        accepted = [client.request_sync(wish.pool, module=name, full=wish.full) for name in names]
    return {str(name) for one in accepted for name in _list(one, "BackupModules")}


def _lacking(client: Client, wish: BackupWish, backup_pool: str, rows: Sequence[Row], newest: int) -> str:
    """Say what is still to come, nothing if the backup is done. The sync comes first: an older state proves nothing."""
    if any(number <= newest for number in _numbers(client, wish.pool)):
        return "the synchronisation is not yet under way"
    if wish.full:
        for row in rows:
            # A pool that has failed its backup pool over sends it that one's users, too.
            homes = ["cms"] if row["Identity"].startswith("CentralMgmt.") else [wish.pool, backup_pool]
            for home in homes:
                if client.import_progress(backup_pool, home=home, module=row["Identity"])["Staging"]:
                    return f"{backup_pool} is still taking the snapshot of {row['Identity']} of {home}"
    enough = {FINAL, wish.until}
    return "; ".join(
        f"{row['Identity']} is in {row['ExportStatus']}" + (f" ({row['Reason']})" if row["Reason"] else "")
        for row in rows
        if row["ExportStatus"] not in enough
    )


def _rows(client: Client, wish: BackupWish, modules: set[str]) -> list[Row]:
    status = client.backup_status(wish.pool, category=wish.category, module="All")
    return [row for row in _list(status, "BackupModules") if row["Identity"] in modules]


def _numbers(client: Client, pool: str) -> list[int]:
    return [int(str(one["Number"])) for one in client.pending_syncs(pool)]


def _list(document: Mapping[str, object], name: str) -> list[Any]:
    found = document.get(name)
    if not isinstance(found, list):
        raise TwinpoolError(f"the front end's answer has no {name}; is it of another version?")
    return found
