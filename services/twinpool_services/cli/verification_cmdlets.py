"""The cmdlet that compares a pool with its backup pool."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from twinpool.errors import PoolUnreachable, Transient, TwinpoolError
from twinpool.vocabulary.configuration import INT32_MAX
from twinpool_services.cli.backup_cmdlets import BYPASS, pool_fqdn, read_module
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console
from twinpool_services.cli.parameters import CONFIRM, FORCE, WHAT_IF, Parameter, ParameterType, switch, unused
from twinpool_services.cli.verification_types import DIFFERENCE, MODULE_REPLICATION, REPLICATION

LOOK = 0.5  #: seconds between two looks how far it is
PATIENCE = 120  #: looks in a row that may fail before we give up

Document = Mapping[str, Any]


class PoolsDiffer(TwinpoolError):
    """The backup pool does not keep what the pool has."""

    hint = "Send again what differs with -ResyncSignatureMismatchItems (twinpool verify POOL --resync)."


class NotVerified(TwinpoolError):
    """Not everything could be compared."""

    hint = "See the reasons; try again once the backup pool imports."


class MultiMaster(TwinpoolError):
    """Both pools believe that they serve a home."""

    hint = "Connect the pools with each other: the lower term gives way by itself, and keeps what it took as orphans."


def read_debug_module(text: str) -> str:
    """Read a module's name; the CMS has another one here."""
    return "CentralMgmt.CMSMaster" if text.casefold() == "centralmgmt" else read_module(text)


def read_seconds(text: str) -> int:
    """Read a time limit."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= INT32_MAX):
        raise ValueError("must be a whole number above 0")
    return int(text)


def debug_replication(client: Client, bound: Bound) -> Outcome:
    """Have a pool compared with its backup pool, and wait for it."""
    pool = client.serving_pool(bound.text("PoolFqdn"))  # who serves the users has what has to be kept
    begun = client.begin_verification(
        pool,
        module=bound.text("BackupModule"),
        resync=bound.flag("ResyncSignatureMismatchItems"),
        suppress_multi_master=bound.flag("SuppressMultiMasterDetection"),
    )
    document = _awaited(client, pool, str(begun["Verification"]))
    return Outcome(objects=(replication_object(document),), failure=_failure(document))


def replication_object(document: Document) -> CmdletObject:
    """Return what a verification has found, as the cmdlet shows it."""
    report = {
        **document,
        "BackupModules": [CmdletObject(MODULE_REPLICATION, row) for row in document["BackupModules"]],
        "Differences": [CmdletObject(DIFFERENCE, row) for row in document["Differences"]],
    }
    return CmdletObject(REPLICATION, report)


def _awaited(client: Client, pool: str, identity: str) -> Document:
    """Look until it is over, and show how far it is. Raises `PoolUnreachable` when nobody has answered for a minute."""
    errors = console(to_errors=True)
    pause = threading.Event()  # never set: an interruption ends the wait
    failed = 0
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    ) as shown:
        bars: dict[str, TaskID] = {}
        while True:
            try:
                document = client.verification(pool, identity)
            except Transient as error:
                failed += 1
                if failed >= PATIENCE:
                    raise PoolUnreachable(f"verification {identity} cannot be followed any more: {error}") from error
            else:
                failed = 0
                _show(shown, bars, document)
                if document["Progress"] in {"Done", "Failed"}:
                    return document
            pause.wait(LOOK)


def _show(shown: Progress, bars: dict[str, TaskID], document: Document) -> None:
    for row in document["BackupModules"]:
        name = f"{row['Home']}/{row['Identity']}"
        if name not in bars:
            bars[name] = shown.add_task(name, total=None, said="")
        over = row["Progress"] in {"Done", "Failed"}
        total = max(row["Records"], row["ComparedRecords"], 1)
        done = total if over else row["ComparedRecords"]
        said = row["Verdict"] or f"{row['ComparedRecords']} of {row['Records']} records"
        known = total if over or row["Records"] else None
        shown.update(bars[name], total=known, completed=done, said=said)


def _failure(document: Document) -> TwinpoolError | None:
    pools = f"{document['PoolFqdn']} and {document['BackupPoolFqdn']}"
    rows = document["BackupModules"]
    if document["MultiMasterHomes"]:
        return MultiMaster(f"{pools} both serve {', '.join(document['MultiMasterHomes'])}, by what each knows")
    if remaining := sum(row["Remaining"] for row in rows):
        return PoolsDiffer(f"{pools} differ in {remaining} records or files")
    if lacking := [row["Identity"] for row in rows if row["Verdict"] == "NotVerified"]:
        return NotVerified(f"{pools} could not be compared: {', '.join(lacking)}")
    return None


CMDLETS = (
    Cmdlet(
        name="Debug-CsInterPoolReplication",
        synopsis="Compares what a pool serves with what its backup pool keeps, record by record, while both go on.",
        parameters=(
            pool_fqdn("PoolFqdn", "The pool; if it is failed over, the pool that serves its users is compared."),
            Parameter(
                name="BackupModule",
                type=ParameterType(label="All|CentralMgmt|PresenceFocus|DataConf", read=read_debug_module),
                help="One module, by its short or full name; all of them if omitted.",
                default="All",
            ),
            unused(
                "DatabaseCommandTimeoutInSeconds",
                ParameterType(label="Int32", read=read_seconds),
                "no read takes longer than the stores' own limits",
            ),
            BYPASS,
            switch("ResyncSignatureMismatchItems", "Send again what differs, and nothing else."),
            switch("SuppressMultiMasterDetection", "Do not report that both pools believe they serve a home."),
            FORCE,
            CONFIRM,
            WHAT_IF,
        ),
        run=debug_replication,
        action=lambda bound: (
            f"compare {bound.text('BackupModule')} of {bound.text('PoolFqdn')} with its backup pool"
            + (" and send again what differs" if bound.flag("ResyncSignatureMismatchItems") else "")
        ),
        examples=(
            "Debug-CsInterPoolReplication -PoolFqdn pool1.lab",
            "Debug-CsInterPoolReplication -PoolFqdn pool1.lab -BackupModule DataConf -ResyncSignatureMismatchItems",
        ),
    ),
)
