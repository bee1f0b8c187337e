"""The cmdlets on the replicas of the Central Management store, one in each pool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinpool.errors import HomeNotServed, InvalidParameter, NotFound, Transient, TwinpoolError
from twinpool_services.cli.backup_cmdlets import SYNC
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.failover_types import CMS_STATUS, REPLICA
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.parameters import CONFIRM, FORCE, TEXT, WHAT_IF, Parameter, switch
from twinpool_services.moving import cms_of

MODULE = "CentralMgmt.CMSMaster"

TEST = "ManagementServerTest"

Document = Mapping[str, Any]


class StoreNotWorking(TwinpoolError):
    """Nobody can write to the Central Management store."""

    hint = "Start the pool that serves it; if that is gone, use Invoke-CsManagementServerFailover -Force."


class ReplicasLag(TwinpoolError):
    """Some pool has not yet what the Central Management store has."""

    hint = "See Get-CsManagementStoreReplicationStatus; wait, or use Invoke-CsManagementStoreReplication."


def get_replication_status(client: Client, bound: Bound) -> Outcome:
    """Get how far the replicas are, or who feeds them."""
    if bound.flag("CentralManagementStoreStatus"):
        return Outcome(objects=(CmdletObject(CMS_STATUS, _store_status(client)),))
    rows = client.cms_replication()["Replicas"]
    replicas = rows if isinstance(rows, list) else []
    return Outcome(
        objects=tuple(CmdletObject(REPLICA, _replica(client, row)) for row in _wanted(client, bound, replicas))
    )


def invoke_replication(client: Client, bound: Bound) -> Outcome:
    """Have everything sent again to the replicas."""
    told: Document = client.cms_replication()
    _wanted(client, bound, told["Replicas"])
    accepted = client.request_sync(str(told["ServingPool"]), module=MODULE, full=True)
    only = bound["ReplicaFqdn"]
    warnings = () if only is None else (f"All replicas are sent everything again, not {only} alone.",)
    return Outcome(objects=(CmdletObject(SYNC, accepted),), warnings=warnings)


def _replication_action(bound: Bound) -> str:
    named = bound["ReplicaFqdn"] or "all replicas"
    return f"send the whole Central Management store to {named} again"


def _wanted(client: Client, bound: Bound, rows: list[Document]) -> list[Document]:
    """Choose one replica, or all. Raises `NotFound`."""
    if bound["ReplicaFqdn"] is None:
        return rows
    fqdn = client.deployment.pool(bound.text("ReplicaFqdn")).fqdn
    found = [row for row in rows if row["ReplicaFqdn"] == fqdn]
    if not found:
        raise NotFound(f"{fqdn} has no replica of the Central Management store")
    return found


def _replica(client: Client, row: Document) -> Document:
    named = ("UpToDate", "ReplicaFqdn", "LastStatusReport", "LastUpdateCreation")
    return {
        **{name: row[name] for name in named},
        "ProductVersion": _version(client, row["ReplicaFqdn"]),
        "Identity": row["ReplicaFqdn"],
        "AcknowledgedPosition": row["AcknowledgedPosition"],
        "HeadPosition": row["HeadPosition"],
        "Reason": row["Reason"],
    }


def _version(client: Client, pool: str) -> object:
    """Return the version that a pool runs, None while it does not answer."""
    try:
        return client.about(pool)["Version"]
    except Transient:
        return None


def _store_status(client: Client) -> Document:
    """Say who is the active master; nobody, if the store is down: that is an answer, not an error."""
    try:
        told: Document = client.cms_replication()
    except (Transient, HomeNotServed) as error:
        return _status(None, None, [], reason=str(error))
    return _status(told["ActiveMasterFqdn"], told["AsOf"], told["Replicas"], reason="")


def _status(active: str | None, as_of: str | None, rows: list[Document], *, reason: str) -> Document:
    """The active front end is master and file transfer agent in one; its heartbeat is the lease that it holds."""
    heard = as_of if active else None
    return {
        "ActiveMasterFqdn": active,
        "ActiveMasterLastHeartbeat": heard,
        "ActiveFileTransferAgents": [active] if active else [],
        "FileTransferAgentLastHeartbeat": heard,
        "ActiveReplicas": [row["ReplicaFqdn"] for row in rows],
        "DeletedReplicas": [],
        "Reason": reason,
        "Identity": "CentralManagementStore",
    }


def test_store(client: Client, bound: Bound) -> Outcome:
    """Say whether the one Central Management store works, and whether every replica is up to date."""
    found = cms_of(client)
    lagging = [f"{pool}: {why}" for pool, why in found.up_to_date.items() if why]
    row = {
        "Identity": "CentralManagementStore",
        "Succeeded": found.works and not lagging,
        "ServingPool": found.serving_pool or None,
        "Works": found.works,
        "Reason": found.why_not,
        "LaggingReplicas": lagging,
    }
    outcome = Outcome(objects=(CmdletObject(TEST, row),), failure=_test_failure(found.why_not, lagging))
    if bound["Report"] is not None:
        write_json(bound.text("Report"), row)
    return outcome


def write_json(path: str, row: Mapping[str, object]) -> None:
    """Write a report over whatever is there. Raises `InvalidParameter`."""
    try:
        Path(path).write_text(json.dumps(row, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise InvalidParameter(f"the report cannot be written to {path}: {error.strerror}", field="Report") from error


def _test_failure(why_not: str, lagging: list[str]) -> TwinpoolError | None:
    if why_not:
        return StoreNotWorking(f"the Central Management store does not work: {why_not}")
    return ReplicasLag(f"not all replicas are up to date: {'; '.join(lagging)}") if lagging else None


REPLICA_FQDN = Parameter(name="ReplicaFqdn", type=TEXT, position=0, help="One pool; all of them if omitted.")

CMDLETS = (
    Cmdlet(
        name="Test-CsManagementServer",
        synopsis="Tests that the one Central Management store works, and that every replica is up to date.",
        parameters=(Parameter(name="Report", type=TEXT, help="File for the result as JSON, overwritten."),),
        run=test_store,
        examples=("Test-CsManagementServer",),
    ),
    Cmdlet(
        name="Get-CsManagementStoreReplicationStatus",
        synopsis="Shows how far each pool's replica of the Central Management store is, or who feeds them.",
        parameters=(
            REPLICA_FQDN,
            switch("CentralManagementStoreStatus", "Show who is the active master; nobody if the store is down."),
        ),
        run=get_replication_status,
        examples=(
            "Get-CsManagementStoreReplicationStatus",
            "Get-CsManagementStoreReplicationStatus -CentralManagementStoreStatus",
        ),
    ),
    Cmdlet(
        name="Invoke-CsManagementStoreReplication",
        synopsis="Sends the whole Central Management store to the replicas again; returns before it is done.",
        parameters=(REPLICA_FQDN, FORCE, CONFIRM, WHAT_IF),
        run=invoke_replication,
        action=_replication_action,
        examples=("Invoke-CsManagementStoreReplication", "Invoke-CsManagementStoreReplication -WhatIf"),
    ),
)
