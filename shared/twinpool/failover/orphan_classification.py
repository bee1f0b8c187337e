"""What it would mean to replay an orphan, judged by what the serving pool holds in its place now. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from twinpool.vocabulary.orphan import Orphan, SinceFork, fingerprint


class Classification(enum.StrEnum):
    """What it would mean to replay an orphan. The first of these that holds."""

    ALREADY_THERE = "AlreadyThere"  #: the serving pool holds just that
    OVERTAKEN = "Overtaken"  #: a later orphan of the same record stands, so this is an older value
    SAFE = "SafeToReplay"  #: nobody has changed the record in the serving pool since the fork
    DELETED = "Deleted"  #: the serving pool has deleted the record since the fork
    CONFLICT = "Conflict"  #: the serving pool holds a newer value, or nobody can know

    @property
    def is_safe(self) -> bool:
        """Whether replaying takes nothing away from anybody."""
        return self in {Classification.ALREADY_THERE, Classification.SAFE}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A classification, and why, for people."""

    classification: Classification
    why: str


def judge(orphan: Orphan, present: bytes | None) -> Judgement:
    """Classify an orphan by the fingerprint of what the serving pool holds in its place now, None if nothing."""
    value = orphan.change.value
    if present == (None if value is None else fingerprint(value)):
        there = "has no such record either" if value is None else "holds the same value"
        return Judgement(Classification.ALREADY_THERE, f"the serving pool {there}")
    if orphan.overtaken_by is not None:
        return Judgement(Classification.OVERTAKEN, f"orphan {orphan.overtaken_by} is a later change of the same record")
    if orphan.since_fork is None:
        return Judgement(Classification.CONFLICT, _unknown(orphan))
    return _by_knowledge(orphan.since_fork, present)


def _by_knowledge(since_fork: SinceFork, present: bytes | None) -> Judgement:
    if not since_fork.changed and present == since_fork.fingerprint:
        return Judgement(Classification.SAFE, "nobody has changed the record in the serving pool since the fork")
    if present is None:
        return Judgement(Classification.DELETED, "the serving pool has deleted the record since the fork")
    when = "between the fork and this pool's return" if since_fork.changed else "since this pool's return"
    return Judgement(Classification.CONFLICT, f"the serving pool has changed the record {when}")


def _unknown(orphan: Orphan) -> str:
    if orphan.position is None:
        reason = "the orphan was found by comparing records, for the log no longer reached back to the fork"
    else:
        reason = "the serving pool has not been asked, or its log no longer reached back to the fork"
    return f"it is not known whether the record was changed in the serving pool since the fork: {reason}"


__all__ = ["Classification", "Judgement", "judge"]
