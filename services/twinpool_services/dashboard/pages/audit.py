"""The audit log of this pool: who did what, newest first, and whether it is what was written."""

from __future__ import annotations

from starlette.responses import Response

from twinpool.errors import InvalidParameter
from twinpool.ports.store import Store
from twinpool.security.roles import Role
from twinpool.vocabulary.audit import AuditCheck, AuditFault, AuditHead
from twinpool_services.dashboard.live.sections import Look, Section
from twinpool_services.dashboard.pages.page import Page, Visit

AT_A_TIME = 50
PIECE = 1_000  #: entries that are checked at a time


async def show(visit: Visit) -> Response:
    """Show a page of it, and check all of it if that is asked for."""
    store, path = visit.here.opened.store, ["v1", "pools", visit.here.pool.fqdn, "audit"]
    head = (await visit.here.in_thread(store.audit_head)).number
    last = min(head, _number(visit.query.get("to", str(head))))
    first = max(0, last - AT_A_TIME)
    page = await visit.ask(path, {"after": str(first), "limit": str(max(1, last - first))})
    checked = await visit.here.in_thread(check, store) if "verify" in visit.query else None
    return visit.page(
        "audit.html.j2",
        entries=list(reversed(page["Entries"])) if last else [],
        head=head,
        last=last,
        older=first or None,
        newer=min(head, last + AT_A_TIME) if last < head else None,
        checked=checked,
        news=await visit.section("audit-news", str(head)),
    )


def render_news(look: Look) -> str:
    """Say how many entries there are behind the one that was the last when a page was made."""
    newer = look.here.opened.store.audit_head().number - _number(look.argument)
    news = f"{newer:,} newer {'entry' if newer == 1 else 'entries'}" if newer > 0 else ""
    return look.renderer.page("news.html.j2", {"news": news, "address": "/dashboard/audit"})


def check(store: Store) -> tuple[AuditHead, AuditFault | None]:
    """Go through the whole log; return how far it is sound, and what is wrong behind that. Blocks."""
    going = AuditCheck()
    while entries := store.audit_entries(after=going.end.number, limit=PIECE):
        if (fault := going.take(entries)) is not None:
            return going.end, fault
    return going.end, going.finish(store.audit_head())


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidParameter(f"{text!r:.40} is no number of an entry", field="to")
    return int(text)


PAGES = (Page(path="/audit", role=Role.ADMINISTER_SERVERS, answer=show, title="Audit"),)
SECTIONS = (Section(name="audit-news", role=Role.ADMINISTER_SERVERS, render=render_news),)
