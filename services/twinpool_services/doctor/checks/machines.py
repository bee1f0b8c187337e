"""Machines: room on disks, and certificates that do not end soon."""

from __future__ import annotations

from collections.abc import Iterator

from twinpool_services.doctor.finding import Finding, Severity
from twinpool_services.doctor.gathering import Seen

LITTLE_BYTES, LITTLE_SHARE = 2e9, 0.10  #: of room; both have to be fallen below for a warning
NONE_BYTES = 2e8  #: of room that make it an error

SOON_DAYS, DAY = 30, 86_400.0


def disk(seen: Seen) -> Iterator[Finding]:
    """There is room for the pool's files."""
    for pool in seen.pools:
        for each in pool.answering:
            for one in each.examination.get("Disks", []):
                free, share = one["FreeBytes"], one["FreeBytes"] / max(1, one["TotalBytes"])
                evidence = f"{free / 1e9:.1f} GB are free, {share:.0%}: {one['Path']}"
                if free < NONE_BYTES:
                    severity, what = Severity.ERROR, f"there is no room for its {one['Place']}"
                elif free < LITTLE_BYTES and share < LITTLE_SHARE:
                    severity, what = Severity.WARNING, f"there is little room for its {one['Place']}"
                else:
                    severity, what = Severity.OK, f"there is room for its {one['Place']}"
                advice = "" if severity is Severity.OK else "Free space: a full store takes no writes and no imports."
                yield Finding(
                    check="disk", subject=each.name, severity=severity, what=what, evidence=evidence, advice=advice
                )


def certificates(seen: Seen) -> Iterator[Finding]:
    """No certificate of a front end or broker ends soon."""
    for pool in seen.pools:
        for address, ends in pool.certificates.items():
            yield _certificate(address, ends, seen.now)


def _certificate(address: str, ends: float | str, now: float) -> Finding:
    if isinstance(ends, str):
        severity, what, evidence = Severity.WARNING, "its certificate could not be read", ends
    else:
        days = (ends - now) / DAY
        evidence = f"it ends in {days:.0f} days" if days >= 0 else f"it ended {-days:.0f} days ago"
        if days < 0:
            severity, what = Severity.ERROR, "its certificate has expired"
        elif days < SOON_DAYS:
            severity, what = Severity.WARNING, "its certificate ends soon"
        else:
            severity, what = Severity.OK, "its certificate is good"
    advice = "" if severity is Severity.OK else "Make a new one, and restart what uses it."
    return Finding(
        check="certificates", subject=address, severity=severity, what=what, evidence=evidence, advice=advice
    )
