"""Versions: of Twinpool on each front end and here, of Python, and of packages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from twinpool_services.doctor.finding import Finding, Severity
from twinpool_services.doctor.gathering import Seen

OLDEST_PYTHON = (3, 11)


def twinpool(seen: Seen) -> Iterator[Finding]:
    """All front ends run the same version, and so does this command."""
    found = {
        each.name: each.examination["Version"] for pool in seen.pools for each in pool.answering if each.examination
    }
    if not found:
        return
    told = _told({**found, "this command": seen.version})
    if len({*found.values(), seen.version}) == 1:
        yield Finding(
            check="versions", subject="twinpool", severity=Severity.OK, what=f"all run {seen.version}", evidence=told
        )
        return
    yield Finding(
        check="versions",
        subject="twinpool",
        severity=Severity.WARNING,
        what="versions differ",
        evidence=told,
        advice="Bring all to the newest. While that is under way, nothing of newer features can be relied on.",
    )


def packages(seen: Seen) -> Iterator[Finding]:
    """Python is new enough, and front ends of one pool use the same packages."""
    for pool in seen.pools:
        examined = [each for each in pool.answering if each.examination]
        for each in examined:
            python = each.examination["Python"]
            if tuple(int(part) for part in python.split(".")[:2]) < OLDEST_PYTHON:
                yield Finding(
                    check="packages",
                    subject=each.name,
                    severity=Severity.ERROR,
                    what=f"Python {python} is too old",
                    evidence=each.examination["Platform"],
                    advice=f"Install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer.",
                )
        by_package: dict[str, dict[str, str]] = defaultdict(dict)
        for each in examined:
            for name, version in {**each.examination["Packages"], "Python": each.examination["Python"]}.items():
                by_package[name][each.name] = version
        different = {name: found for name, found in by_package.items() if len(set(found.values())) > 1}
        for name, found in different.items():
            yield Finding(
                check="packages",
                subject=pool.pool.fqdn,
                severity=Severity.INFO,
                what=f"front ends use different versions of {name}",
                evidence=_told(found),
                advice="Install from the same lock file on all machines.",
            )
        if examined and not different:
            yield Finding(
                check="packages", subject=pool.pool.fqdn, severity=Severity.OK, what="front ends use the same packages"
            )


def _told(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items()))
