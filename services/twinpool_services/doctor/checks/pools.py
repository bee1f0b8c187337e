"""Pools: who answers, who is active, who serves, and whether both ends of a pair agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from twinpool_services.doctor.finding import Finding, Severity
from twinpool_services.doctor.gathering import PoolSays, Seen


def front_ends(seen: Seen) -> Iterator[Finding]:
    """Every front end answers."""
    for pool in seen.pools:
        silent = [each for each in pool.front_ends if each.silence]
        if pool.front_ends and len(silent) == len(pool.front_ends):
            yield Finding(
                check="front-ends",
                subject=pool.pool.fqdn,
                severity=Severity.ERROR,
                what="the pool is dead: no front end answers",
                evidence="; ".join(f"{each.name}: {each.silence}" for each in silent),
                advice="Start one (twinpool pool run --front-end NAME). Is the pool lost? See "
                "docs/how-to/the-other-pool-is-gone.md. What only it could say is left out below.",
            )
            continue
        for each in silent:
            yield Finding(
                check="front-ends",
                subject=each.name,
                severity=Severity.WARNING,
                what="it does not answer",
                evidence=each.silence,
                advice="Start it: without it nobody takes over when the other one fails.",
            )
        if not silent:
            yield _well("front-ends", pool, f"all {len(pool.front_ends)} answer")


def lease(seen: Seen) -> Iterator[Finding]:
    """One front end of each pool holds the lease, and says so."""
    for pool in seen.pools:
        if not pool.answering:
            continue
        active = [each.name for each in pool.answering if each.facts.get("Active")]
        holders = {each.facts["LeaseHolder"] for each in pool.answering if each.facts.get("LeaseHolder")}
        if len(active) == 1:
            yield _well("lease", pool, f"{active[0]} is active")
        elif len(active) > 1:
            yield Finding(
                check="lease",
                subject=pool.pool.fqdn,
                severity=Severity.ERROR,
                what="more than one front end holds itself to be active",
                evidence=", ".join(active),
                advice="Look again in a few seconds. If it stays so, do they use the same store?",
            )
        else:
            yield Finding(
                check="lease",
                subject=pool.pool.fqdn,
                severity=Severity.ERROR,
                what="no front end that answers is active: nothing is exported or imported",
                evidence=f"the lease is held by {', '.join(sorted(holders)) or 'nobody'}",
                advice="One takes over once the lease has expired. If none does, read the log's events election.*.",
            )


def serving(seen: Seen) -> Iterator[Finding]:
    """Each home is served by one pool, and all know which."""
    known: dict[str, dict[str, tuple[int, str]]] = defaultdict(dict)
    for pool in seen.pools:
        if pool.spokesman:
            for home in pool.spokesman.facts.get("Homes", []):
                known[home["Home"]][pool.pool.fqdn] = (home["Term"], home["ServingPool"])
    for home, words in known.items():
        told = "; ".join(f"{pool} says {serving} in term {term}" for pool, (term, serving) in sorted(words.items()))
        claims = {pool for pool, (_, serving) in words.items() if serving == pool}
        if len(claims) > 1:
            severity, what = Severity.ERROR, "two pools serve it: a split brain"
            advice = "Let them reach each other; the lower term gives way. Until then write to one alone."
        elif len(set(words.values())) > 1:
            severity, what = Severity.WARNING, "the pools do not agree who serves it"
            advice = "It settles when they reach each other. If not, see whether both are connected to the broker."
        else:
            severity, what, advice = Severity.OK, "all agree who serves it", ""
        yield Finding(check="serving", subject=home, severity=severity, what=what, evidence=told, advice=advice)


def replication(seen: Seen) -> Iterator[Finding]:
    """No module is in an error."""
    for pool in seen.pools:
        if pool.spokesman is None:
            continue
        facts = pool.spokesman.facts
        failed = [each for each in facts.get("Routes", []) if each["ExportStatus"] == "ErrorState"]
        failed += [each for each in facts.get("Streams", []) if each["ImportStatus"] == "ErrorState"]
        for each in failed:
            yield Finding(
                check="replication",
                subject=f"{each['Home']} {each['BackupModule']}",
                severity=Severity.ERROR,
                what=f"{pool.pool.fqdn} cannot {'back it up' if 'Destination' in each else 'import it'}",
                evidence=each["Failure"] or "the backup pool acknowledges nothing",
                advice=f"twinpool why {each['BackupModule']} -PoolFqdn {pool.pool.fqdn}",
            )
        if facts and not failed:
            yield _well("replication", pool, "no module is in an error")


def pairing(seen: Seen) -> Iterator[Finding]:
    """Both pools of a pair have each other for a backup pool."""
    said = {str(pool.pool.fqdn): pool.spokesman.relationship for pool in seen.pools if pool.spokesman}
    for fqdn, relationship in said.items():
        partner = seen.deployment.partner_of(fqdn)
        told = relationship.get("BackupPoolFqdn")
        back = said.get(partner or "", {}).get("BackupPoolFqdn", fqdn)
        if partner is None and told is None:
            severity, what = Severity.INFO, "it has no backup pool"
            advice = "Pair it in the deployment file, if its data matters."
        elif told != partner or back != fqdn:
            severity, what = Severity.ERROR, "the pairing is not symmetric, or is not that of this deployment file"
            advice = "Give all machines the same deployment file, and restart the front ends."
        else:
            severity, what, advice = Severity.OK, f"paired with {partner}, both ways", ""
        evidence = f"it says {told}, the deployment file here {partner}; its partner says {back}"
        yield Finding(check="pairing", subject=fqdn, severity=severity, what=what, evidence=evidence, advice=advice)


def configuration(seen: Seen) -> Iterator[Finding]:
    """All pools have the same configuration of the backup service."""
    known = {pool.pool.fqdn: dict(pool.spokesman.configuration) for pool in seen.pools if pool.spokesman}
    known = {fqdn: each for fqdn, each in known.items() if each}
    if len(known) < 2:
        return
    names = sorted({name for each in known.values() for name in each})
    different = [name for name in names if len({repr(each.get(name)) for each in known.values()}) > 1]
    if different:
        yield Finding(
            check="configuration",
            subject=", ".join(sorted(known)),
            severity=Severity.WARNING,
            what="the pools have different configurations",
            evidence="; ".join(
                f"{name}: {', '.join(str(each.get(name)) for each in known.values())}" for name in different
            ),
            advice="It is replicated with the CMS and equal in seconds. If it stays so: twinpool why CMSMaster "
            f"-PoolFqdn {seen.deployment.cms_master}",
        )
    else:
        subject = ", ".join(sorted(known))
        yield Finding(check="configuration", subject=subject, severity=Severity.OK, what="the configurations are equal")


def orphans(seen: Seen) -> Iterator[Finding]:
    """Nobody waits for a decision about an orphan."""
    for pool in seen.pools:
        if pool.undecided_orphans is None:
            continue
        if pool.undecided_orphans:
            yield Finding(
                check="orphans",
                subject=pool.pool.fqdn,
                severity=Severity.WARNING,
                what=f"{pool.undecided_orphans} orphans wait for a decision",
                evidence="their writes were answered, and are not where the home is served now",
                advice=f"twinpool orphans list {pool.pool.fqdn} --undecided",
            )
        else:
            yield _well("orphans", pool, "none is undecided")


def _well(check: str, pool: PoolSays, what: str) -> Finding:
    return Finding(check=check, subject=pool.pool.fqdn, severity=Severity.OK, what=what)
