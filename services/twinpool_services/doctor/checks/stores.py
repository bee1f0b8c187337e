"""Pool stores: usable, of the right schema, and set up so that what is answered is on the disk."""

from __future__ import annotations

from collections.abc import Iterator

from twinpool_services.doctor.finding import Finding, Severity
from twinpool_services.doctor.gathering import Document, FrontEndSays, Seen

#: What durability needs, by kind of store.
WANTED = {
    "sqlite": {"journal_mode": {"wal"}, "synchronous": {"full", "extra"}},
    "postgresql": {
        "fsync": {"on"},
        "full_page_writes": {"on"},
        "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
    },
}


def usable(seen: Seen) -> Iterator[Finding]:
    """Each front end can use its pool's store."""
    for pool in seen.pools:
        for each in pool.answering:
            failure = each.examination.get("StoreFailure", "")
            if failure:
                yield Finding(
                    check="store",
                    subject=each.name,
                    severity=Severity.ERROR,
                    what="it cannot use the pool store",
                    evidence=failure,
                    advice="Look at the store's disk space, permissions and server; it goes on by itself then.",
                )
            elif store := each.examination.get("Store"):
                told = f"{store['Kind']} {store['ServerVersion']}, {store['SizeBytes'] / 1e6:.1f} MB"
                yield Finding(
                    check="store",
                    subject=each.name,
                    severity=Severity.OK,
                    what="it can use the pool store",
                    evidence=told,
                )


def schema(seen: Seen) -> Iterator[Finding]:
    """Each store has the schema of the version that runs."""
    for each, store in _examined(seen):
        has, wants = store["SchemaVersion"], store["ExpectedSchemaVersion"]
        if has == wants:
            yield Finding(
                check="schema", subject=each.name, severity=Severity.OK, what="the schema is up to date", evidence=has
            )
            continue
        yield Finding(
            check="schema",
            subject=each.name,
            severity=Severity.ERROR,
            what="the store's schema is not that of the version that runs",
            evidence=f"the store has {has}, the front end wants {wants}",
            advice="Restart the front end, which brings the store up to date; or run the newer version everywhere.",
        )


def durability(seen: Seen) -> Iterator[Finding]:
    """A commit is on the disk when it returns."""
    for each, store in _examined(seen):
        settings = store["Settings"]
        wrong = {
            name: settings.get(name, "unknown")
            for name, allowed in WANTED.get(store["Kind"], {}).items()
            if settings.get(name, "unknown") not in allowed
        }
        if not wrong:
            told = ", ".join(f"{name} {value}" for name, value in settings.items())
            yield Finding(
                check="durability", subject=each.name, severity=Severity.OK, what="commits are durable", evidence=told
            )
        for name, value in wrong.items():
            allowed = " or ".join(sorted(WANTED[store["Kind"]][name]))
            yield Finding(
                check="durability",
                subject=each.name,
                severity=Severity.ERROR,
                what="what is answered as stored may be lost when the store's machine fails",
                evidence=f"{name} is {value}",
                advice=f"Set {name} to {allowed} at the store.",
            )


def _examined(seen: Seen) -> Iterator[tuple[FrontEndSays, Document]]:
    for pool in seen.pools:
        for each in pool.answering:
            if store := each.examination.get("Store"):
                yield each, store
