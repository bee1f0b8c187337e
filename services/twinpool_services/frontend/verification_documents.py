"""What is asked and answered about verifications."""

from __future__ import annotations

from typing import Any

from twinpool.verification.document import ModuleVerification, Progress, Verification, What
from twinpool_services.frontend.documents import Document, iso


class VerificationRequestDocument(Document):
    """What `Debug-CsInterPoolReplication` asks for."""

    backup_module: str = "All"  #: a module's name, its last part, or `All`; case does not matter
    resync_signature_mismatch_items: bool = False  #: send again what differs, and nothing else
    suppress_multi_master_detection: bool = False  #: do not report that both pools serve


class DifferenceDocument(Document):
    """One record that is not at the backup pool as it should be."""

    identity: str  #: of the module
    home: str
    owner: str
    key: str
    difference: str  #: `Missing`, `Extra`, `Different`, `Content`, `OwnContent`


class ModuleVerificationDocument(Document):
    """What was found in one module of one home."""

    identity: str
    home: str
    progress: str  #: `Requested`, `Running`, `Done`, `Failed`
    verdict: str  #: `Equal`, `Repaired`, `Different`, `NotVerified`; empty until it is over
    reason: str
    records: int
    compared_records: int
    files: int
    missing: int
    extra: int
    different: int
    damaged_content: int  #: files of the backup pool
    damaged_own_content: int  #: files of the serving pool
    resent_records: int
    resent_bytes: int
    fetched_files: int
    remaining: int  #: differences that are still there
    exchanged_bytes: int
    seconds: float

    @classmethod
    def of(cls, one: ModuleVerification) -> ModuleVerificationDocument:
        """Say what was found."""
        found = one.found or {}
        return cls(
            identity=one.module,
            home=one.home,
            progress=one.progress,
            verdict=_verdict_of(one),
            reason=one.reason,
            records=one.records,
            compared_records=one.compared,
            files=one.files,
            missing=found.get(What.MISSING, 0),
            extra=found.get(What.EXTRA, 0),
            different=found.get(What.DIFFERENT, 0),
            damaged_content=found.get(What.CONTENT, 0),
            damaged_own_content=found.get(What.OWN_CONTENT, 0),
            resent_records=one.resent,
            resent_bytes=one.resent_bytes,
            fetched_files=one.fetched,
            remaining=one.remaining,
            exchanged_bytes=one.exchanged_bytes,
            seconds=one.seconds,
        )


class VerificationSummaryDocument(Document):
    """How far a verification is, and how much it has found."""

    verification: str  #: its name
    pool_fqdn: str
    backup_pool_fqdn: str
    progress: str
    clean: bool  #: it is over, everything was compared, and nothing differs (any more)
    resync_signature_mismatch_items: bool
    multi_master_homes: list[str]  #: that both pools believe they serve
    requested_at: str
    begun_at: str | None
    ended_at: str | None
    backup_modules: list[ModuleVerificationDocument]

    @classmethod
    def summary_of(cls, verification: Verification) -> VerificationSummaryDocument:
        """Say how far it is."""
        return cls(**_told(verification))


class VerificationDocument(VerificationSummaryDocument):
    """How far a verification is, and what it has found."""

    differences: list[DifferenceDocument]  #: the first of each module

    @classmethod
    def of(cls, verification: Verification) -> VerificationDocument:
        """Say how far it is, and what differs."""
        differences = [
            DifferenceDocument(identity=one.module, home=one.home, owner=each.owner, key=each.key, difference=each.what)
            for one in verification.modules
            for each in one.differences
        ]
        return cls(**_told(verification), differences=differences)


class VerificationPage(Document):
    """Some verifications, newest first."""

    pool_fqdn: str
    verifications: list[VerificationSummaryDocument]
    next: str | None  #: `after` of the next page


def _told(verification: Verification) -> dict[str, Any]:
    begun_at, ended_at = verification.begun_at, verification.ended_at
    return {
        "verification": verification.identity,
        "pool_fqdn": verification.pool,
        "backup_pool_fqdn": verification.backup_pool,
        "progress": verification.progress,
        "clean": verification.is_clean,
        "resync_signature_mismatch_items": verification.resync,
        "multi_master_homes": list(verification.multi_master),
        "requested_at": iso(verification.requested_at),
        "begun_at": None if begun_at is None else iso(begun_at),
        "ended_at": None if ended_at is None else iso(ended_at),
        "backup_modules": [ModuleVerificationDocument.of(one) for one in verification.modules],
    }


def _verdict_of(one: ModuleVerification) -> str:
    match one.progress:
        case Progress.FAILED:
            return "NotVerified"
        case Progress.DONE if one.remaining:
            return "Different"
        case Progress.DONE:
            return "Repaired" if one.differing else "Equal"
        case _:
            return ""
