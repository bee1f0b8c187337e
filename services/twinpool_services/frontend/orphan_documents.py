"""What is asked and answered about orphans."""

from __future__ import annotations

import base64

from pydantic import Field

from twinpool.failover.orphan_classification import Judgement
from twinpool.vocabulary.orphan import Orphan
from twinpool_services.frontend.documents import CommittedDocument, Document, iso
from twinpool_services.frontend.orphan_difference import Difference


class OrphanDiscardDocument(Document):
    """Who gives an orphan up, and why."""

    by: str = Field(min_length=1, max_length=256)
    note: str = Field(default="", max_length=4096)


class OrphanReplayDocument(OrphanDiscardDocument):
    """Who has an orphan written again."""

    force: bool = False  #: even if that takes a newer value away


class OrphanDocument(Document):
    """One orphan, without its value."""

    number: int
    home: str
    backup_module: str
    term: int  #: in which it was accepted
    position: int | None  #: none if it was found by comparing records
    committed_at: str | None
    owner: str
    key: str
    operation: str  #: `put`, `delete`
    size: int | None  #: bytes of the value
    overtaken_by: int | None  #: the newest later orphan of the same record that is not discarded
    decision: str | None  #: `replayed`, `discarded`
    decided_by: str | None
    decided_at: str | None
    note: str | None
    classification: str | None  #: nothing once it is decided, and while the serving pool does not answer
    why: str

    @classmethod
    def of(cls, orphan: Orphan, judgement: Judgement | None = None, *, why: str = "") -> OrphanDocument:
        """Say what it is; `why` it is not classified, if it is not."""
        return cls.model_validate(members_of(orphan, judgement, why=why))


class DifferingLineDocument(Document):
    """One place at which the orphan differs from what the serving pool holds."""

    where: str  #: path of a field, number of a line, or offset of bytes
    orphan: str | None
    present: str | None


class OrphanDetailDocument(OrphanDocument):
    """One orphan with its value, and what the serving pool holds in its place now."""

    serving_pool: str
    value: str | None  #: in base64
    present: bool  #: whether the serving pool holds such a record
    present_size: int | None
    present_value: str | None  #: in base64
    difference_kind: str  #: `Json`, `Text`, `Binary`
    difference: list[DifferingLineDocument]
    difference_left_out: int  #: places that are not told

    @classmethod
    def between(
        cls, orphan: Orphan, judgement: Judgement, present: bytes | None, differing: Difference, *, serving_pool: str
    ) -> OrphanDetailDocument:
        """Say what stands against what."""
        return cls.model_validate(
            {
                **members_of(orphan, judgement),
                "serving_pool": serving_pool,
                "value": _base64(orphan.change.value),
                "present": present is not None,
                "present_size": None if present is None else len(present),
                "present_value": _base64(present),
                "difference_kind": differing.kind,
                "difference": [
                    DifferingLineDocument(where=line.where, orphan=line.orphan, present=line.present)
                    for line in differing.lines
                ],
                "difference_left_out": differing.left_out,
            }
        )


class OrphanPage(Document):
    """Some orphans in order of their numbers."""

    pool_fqdn: str
    orphans: list[OrphanDocument]
    next: int | None  #: `after` of the next page; a page may be short, even empty, although there is one
    total: int  #: of this pool, or of the home that was asked for
    undecided: int  #: likewise


class OrphanReplayedDocument(Document):
    """What came of a replay."""

    orphan: OrphanDocument
    serving_pool: str
    committed: CommittedDocument | None  #: none if the serving pool held just that already


def members_of(orphan: Orphan, judgement: Judgement | None, *, why: str = "") -> dict[str, object]:
    """Return what is said of every orphan."""
    value, verdict = orphan.change.value, orphan.verdict
    return {
        "number": orphan.number,
        "home": orphan.stream.home,
        "backup_module": orphan.stream.module,
        "term": orphan.term,
        "position": orphan.position,
        "committed_at": None if orphan.committed_at is None else iso(orphan.committed_at),
        "owner": orphan.change.owner,
        "key": orphan.change.key,
        "operation": "delete" if value is None else "put",
        "size": None if value is None else len(value),
        "overtaken_by": orphan.overtaken_by,
        "decision": verdict and verdict.decision,
        "decided_by": verdict and verdict.by,
        "decided_at": verdict and iso(verdict.at),
        "note": verdict and verdict.note,
        "classification": judgement and judgement.classification,
        "why": judgement.why if judgement else why,
    }


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode("ascii")
