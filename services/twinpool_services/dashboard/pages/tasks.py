"""What this pool does with its backup pool without moving anything: synchronise, verify, rehearse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from twinpool.errors import InvalidParameter, TwinpoolError
from twinpool.security.roles import Role
from twinpool_services.dashboard.acting import ApiRefused
from twinpool_services.dashboard.live.operations import find
from twinpool_services.dashboard.live.sections import Look, Section
from twinpool_services.dashboard.pages.page import Page, Visit
from twinpool_services.moving import NoBackupPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to be done."""

    name: str
    title: str
    role: Role
    takes: str  #: its word in the audit log
    path: str  #: at the API, behind the pool's


TASKS = {
    each.name: each
    for each in (
        Task(name="sync", title="Synchronisation", role=Role.BACKUP_SERVICE, takes="request_sync", path="sync"),
        Task(
            name="verification",
            title="Verification",
            role=Role.ADMINISTER,
            takes="begin_verification",
            path="verifications",
        ),
        Task(name="drill", title="Drill", role=Role.ADMINISTER, takes="begin_drill", path="drills"),
    )
}


async def show(task: Task, visit: Visit) -> Response:
    """Show what is to be done, with its form."""
    return await _page(task, visit)


async def begin(task: Task, visit: Visit) -> Response:
    """Have it done."""
    own = visit.here.pool.fqdn
    if visit.form.get("confirm", "").strip().casefold() != own:
        error = InvalidParameter(f"type {own} to confirm; nothing was done", field="confirm")
        return await _page(task, visit, error, status=422)
    try:
        begun = await visit.do("POST", ["v1", "pools", own, task.path], _wish(task, visit))
    except ApiRefused as refused:
        if refused.problem.status not in {409, 422}:
            raise
        return await _page(task, visit, refused, status=refused.problem.status)
    if task.name == "sync":
        return visit.go("/operations/sync?asked=" + ",".join(begun["BackupModules"]))
    return visit.go(f"/{task.path}/{own}/{begun['Verification' if task.name == 'verification' else 'Drill']}")


async def follow(kind: str, visit: Visit) -> Response:
    """Show how far a verification or a drill is."""
    argument = f"{visit.path['pool']}/{visit.path['identity']}"
    shown = await visit.section(kind, argument)
    return visit.page("task_followed.html.j2", kind=kind, argument=argument, shown=shown)


def render(kind: str, look: Look) -> str:
    """Render how far a verification or a drill is, and what it has shown."""
    pool, _, identity = look.argument.partition("/")
    return look.renderer.page(f"{kind}.html.j2", {"found": find(look.here, kind, pool, identity)})


def render_syncs(look: Look) -> str:
    """Render the synchronisations that are not yet under way."""
    return look.renderer.page("syncs.html.j2", {"pending": look.here.opened.store.sync_requests(0)})


def _wish(task: Task, visit: Visit) -> Mapping[str, object]:
    module = visit.form.get("module", "All")
    match task.name:
        case "sync":
            return {"BackupModule": module, "Full": "full" in visit.form}
        case "verification":
            return {"BackupModule": module, "ResyncSignatureMismatchItems": "repair" in visit.form}
        case _:
            return {"Home": visit.form.get("home", "")}


async def _page(task: Task, visit: Visit, problem: TwinpoolError | None = None, *, status: int = 200) -> Response:
    here = visit.here
    partner = here.deployment.partner_of(here.pool.fqdn)
    if partner is None:
        raise NoBackupPool(f"{here.pool.fqdn} has no backup pool")
    return visit.page(
        "task.html.j2",
        status=status,
        task=task,
        problem=problem,
        partner=partner,
        modules=[module.name for module in here.modules.select("All")],
        syncs=await visit.section("syncs") if task.name == "sync" else "",
        asked=visit.query.get("asked", ""),
    )


PAGES = (
    *(
        page
        for task in TASKS.values()
        for page in (
            Page(path=f"/operations/{task.name}", role=task.role, answer=partial(show, task)),
            Page(path=f"/operations/{task.name}", role=task.role, answer=partial(begin, task), takes=task.takes),
        )
    ),
    Page(path="/verifications/{pool}/{identity}", role=Role.VIEW, answer=partial(follow, "verification")),
    Page(path="/drills/{pool}/{identity}", role=Role.VIEW, answer=partial(follow, "drill")),
)
SECTIONS = (
    Section(name="verification", role=Role.VIEW, render=partial(render, "verification")),
    Section(name="drill", role=Role.VIEW, render=partial(render, "drill")),
    Section(name="syncs", role=Role.BACKUP_SERVICE, render=render_syncs),
)
