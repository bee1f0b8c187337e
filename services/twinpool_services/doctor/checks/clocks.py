"""Clocks: of front ends beside each other and this machine, and of stores beside their front ends."""

from __future__ import annotations

from collections.abc import Iterator

from twinpool_services.doctor.finding import Finding, Severity
from twinpool_services.doctor.gathering import FrontEndSays, Seen

TOLERATED = 2.0  #: seconds by which clocks may differ
BAD = 30.0  #: seconds that make ages, and with them states, wrong


def clocks(seen: Seen) -> Iterator[Finding]:
    """All clocks agree, as far as can be told from here."""
    for pool in seen.pools:
        for each in pool.answering:
            if each.clock_skew is not None:
                yield _judged(each.name, "its clock and ours", each.clock_skew, each.clock_doubt)
            if (skew := store_skew(each)) is not None:
                yield _judged(each.name, "the clocks of its store and its machine", *skew)


def store_skew(front_end: FrontEndSays) -> tuple[float, float] | None:
    """Return by how much a store's clock is ahead of the front end's, and by how much that may be wrong."""
    store = front_end.examination.get("Store")
    if not store:
        return None
    # The front end's time is read after the store's, at the end of everything.
    return store["At"] - front_end.examination["At"], store["Seconds"] + 0.5


def _judged(subject: str, whose: str, skew: float, doubt: float) -> Finding:
    apart = max(0.0, abs(skew) - doubt)
    evidence = f"{skew:+.2f} s, give or take {doubt:.2f} s"
    if apart <= TOLERATED:
        return Finding(check="clocks", subject=subject, severity=Severity.OK, what=f"{whose} agree", evidence=evidence)
    return Finding(
        check="clocks",
        subject=subject,
        severity=Severity.ERROR if apart > BAD else Severity.WARNING,
        what=f"{whose} differ",
        evidence=evidence,
        advice="Synchronise the machines' clocks (chrony, systemd-timesyncd). Ages, lags and receipts are wrong "
        "meanwhile; the order of changes is not.",
    )
