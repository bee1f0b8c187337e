"""What a check finds."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """How bad it is, from nothing to worst."""

    OK = "OK"
    INFO = "Info"
    WARNING = "Warning"
    ERROR = "Error"


_ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found, or found to be well."""

    check: str
    subject: str  #: a pool, front end, queue, …
    severity: Severity
    what: str
    evidence: str = ""
    advice: str = ""


def worst(findings: Iterable[Finding]) -> Severity:
    """Return the worst severity; `OK` if there are no findings."""
    return max((each.severity for each in findings), key=_ORDER.index, default=Severity.OK)


def badness(finding: Finding) -> int:
    """Return what findings are sorted by, the worst first."""
    return -_ORDER.index(finding.severity)
