"""Access: every front end knows the same principals, so that a token is good wherever it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from twinpool_services.doctor.finding import Finding, Severity
from twinpool_services.doctor.gathering import Document, Seen

SHOWN = 12  #: hexadecimal digits of a fingerprint


def principals(seen: Seen) -> Iterator[Finding]:
    """All front ends have the same principals file. Which one is right nobody can tell; most are taken to be."""
    known = {
        each.name: each.examination["Principals"]
        for pool in seen.pools
        for each in pool.answering
        if each.examination.get("Principals")
    }
    if not known:
        return
    (usual, _), *others = Counter(one["Fingerprint"] for one in known.values()).most_common()
    if not others:
        evidence = _told(known)
        yield Finding(
            check="principals", subject="tokens", severity=Severity.OK, what="all know the same", evidence=evidence
        )
    for name, one in known.items():
        if others and one["Fingerprint"] != usual:
            yield Finding(
                check="principals",
                subject=name,
                severity=Severity.ERROR,
                what="knows other principals than most, so it takes or refuses other tokens",
                evidence=_told(known),
                advice=f"Bring the right file to every host, here as {one['File']}; it counts within a second.",
            )
    yield from _nobody(known)


def _nobody(known: Mapping[str, Document]) -> Iterator[Finding]:
    for name, one in known.items():
        if not one["Count"]:
            yield Finding(
                check="principals",
                subject=name,
                severity=Severity.ERROR,
                what="knows no principal, and refuses everybody but holders of an issuer's tokens",
                evidence=one["File"],
                advice="Make the first one, and bring the file to every host: twinpool principals add.",
            )


def _told(known: Mapping[str, Document]) -> str:
    return ", ".join(f"{name} {one['Count']} ({one['Fingerprint'][:SHOWN]})" for name, one in sorted(known.items()))
