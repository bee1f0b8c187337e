"""The cmdlets that move users and the Central Management store from pool to pool."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from twinpool.errors import InvalidParameter, Refused, TwinpoolError
from twinpool.vocabulary.timespan import format_timespan, parse_timespan
from twinpool_services.cli.backup_cmdlets import FQDN, pool_fqdn
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.failover_following import Manner
from twinpool_services.cli.failover_running import Wish, run
from twinpool_services.cli.failover_types import RECEIPT
from twinpool_services.cli.output import to_plain
from twinpool_services.cli.parameters import FORCE, TEXT, WHAT_IF, Parameter, ParameterType, switch, unused
from twinpool_services.cli.verification_cmdlets import read_seconds
from twinpool_services.moving import Leniency, Move, ask_both, cms_move, failback_to, failover_from

FAILOVER_WAIT, FAILBACK_WAIT = timedelta(seconds=60), timedelta(seconds=15)
LONGEST_WAIT = timedelta(days=1)


def read_wait(text: str) -> timedelta:
    """Read how long is waited."""
    wait = parse_timespan(text)
    if not timedelta(0) < wait <= LONGEST_WAIT:
        raise ValueError("must be more than nothing and at most 1.00:00:00")
    return wait


def read_servers(text: str) -> tuple[str, ...]:
    """Read names of front ends, parted by commas."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise ValueError("must be names of front ends, parted by commas")
    return names


def invoke_failover(client: Client, bound: Bound) -> Outcome:
    """Have the backup pool of a pool serve that pool's users."""
    wish = _wish(bound, prepare="PrepareForFailoverOnly")
    move, told = failover_from(client, bound.text("PoolFqdn"), disaster=wish.manner.disaster)
    outcome = run(client, move, told, wish)
    return replace(outcome, warnings=(*outcome.warnings, *_guests(client, move)))


def invoke_failback(client: Client, bound: Bound) -> Outcome:
    """Have a pool that was failed over serve its users again."""
    wish = _wish(bound, prepare="PrepareForFailbackOnly")
    move, told = failback_to(client, bound.text("PoolFqdn"), disaster=wish.manner.disaster)
    return run(client, move, told, wish)


def invoke_cms_failover(client: Client, bound: Bound) -> Outcome:
    """Have the other pool of the CMS's pair serve the Central Management store; with -Force alone."""
    force = bound.flag("Force")
    if bound.flag("Restore"):
        raise InvalidParameter("there is nothing to restore from: every pool has a replica", field="Restore")
    named = [name for name in _SQL if bound[name] is not None]
    if named and not force:
        raise InvalidParameter(f"-{named[0]} is for a disaster, and needs -Force", field=named[0])
    token = _token(bound)
    if token is not None and not force:
        raise InvalidParameter("-PlanToken is for a disaster, and needs -Force", field="PlanToken")
    move, told = cms_move(client)
    _require_in_topology(client, move, bound)
    manner = Manner(disaster=force, wait_time=FAILOVER_WAIT, plan_token=token)
    wish = Wish(
        manner=manner,
        leniency=Leniency(),
        asks=bound.flag("Confirm"),
        what_if=bound.flag("WhatIf"),
        verbose=bound.flag("Verbose"),
    )
    outcome = run(client, move, told, wish)
    _report(bound, outcome)
    return outcome


def _wish(bound: Bound, *, prepare: str) -> Wish:
    """Read what both cmdlets of pools have in common. Raises `InvalidParameter` for what contradicts itself."""
    token, prepare_only = _token(bound), bound.flag(prepare)
    disaster = bound.flag("DisasterMode")
    if token is not None and not disaster:
        raise InvalidParameter("-PlanToken goes with -DisasterMode", field="PlanToken")
    if prepare_only and disaster:
        raise InvalidParameter(f"a disaster cannot be prepared: leave -{prepare} or -DisasterMode out", field=prepare)
    wait = bound["WaitTime"]
    assert isinstance(wait, timedelta)  # noqa: S101 - by its type and its default
    servers = bound["ServersToIgnore"]
    return Wish(
        manner=Manner(
            disaster=disaster,
            wait_time=wait,
            plan_token=token,
            skip_verification=bound.flag("SkipDataVerification"),
            prepare_only=prepare_only,
        ),
        leniency=Leniency(
            backup_service_errors=bound.flag("IgnoreBackupServiceErrorState"),
            cms_delay=bound.flag("IgnoreCMSDelay"),
            target_front_ends=bound.flag("IgnoreTargetPoolFEsNotRunning"),
            fabric=bound.flag("SkipFabricHealthCheck"),
            servers=servers if isinstance(servers, tuple) else (),
        ),
        asks=_asks(bound, disaster=disaster and token is None),
        check_only=bound.flag("HealthCheckOnly"),
        what_if=bound.flag("WhatIf"),
        verbose=bound.flag("Verbose"),
    )


def _asks(bound: Bound, *, disaster: bool) -> bool:
    """Ask if so wished; before a disaster always, unless that is not wished, or a plan was seen before."""
    if "Confirm" in bound.given:
        return bound.flag("Confirm") and not bound.flag("Force")
    return disaster and not bound.flag("Force")


def _token(bound: Bound) -> str | None:
    return bound.text("PlanToken") if bound["PlanToken"] is not None else None


def _guests(client: Client, move: Move) -> tuple[str, ...]:
    """Warn if the pool that is left serves the users of its backup pool, too: they stay."""
    newest = ask_both(client, move.target, (move.target,)).newest
    if newest is None or newest["ServingPool"] != move.source:
        return ()
    back = f"Invoke-CsPoolFailback -PoolFqdn {move.target}"
    return (f"{move.source} serves the users of {move.target} as well; bring them back with {back}.",)


def _require_in_topology(client: Client, move: Move, bound: Bound) -> None:
    """The store can only go where the deployment has a place for it. Raises `Refused`."""
    target = client.deployment.pool(move.target)
    places = {target.fqdn, *(front_end.name for front_end in target.front_ends)}
    for name in ("BackupSqlServerFqdn", "BackupMirrorSqlServerFqdn"):
        if bound[name] is not None and bound.text(name) not in places:
            raise Refused(f"-{name} {bound.text(name)} is not in the topology: the store can only go to {move.target}")


def _report(bound: Bound, outcome: Outcome) -> None:
    """Write the receipt to a file, if one was named. Raises `TwinpoolError`."""
    receipts = [one for one in outcome.objects if one.type_name == RECEIPT]
    if bound["Report"] is None or not receipts:
        return
    text = json.dumps(to_plain(receipts[0]), indent=2, ensure_ascii=False) + "\n"
    try:
        Path(bound.text("Report")).write_text(text, encoding="utf-8")
    except OSError as error:
        raise TwinpoolError(f"it is done, but its report could not be written: {error}") from error


_SQL = ("BackupSqlServerFqdn", "BackupSqlInstanceName", "BackupMirrorSqlServerFqdn", "BackupMirrorSqlInstanceName")

VERBOSE = switch("Verbose", "Print each check and each step with its time, as it happens.", "vb")
CONFIRM = switch("Confirm", "Ask before doing it; before a disaster that is done unless -Confirm:$false.", "cf")


def _span(name: str, default: timedelta, help_: str) -> Parameter:
    type_ = ParameterType(label="TimeSpan", read=read_wait)
    return Parameter(name=name, type=type_, default=default, help=f"{help_}; {format_timespan(default)} if omitted.")


_INT32 = ParameterType(label="Int32", read=read_seconds)


def _common(wait: timedelta, prepare: str) -> Iterable[Parameter]:
    """Yield the parameters that failover and failback share."""
    return (
        _span("WaitTime", wait, "How long the backlog may take, and comparing again, before it is aborted"),
        switch("SkipDataVerification", "Hand over without comparing the records of both pools first."),
        switch("HealthCheckOnly", "Make the checks, show them all, and do nothing."),
        switch(prepare, "Go read-only, wait, verify; then let the source write again instead of handing over."),
        switch("IgnoreBackupServiceErrorState", "Go on although a module of the source is in ErrorState."),
        switch("IgnoreCMSDelay", "Go on although the target's replica of the CMS is not up to date."),
        switch("SkipFabricHealthCheck", "Go on although no front end of the target is the active one yet."),
        Parameter(
            name="ServersToIgnore",
            type=ParameterType(label="String[]", read=read_servers, is_list=True),
            help="Front ends of the target that need not be ready.",
        ),
        Parameter(
            name="PlanToken",
            type=TEXT,
            help="Token of a plan (twinpool failover plan): with -DisasterMode, refused if the facts have changed.",
        ),
        unused("DatabaseCommandTimeoutInSeconds", _INT32, "no read takes longer than the stores' own limits"),
        unused("PromptOnError", FORCE.type, "an error ends it, and it can be run again"),
        unused("NoPerformanceCounters", FORCE.type, "there are none to be read"),
        FORCE,
        CONFIRM,
        WHAT_IF,
        VERBOSE,
    )


CMDLETS = (
    Cmdlet(
        name="Invoke-CsPoolFailover",
        synopsis="Moves the users of a pool to its backup pool: planned, without loss, or alone after a disaster.",
        parameters=(
            pool_fqdn("PoolFqdn", "The pool that is failed over from; its backup pool serves afterwards."),
            switch("DisasterMode", "The pool is gone: its backup pool takes over alone, with what it has."),
            *_common(FAILOVER_WAIT, "PrepareForFailoverOnly"),
            switch("IgnoreTargetPoolFEsNotRunning", "Go on although not all front ends of the target are ready."),
            unused("FlushStorageService", FORCE.type, "nothing waits outside of the pool store"),
            unused("ServicesStopDelayMins", _INT32, "no service is stopped; the source goes on as a backup pool"),
        ),
        run=invoke_failover,
        examples=(
            "Invoke-CsPoolFailover -PoolFqdn pool1.lab -Verbose",
            "Invoke-CsPoolFailover -PoolFqdn pool1.lab -HealthCheckOnly",
            "Invoke-CsPoolFailover -PoolFqdn pool1.lab -DisasterMode -Verbose",
        ),
    ),
    Cmdlet(
        name="Invoke-CsPoolFailback",
        synopsis="Brings the users of a pool that was failed over home, with everything written meanwhile.",
        parameters=(
            pool_fqdn("PoolFqdn", "The pool that was failed over, by the same name as then."),
            switch("DisasterMode", "The backup pool is gone: the pool takes its users back with what it has."),
            *_common(FAILBACK_WAIT, "PrepareForFailbackOnly"),
        ),
        run=invoke_failback,
        examples=(
            "Invoke-CsPoolFailback -PoolFqdn pool1.lab -Verbose",
            "Invoke-CsPoolFailback -PoolFqdn pool1.lab -WhatIf",
        ),
    ),
    Cmdlet(
        name="Invoke-CsManagementServerFailover",
        synopsis="Moves the Central Management store to the other pool of its pair.",
        parameters=(
            switch("Force", "The pool that has it is gone: take it over alone, without asking."),
            Parameter(name="BackupSqlServerFqdn", type=FQDN, help="Has to be the pool that it goes to; needs -Force."),
            unused("BackupSqlInstanceName", TEXT, "a pool has one store; needs -Force"),
            Parameter(
                name="BackupMirrorSqlServerFqdn",
                type=FQDN,
                aliases=("MirrorSqlServerFqdn",),
                help="Like -BackupSqlServerFqdn.",
            ),
            unused("BackupMirrorSqlInstanceName", TEXT, "a pool has one store; needs -Force", "MirrorSqlInstanceName"),
            switch("Restore", "Refused: every pool has a replica, and nothing is restored from elsewhere."),
            Parameter(name="Report", type=TEXT, help="File for the receipt as JSON, overwritten."),
            Parameter(name="PlanToken", type=TEXT, help="Token of a plan; with -Force."),
            switch("Confirm", "Ask before doing it.", "cf"),
            WHAT_IF,
            VERBOSE,
        ),
        run=invoke_cms_failover,
        examples=(
            "Invoke-CsManagementServerFailover -WhatIf",
            "Invoke-CsManagementServerFailover -Verbose",
            "Invoke-CsManagementServerFailover -Force",
        ),
    ),
)
