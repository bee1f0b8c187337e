"""Runs checks at the same time; one that breaks or takes too long is a finding, and never the end of the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from twinpool_services.doctor.finding import Finding, Severity, badness
from twinpool_services.doctor.gathering import Seen
from twinpool_services.doctor.registry import CHECKS, Registered

TIMEOUT = 10.0  #: seconds that a check may take


@dataclass
class _Running:
    check: Registered
    findings: list[Finding] = field(default_factory=list)
    thread: threading.Thread | None = None


def examine(seen: Seen, checks: Sequence[Registered] = CHECKS, *, timeout: float = TIMEOUT) -> list[Finding]:
    """Run all checks and return what they find, the worst first."""
    deadline = time.monotonic() + timeout
    running = [_started(check, seen) for check in checks]
    findings = [each for one in running for each in _waited_for(one, deadline)]
    return sorted(findings, key=badness)


def _started(check: Registered, seen: Seen) -> _Running:
    one = _Running(check)
    # Daemons: one that never ends must not keep the command from ending.
    one.thread = threading.Thread(target=_look, args=(one, seen), name=f"check {check.name}", daemon=True)
    one.thread.start()
    return one


def _look(one: _Running, seen: Seen) -> None:
    try:
        one.findings = list(one.check.look(seen))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told as a finding
        one.findings = [_broken(one.check, f"it broke: {type(error).__name__}: {error}")]


def _waited_for(one: _Running, deadline: float) -> Iterable[Finding]:
    assert one.thread is not None  # noqa: S101 - `_started` has made it
    one.thread.join(max(0.0, deadline - time.monotonic()))
    if one.thread.is_alive():
        return [_broken(one.check, "it has not ended in time")]
    return one.findings


def _broken(check: Registered, why: str) -> Finding:
    return Finding(
        check=check.name,
        subject="doctor",
        severity=Severity.WARNING,
        what="this check could not be made",
        evidence=why,
        advice="Tell the developers; nothing is known of what it looks at.",
    )


__all__ = ["TIMEOUT", "examine"]
