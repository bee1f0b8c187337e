"""The cmdlets that back up user data while one waits, and remove what a former backup pool has left."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from twinpool.errors import InvalidParameter, Refused
from twinpool.vocabulary.timespan import parse_timespan
from twinpool_services.cli.backup_cmdlets import CATEGORY, SYNC, pool_fqdn
from twinpool_services.cli.backup_report import check_report, default_report, write_report
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.parameters import (
    BOOLEAN,
    CONFIRM,
    FORCE,
    SWITCH,
    TEXT,
    WHAT_IF,
    Parameter,
    ParameterType,
    choice,
    refused,
    switch,
    unused,
)
from twinpool_services.cli.pool_backup import FINAL, STEADY, BackupDone, BackupNotDone, BackupWish, run_backup

BACKUP = "PoolBackup"
FLUSH = "StorageServiceFlush"
BACKUP_DATA = "UserStoreBackupData"

RETRY_COUNT = 150
WAIT_TIME = timedelta(seconds=2)
MOST_RETRIES = 1_000_000


def read_wait(text: str) -> timedelta:
    """Read a pause of up to an hour."""
    span = parse_timespan(text)
    if not timedelta(0) < span <= timedelta(hours=1):
        raise ValueError("must be a time span above 00:00:00, up to 01:00:00")
    return span


def read_count(text: str) -> int:
    """Read how often to look."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_RETRIES):
        raise ValueError(f"must be a whole number from 1 to {MOST_RETRIES}")
    return int(text)


LOCAL_STORE = unused("LocalStore", SWITCH, "the topology is in the deployment file")


def backup_pool(client: Client, bound: Bound) -> Outcome:
    """Back a pool up and wait for it."""
    full, steady = bound.flag("FullBackup"), bound.flag("SteadyState")
    if bound.flag("FailedOverPoolOnly") and not full:
        raise InvalidParameter("-FailedOverPoolOnly needs -FullBackup", field="FailedOverPoolOnly")
    pool = client.deployment.pool(bound.text("PoolFqdn")).fqdn
    report = Path(bound.text("Report")) if bound["Report"] else default_report(pool)
    check_report(report)
    serving = client.serving_pool(pool)
    if bound.flag("FailedOverPoolOnly") and serving == pool:
        return Outcome(warnings=(f"{pool} is not failed over: nothing was done.",))
    wait, retries = bound["WaitTime"], bound["RetryCount"]
    assert isinstance(wait, timedelta) and isinstance(retries, int)  # noqa: S101, PT018 - as their types read them
    wish = BackupWish(
        pool=serving,  # whoever serves the users has their data to back up
        category=bound.text("Category"),
        full=full,
        until=STEADY if steady else FINAL,
        retries=retries,
        wait=wait,
    )
    begun = time.monotonic()
    try:
        done = run_backup(client, wish)
    except BackupNotDone as error:
        write_report(report, _document(wish, None, report, time.monotonic() - begun) | {"Reason": str(error)})
        raise
    document = _document(wish, done, report, time.monotonic() - begun)
    write_report(report, document)
    return Outcome(objects=(CmdletObject(BACKUP, document),))


def _document(wish: BackupWish, done: BackupDone | None, report: Path, seconds: float) -> dict[str, object]:
    return {
        "PoolFqdn": wish.pool,
        "BackupPoolFqdn": done.backup_pool if done else None,
        "Succeeded": done is not None,
        "FullBackup": wish.full,
        "WaitedFor": wish.until,
        "Checks": done.checks if done else wish.retries,
        "Seconds": round(seconds, 3),
        "Report": str(report),
        "BackupModules": [dict(row) for row in done.rows] if done else [],
    }


def sync_user_data(client: Client, bound: Bound) -> Outcome:
    """Synchronise the user data of a pair, both ways unless only the target is wanted."""
    pool = client.deployment.pool(bound.text("PoolFqdn")).fqdn
    status = client.backup_status(pool, category="UserData", module="All")
    backup = status["BackupPoolFqdn"]
    if not backup:
        raise Refused(f"{pool} has no backup pool")
    if not status["ActiveMachineFqdn"]:
        raise Refused(f"the backup service is not active on {pool}: no front end holds the lease")
    rows = status["BackupModules"]
    modules = [str(row["Identity"]) for row in rows] if isinstance(rows, list) else []
    sources = [pool] if bound.flag("Target") else [pool, str(backup)]
    accepted = [client.request_sync(source, module=name, full=False) for source in sources for name in modules]
    return Outcome(objects=tuple(CmdletObject(SYNC, one) for one in accepted))


def remove_backup_data(client: Client, bound: Bound) -> Outcome:
    """Remove what a pool keeps of former backup pools."""
    found = client.backup_data(bound.text("PoolFqdn"), remove=True)["BackupData"]
    rows = found if isinstance(found, list) else []
    if not rows:
        return Outcome(warnings=("There is no data of a former backup pool.",))
    return Outcome(objects=tuple(CmdletObject(BACKUP_DATA, row) for row in rows))


def flush_storage(client: Client, bound: Bound) -> Outcome:
    """Do nothing, and say so: what a client was told is stored lies in the pool store already."""
    pool = client.deployment.pool(bound.text("PoolFqdn")).fqdn
    row = {"PoolFqdn": pool, "FlushType": bound.text("FlushType"), "Waiting": 0}
    return Outcome(
        objects=(CmdletObject(FLUSH, row),),
        warnings=("Nothing waits outside of the pool store, so there was nothing to flush.",),
    )


def _backup_action(bound: Bound) -> str:
    how = "everything" if bound.flag("FullBackup") else "what its backup pool lacks"
    state = STEADY if bound.flag("SteadyState") else FINAL
    return f"send {how} of {bound.text('PoolFqdn')} and wait for {state}"


CMDLETS = (
    Cmdlet(
        name="Backup-CsPool",
        synopsis="Makes a pool send what its backup pool lacks, waits until that has it, and writes a report.",
        parameters=(
            pool_fqdn("PoolFqdn", "The pool; if it is failed over, the pool that serves its users is backed up."),
            Parameter(
                name="Category",
                type=CATEGORY,
                help="Only the modules of one category.",
                default="All",
            ),
            Parameter(
                name="FullBackup",
                type=switch("FullBackup", "").type,
                default=False,
                sets=frozenset({"FullBackup"}),
                help="Send everything again, and wait for FinalState. Cannot be used with -SteadyState.",
            ),
            Parameter(
                name="SteadyState",
                type=switch("SteadyState", "").type,
                default=False,
                sets=frozenset({"SteadyState"}),
                help="Be content with SteadyState: all that is pending fits one batch.",
            ),
            switch("FailedOverPoolOnly", "Do something only if the pool is failed over; needs -FullBackup."),
            LOCAL_STORE,
            Parameter(
                name="Report",
                type=TEXT,
                help="File of the report, overwritten: HTML, or JSON if it ends in .json. Temporary if omitted.",
            ),
            Parameter(
                name="RetryCount",
                type=ParameterType(label="Int32", read=read_count),
                default=RETRY_COUNT,
                help=f"How often the state is looked at before giving up; {RETRY_COUNT} times if omitted.",
            ),
            Parameter(
                name="WaitTime",
                type=ParameterType(label="TimeSpan", read=read_wait),
                default=WAIT_TIME,
                help="Time between two looks, up to an hour; 00:00:02 if omitted.",
            ),
            FORCE,
            CONFIRM,
            WHAT_IF,
        ),
        run=backup_pool,
        action=_backup_action,
        examples=(
            "Backup-CsPool -PoolFqdn pool1.lab",
            "Backup-CsPool -PoolFqdn pool1.lab -FullBackup -Report backup.json",
        ),
    ),
    Cmdlet(
        name="Sync-CsUserData",
        synopsis="Makes the pools of a pair send each other, now, the user data that is lacking.",
        parameters=(
            pool_fqdn("PoolFqdn", "One pool of the pair; its backup service has to be active."),
            LOCAL_STORE,
            refused("RoutingGroup", TEXT, "there are no routing groups; leave -RoutingGroup out"),
            switch("Target", "Only from the pool to its backup pool."),
        ),
        run=sync_user_data,
        examples=("Sync-CsUserData -PoolFqdn pool1.lab", "Sync-CsUserData -PoolFqdn pool1.lab -Target"),
    ),
    Cmdlet(
        name="Remove-CsUserStoreBackupData",
        synopsis="Removes what a pool keeps of users of pools with which it is not paired any more.",
        parameters=(
            pool_fqdn("PoolFqdn", "The pool whose store is cleaned; its own and its backup pool's users stay."),
            unused("BypassDualWrite", BOOLEAN, "there is one store to write to"),
            FORCE,
            CONFIRM,
            WHAT_IF,
        ),
        run=remove_backup_data,
        action=lambda bound: f"remove the data of former backup pools from {bound.text('PoolFqdn')}",
        examples=(
            "Remove-CsUserStoreBackupData -PoolFqdn pool1.lab -WhatIf",
            "Remove-CsUserStoreBackupData -PoolFqdn pool1.lab",
        ),
    ),
    Cmdlet(
        name="Invoke-CsStorageServiceFlush",
        synopsis="Accepted for scripts: says that nothing waits outside of the pool store.",
        parameters=(
            pool_fqdn("PoolFqdn", "The pool."),
            Parameter(
                name="FlushType",
                type=choice("SteadyState|FullFlush", "SteadyState", "FullFlush"),
                mandatory=True,
                help="Either; neither has anything to do.",
            ),
            unused("Binding", TEXT, "no storage service is called"),
            unused("HostNameStorageService", TEXT, "no storage service is called"),
            unused("WaitTime", TEXT, "there is nothing to wait for"),
            FORCE,
        ),
        run=flush_storage,
        examples=("Invoke-CsStorageServiceFlush -FlushType FullFlush -PoolFqdn pool1.lab",),
    ),
)
