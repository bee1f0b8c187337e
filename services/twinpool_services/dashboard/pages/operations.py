"""Operations: what goes on and went on at all pools, each with its steps as they happen, and what can be begun here."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from twinpool.errors import Refused
from twinpool.security.roles import Role
from twinpool_services.dashboard.drawing.operation_view import RESULTS, title_of, view_of
from twinpool_services.dashboard.live.operations import find, list_all, receipt_of
from twinpool_services.dashboard.live.sections import Look, Section
from twinpool_services.dashboard.pages.page import Page, Visit
from twinpool_services.moving import result_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Something that can be begun."""

    name: str  #: behind /dashboard/operations/
    title: str
    about: str
    role: Role


OFFERS = (
    Offer(
        name="failover",
        title="Planned failover",
        about="This pool takes over the users of its backup pool, which gives them up: nothing is lost.",
        role=Role.ADMINISTER,
    ),
    Offer(
        name="failback",
        title="Failback",
        about="This pool takes its own users back, with everything that was written meanwhile.",
        role=Role.ADMINISTER,
    ),
    Offer(
        name="disaster-failover",
        title="Disaster failover",
        about="The backup pool is gone: this pool takes its users over alone, with what it has.",
        role=Role.ADMINISTER,
    ),
    Offer(
        name="disaster-failback",
        title="Disaster failback",
        about="The pool that serves our users is gone: this pool takes them back alone, with what it has.",
        role=Role.ADMINISTER,
    ),
    Offer(
        name="cms",
        title="Failover of the Central Management store",
        about="This pool takes the store over from the other pool of the pair: nothing is lost.",
        role=Role.ADMINISTER_SERVERS,
    ),
    Offer(
        name="disaster-cms",
        title="Disaster failover of the Central Management store",
        about="The pool that has the store is gone: this pool takes it over alone.",
        role=Role.ADMINISTER_SERVERS,
    ),
    Offer(
        name="drill",
        title="Drill",
        about="This pool rehearses a disaster failover on a copy of its store; nobody notices.",
        role=Role.ADMINISTER,
    ),
    Offer(
        name="verification",
        title="Verification",
        about="What this pool serves is compared with what its backup pool keeps, and repaired if wished.",
        role=Role.ADMINISTER,
    ),
    Offer(
        name="sync",
        title="Synchronisation",
        about="What the backup pool lacks is sent now, from the log or whole.",
        role=Role.BACKUP_SERVICE,
    ),
)


async def show_all(visit: Visit) -> Response:
    """List operations, and what whoever looks may begin."""
    offers = [offer for offer in OFFERS if await visit.may(offer.role)]
    others = [
        (pool.fqdn, [each.address for each in pool.front_ends])
        for pool in visit.here.deployment.pools
        if pool.fqdn != visit.here.pool.fqdn
    ]
    listed = await visit.section("operations")
    return visit.page("operations.html.j2", listed=listed, offers=offers, others=others)


async def show(visit: Visit) -> Response:
    """Show one operation, with the means to abort it."""
    pool, identity = visit.path["pool"], visit.path["identity"]
    operation = await visit.here.in_thread(find, visit.here, "failover", pool, identity)
    return visit.page(
        "operation.html.j2",
        operation=operation,
        title=title_of(operation),
        ours=pool == visit.here.pool.fqdn,
        may_abort=await _may_abort(visit, operation["Home"]),
        addresses=visit.here.addresses_of(pool),
        shown=await visit.section("operation", f"{pool}/{identity}"),
        argument=f"{pool}/{identity}",
    )


async def abort(visit: Visit) -> Response:
    """Have an operation come to nothing."""
    pool, identity = visit.path["pool"], visit.path["identity"]
    if visit.form.get("confirm", "") != identity:
        error = Refused("the name of the operation was not typed as it stands on the page; nothing was done")
        error.hint = "Go back, and type it again."
        raise error
    path = ["v1", "pools", pool, "failovers", identity, "abort"]
    await visit.do("POST", path, {"Reason": visit.form.get("reason", "")})
    return visit.go(f"/operations/{pool}/{identity}")


def render_all(look: Look) -> str:
    """Render the operations and drills of all pools."""
    known = list_all(look.here)
    rows = [(each, title_of(each), *RESULTS[result_of(each)]) for each in known.failovers]
    return look.renderer.page("operations_list.html.j2", {"known": known, "rows": rows})


def render(look: Look) -> str:
    """Render the steps of an operation, and its receipt once it has ended."""
    pool, _, identity = look.argument.partition("/")
    operation = find(look.here, "failover", pool, identity)
    values = {"operation": operation, "view": view_of(operation), "receipt": receipt_of(look.here, operation)}
    return look.renderer.page("operation_steps.html.j2", values)


async def _may_abort(visit: Visit, home: str) -> bool:
    return await visit.may(Role.ADMINISTER_SERVERS if home == "cms" else Role.ADMINISTER)


PAGES = (
    Page(path="/operations", role=Role.VIEW, answer=show_all, title="Operations"),
    Page(path="/operations/{pool}/{identity}", role=Role.VIEW, answer=show),
    Page(path="/operations/{pool}/{identity}/abort", role=Role.ADMINISTER, answer=abort, takes="abort_failover"),
)
SECTIONS = (
    Section(name="operations", role=Role.VIEW, render=render_all),
    Section(name="operation", role=Role.VIEW, render=render),
)
