"""The cmdlets that tell what the deployment has: pools, services, registrars, and where a user belongs."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from twinpool.errors import InvalidParameter, NotFound, Refused, Transient
from twinpool.vocabulary.addresses import parse_fqdn
from twinpool.vocabulary.deployment import Pool
from twinpool.vocabulary.names import CMS_HOME
from twinpool.vocabulary.settings import Span
from twinpool.vocabulary.timespan import format_timespan
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
    switch,
    unused,
)
from twinpool_services.moving import ask_both

POOL = "Pool"
SERVICE = "Service"
REGISTRAR = "RegistrarConfiguration"
USER_POOL = "UserPoolInfo"

SERVICES = ("BackupService", "UserServer", "ConferencingServer", "CentralManagement")
REGISTRAR_PREFIX = "service:registrar:"
INTERVALS = ("FailureDetectionInterval", "FailbackDetectionInterval")  #: of Set-CsRegistrar


def read_registrar(text: str) -> str:
    """Read the identity of a pool's registrar; only that of a service is the identity of anything here."""
    if not text.casefold().startswith(REGISTRAR_PREFIX):
        raise ValueError("must be service:Registrar: and a pool's name; nothing is set globally, or for a site")
    return parse_fqdn(text[len(REGISTRAR_PREFIX) :])


def get_pool(client: Client, bound: Bound) -> Outcome:
    """Get pools by the deployment file."""
    rows = [_pool(client, pool) for pool in _named(client, bound)]
    return Outcome(objects=tuple(CmdletObject(POOL, row) for row in rows))


def get_service(client: Client, bound: Bound) -> Outcome:
    """Get the services of pools; which pool has the active Central Management store has to be asked for."""
    wanted = [name for name in SERVICES if bound.flag(name)] or list(SERVICES)
    active = _cms_master(client) if "CentralManagement" in wanted else None
    rows: list[Mapping[str, object]] = []
    for pool in _named(client, bound, "PoolFqdn"):
        for name in wanted:
            if name == "CentralManagement" and pool.fqdn not in client.cms_pools:
                continue
            row = {"Identity": f"{name}:{pool.fqdn}", "Role": name, "PoolFqdn": pool.fqdn}
            rows.append({**row, "Active": pool.fqdn == active if name == "CentralManagement" else None})
    return Outcome(objects=tuple(CmdletObject(SERVICE, row) for row in rows))


def get_registrar(client: Client, bound: Bound) -> Outcome:
    """Get the state of pools, each by the newest word of its pair."""
    named = bound["Identity"]
    pools = [client.deployment.pool(str(named))] if named is not None else list(client.deployment.pools)
    return Outcome(objects=tuple(CmdletObject(REGISTRAR, _registrar(client, pool)) for pool in pools))


def set_registrar(client: Client, bound: Bound) -> Outcome:
    """Refuse: who serves is settled by failover, and the threshold by the deployment file. Raises `Refused`."""
    pool = client.deployment.pool(bound.text("Identity")).fqdn
    if bound["BackupStoreUnavailableThreshold"] is not None:
        error = Refused("BackupStoreUnavailableThreshold is a key of the deployment file, which every front end reads")
        error.hint = "Set deployment.backup_store_unavailable_threshold there, and start the front ends again."
        raise error
    error = Refused(f"the state of {pool} follows from who serves its users, and is not set by hand")
    error.hint = f"Use Invoke-CsPoolFailover -PoolFqdn {pool}, or Invoke-CsPoolFailback."
    raise error


def set_voice_failover(client: Client, bound: Bound) -> Outcome:
    """Refuse: users move by hand alone. What the original refuses first is refused for that reason (section 20).

    Raises `InvalidParameter`, `Refused`.
    """
    pool = client.deployment.pool(bound.text("Identity").rpartition(":")[2]).fqdn
    backup = bound["BackupRegistrar"] or client.deployment.partner_of(pool)
    for name in INTERVALS:
        if bound[name] is not None and backup is None:
            raise InvalidParameter(f"-{name} can be used only with a backup registrar, and {pool} has none", field=name)
    error = Refused("nothing moves users by itself, so there is nothing of an automatic failover to set")
    error.hint = (
        f"Use Invoke-CsPoolFailover -PoolFqdn {pool} when you have decided it; a pool that is cut off stops taking "
        "writes by deployment.backup_store_unavailable_threshold."
    )
    raise error


def get_user_pool(client: Client, bound: Bound) -> Outcome:
    """Get the home pool of a user: the one among whose records the user's are. Raises `NotFound`."""
    user = bound.text("Identity").removeprefix("sip:")
    for pool in client.deployment.pools:
        if client.has_user(pool.fqdn, user):
            return Outcome(objects=(CmdletObject(USER_POOL, _user_pool(client, pool, user)),))
    raise NotFound(f"no pool has records of a user {user!r:.80}")


def _named(client: Client, bound: Bound, name: str = "Identity") -> list[Pool]:
    """Choose pools by a name that may have wildcards. Raises `NotFound`."""
    if bound[name] is None:
        return list(client.deployment.pools)
    pattern = bound.text(name)
    if not set(pattern) & set("*?["):
        return [client.deployment.pool(pattern)]
    return [pool for pool in client.deployment.pools if fnmatch.fnmatchcase(pool.fqdn, pattern.casefold())]


def _pool(client: Client, pool: Pool) -> Mapping[str, object]:
    return {
        "Identity": pool.fqdn,
        "Fqdn": pool.fqdn,
        "Computers": [front_end.name for front_end in pool.front_ends],
        "BackupPoolFqdn": client.deployment.partner_of(pool.fqdn),
        "HostsCentralManagement": pool.fqdn in client.cms_pools,
    }


def _cms_master(client: Client) -> str | None:
    told = ask_both(client, CMS_HOME, client.cms_pools)
    return None if told.newest is None else str(told.newest["ServingPool"])


def _registrar(client: Client, pool: Pool) -> Mapping[str, object]:
    standing = _standing(client, pool)
    threshold = client.deployment.backup_store_unavailable_threshold
    return {
        "Identity": f"Service:Registrar:{pool.fqdn}",
        "PoolState": standing["PoolState"],
        "ServingPool": standing["ServingPool"],
        "BackupStoreUnavailableThreshold": None if threshold is None else format_timespan(threshold),
    }


def _standing(client: Client, pool: Pool) -> Mapping[str, Any]:
    """Return the newest word about a pool's home. Raises `Transient` if neither pool of the pair answers."""
    told = ask_both(client, pool.fqdn, [pool.fqdn, *filter(None, [client.deployment.partner_of(pool.fqdn)])])
    if told.newest is None:
        raise Transient("; ".join(told.silent.values()))
    return told.newest


def _user_pool(client: Client, pool: Pool, user: str) -> Mapping[str, object]:
    partner = client.deployment.partner_of(pool.fqdn)
    machines = [front_end.name for front_end in pool.front_ends]
    backup = client.deployment.pool(partner).front_ends if partner else ()
    return {
        "Identity": user,
        "PrimaryPoolFqdn": pool.fqdn,
        "PrimaryPoolPrimaryRegistrar": machines[0] if machines else None,
        "PrimaryPoolMachinesInPreferredOrder": machines,
        "BackupPoolFqdn": partner,
        "BackupPoolPrimaryRegistrar": backup[0].name if backup else None,
        "ServingPool": _standing(client, pool)["ServingPool"],
    }


_POOL_NAME = Parameter(name="Identity", type=TEXT, position=0, help="A pool; wildcards are allowed, all if omitted.")
_HERE_BY_FILE = unused("LocalStore", SWITCH, "the topology is in the deployment file that every front end has read")
_IDENTITY = ParameterType(label="XdsIdentity", read=read_registrar)
_INTERVAL = ParameterType(label="TimeSpan", read=Span(timedelta(seconds=30), timedelta(days=1)).read)

CMDLETS = (
    Cmdlet(
        name="Get-CsPool",
        synopsis="Shows the pools of the deployment, and their front ends; no server is asked.",
        parameters=(_POOL_NAME, _HERE_BY_FILE),
        run=get_pool,
        examples=("Get-CsPool", "Get-CsPool pool1.lab --format json"),
    ),
    Cmdlet(
        name="Get-CsService",
        synopsis="Shows the services of pools; with -CentralManagement which pool has the active store.",
        parameters=(
            Parameter(name="PoolFqdn", type=TEXT, help="A pool; wildcards are allowed, all if omitted."),
            switch("CentralManagement", "The Central Management store: where Active is false, it stands by."),
            switch("BackupService", "The backup service."),
            switch("UserServer", "Presence and contacts."),
            switch("ConferencingServer", "Files of conferences."),
            _HERE_BY_FILE,
        ),
        run=get_service,
        examples=("Get-CsService -CentralManagement",),
    ),
    Cmdlet(
        name="Get-CsRegistrarConfiguration",
        synopsis="Shows the state of pools (Active, FailingOver, FailedOver, FailingBack) and who serves their users.",
        parameters=(
            Parameter(
                name="Identity",
                type=_IDENTITY,
                position=0,
                help="service:Registrar: and a pool's name; all pools if omitted.",
            ),
            _HERE_BY_FILE,
        ),
        run=get_registrar,
        examples=("Get-CsRegistrarConfiguration", "Get-CsRegistrarConfiguration service:Registrar:pool1.lab"),
    ),
    Cmdlet(
        name="Set-CsRegistrarConfiguration",
        synopsis="Always refused: says by what a pool's state, and its threshold, are changed instead.",
        parameters=(
            Parameter(
                name="Identity",
                type=_IDENTITY,
                position=0,
                mandatory=True,
                by_property_name=True,
                help="service:Registrar: and a pool's name.",
            ),
            Parameter(name="PoolState", type=TEXT, help="Follows from failover and failback alone."),
            Parameter(
                name="BackupStoreUnavailableThreshold",
                type=TEXT,
                help="Is the key deployment.backup_store_unavailable_threshold of the deployment file.",
            ),
            unused("BypassDualWrite", BOOLEAN, "there is one store to write to"),
            FORCE,
            CONFIRM,
            WHAT_IF,
        ),
        run=set_registrar,
        examples=("Set-CsRegistrarConfiguration service:Registrar:pool1.lab -PoolState Active",),
    ),
    Cmdlet(
        name="Set-CsRegistrar",
        synopsis="Always refused: users of a pool that fails are moved by Invoke-CsPoolFailover, never by a timer.",
        parameters=(
            Parameter(name="Identity", type=TEXT, position=0, mandatory=True, help="Registrar: and a pool's name."),
            Parameter(name="BackupRegistrar", type=TEXT, help="Follows from the pair in the deployment file."),
            Parameter(name="EnableAutomaticFailover", type=BOOLEAN, help="Users are moved by hand alone."),
            Parameter(name="FailureDetectionInterval", type=_INTERVAL, help="00:00:30 to 1.00:00:00."),
            Parameter(name="FailbackDetectionInterval", type=_INTERVAL, help="00:00:30 to 1.00:00:00."),
            FORCE,
            CONFIRM,
            WHAT_IF,
        ),
        run=set_voice_failover,
        examples=("Set-CsRegistrar Registrar:pool1.lab -FailureDetectionInterval 00:05:00",),
    ),
    Cmdlet(
        name="Get-CsUserPoolInfo",
        synopsis="Shows the home pool of a user, its backup pool, and which of them serves the user now.",
        parameters=(
            Parameter(
                name="Identity",
                type=TEXT,
                position=0,
                mandatory=True,
                by_value=True,
                help="The user, with or without sip:.",
            ),
            _HERE_BY_FILE,
        ),
        run=get_user_pool,
        examples=("Get-CsUserPoolInfo ada@example.com",),
    ),
)
