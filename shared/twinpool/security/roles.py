"""What operations ask of their callers, what each group is granted, and which cmdlet needs what: the one table."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

SERVER_ADMINISTRATORS = "RTCUniversalServerAdmins"
ADMINISTRATORS = "CSAdministrator"
VIEWERS = "CSViewOnlyAdministrator"
DATA_CLIENTS = "TwinpoolDataClients"
POOLS = "TwinpoolPools"  #: front ends of the deployment's own pools; no token of the principals file can have it


class Role(enum.StrEnum):
    """What an operation asks of its caller."""

    OPEN = "Open"
    METRICS = "Metrics"
    CALLER = "Caller"
    READ_DATA = "ReadData"
    WRITE_DATA = "WriteData"
    VIEW = "View"
    BACKUP_SERVICE = "BackupService"
    ADMINISTER = "Administer"
    ADMINISTER_SERVERS = "AdministerServers"


MEANINGS: Mapping[Role, str] = {
    Role.OPEN: "nothing: answered without a token",
    Role.METRICS: "nothing, unless `open_metrics` is false; then `View`",
    Role.CALLER: "a valid token, of whatever group",
    Role.READ_DATA: "reading the data of a home",
    Role.WRITE_DATA: "writing the data of a home",
    Role.VIEW: "seeing how pools, operations and the configuration stand",
    Role.BACKUP_SERVICE: "calling the backup service: its status, and synchronising",
    Role.ADMINISTER: "changing settings and moving users",
    Role.ADMINISTER_SERVERS: "moving the CMS, saying who may call the backup service, and reading the audit log",
}

#: Groups in lower case, for directories do not tell cases apart. `BackupService` is granted to others by the setting
#: `AuthorizedUniversalGroups`; it never takes it away from the server administrators.
GRANTS: Mapping[str, frozenset[Role]] = {
    SERVER_ADMINISTRATORS.casefold(): frozenset(Role),
    ADMINISTRATORS.casefold(): frozenset(
        {Role.METRICS, Role.CALLER, Role.READ_DATA, Role.WRITE_DATA, Role.VIEW, Role.ADMINISTER}
    ),
    VIEWERS.casefold(): frozenset({Role.METRICS, Role.CALLER, Role.VIEW}),
    DATA_CLIENTS.casefold(): frozenset({Role.CALLER, Role.READ_DATA, Role.WRITE_DATA}),
    POOLS.casefold(): frozenset({Role.CALLER, Role.READ_DATA, Role.WRITE_DATA, Role.VIEW, Role.BACKUP_SERVICE}),
}

#: Groups that may touch the data of every home; others only that of the homes which their principal names.
ALL_HOMES = frozenset(group.casefold() for group in (SERVER_ADMINISTRATORS, ADMINISTRATORS, POOLS))

CMDLET_ROLES: Mapping[str, Role] = {
    "Get-CsBackupServiceStatus": Role.BACKUP_SERVICE,
    "Invoke-CsBackupServiceSync": Role.BACKUP_SERVICE,
    "Get-CsBackupServiceConfiguration": Role.VIEW,
    "Set-CsBackupServiceConfiguration": Role.ADMINISTER,
    "Remove-CsBackupServiceConfiguration": Role.ADMINISTER,
    "Get-CsPoolBackupRelationship": Role.VIEW,
    "Debug-CsInterPoolReplication": Role.ADMINISTER,
    "Invoke-CsPoolFailover": Role.ADMINISTER,
    "Invoke-CsPoolFailback": Role.ADMINISTER,
    "Invoke-CsManagementServerFailover": Role.ADMINISTER_SERVERS,
    "Get-CsManagementStoreReplicationStatus": Role.VIEW,
    "Invoke-CsManagementStoreReplication": Role.BACKUP_SERVICE,
    "Backup-CsPool": Role.BACKUP_SERVICE,
    "Sync-CsUserData": Role.BACKUP_SERVICE,
    "Export-CsUserData": Role.READ_DATA,
    "Import-CsUserData": Role.WRITE_DATA,
    "Remove-CsUserStoreBackupData": Role.ADMINISTER,
    "Update-CsUserData": Role.WRITE_DATA,
    "Get-CsUserPoolInfo": Role.READ_DATA,
    "Get-CsService": Role.VIEW,
    "Get-CsRegistrarConfiguration": Role.VIEW,
    "Set-CsRegistrarConfiguration": Role.ADMINISTER,
    "Set-CsRegistrar": Role.ADMINISTER,
    "Test-CsManagementServer": Role.BACKUP_SERVICE,
    "Get-CsPool": Role.OPEN,
    "Get-CsAdminRole": Role.OPEN,
    "Convert-CsUserData": Role.OPEN,
    "Invoke-CsStorageServiceFlush": Role.OPEN,
}


def roles_of(groups: Iterable[str]) -> frozenset[Role]:
    """Return what the members of some groups may do; groups that we do not know grant nothing by themselves."""
    return frozenset().union(*(GRANTS.get(group.casefold(), frozenset()) for group in groups))


def may_touch_every_home(groups: Iterable[str]) -> bool:
    """Say whether members of some groups may touch the data of every home."""
    return any(group.casefold() in ALL_HOMES for group in groups)


def is_authorised(groups: Iterable[str], authorised: Iterable[str]) -> bool:
    """Say whether one of the groups is among those that a setting names."""
    named = {name.casefold() for name in authorised}
    return any(group.casefold() in named for group in groups)
