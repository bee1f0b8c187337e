"""What becomes of an orphan by an operator's word. All of it blocks.

Invariant: an orphan is written first and decided afterwards. Who dies in between leaves one that is already there, and
whoever replays it again only has to note that.
"""

from __future__ import annotations

from contextlib import closing

from twinpool.errors import Refused
from twinpool.failover.orphan_classification import Classification, Judgement, judge
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.orphan import Decision, Orphan, Verdict
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.documents import CommittedDocument, iso
from twinpool_services.frontend.orphan_documents import (
    OrphanDiscardDocument,
    OrphanDocument,
    OrphanReplayDocument,
    OrphanReplayedDocument,
)
from twinpool_services.frontend.orphan_reading import read_orphan
from twinpool_services.frontend.orphan_serving import ServingPool, serving_pool


class OrphanDecided(Refused):
    """Somebody has decided about this orphan before."""

    hint = "Nothing to do. What was replayed can be changed like any other record."


class OrphanNotSafe(Refused):
    """Replaying an orphan would take something away from those who came later."""

    hint = "Look at the difference (twinpool orphans show); then replay it with --force, or discard it."


def replay(context: Context, number: int, wish: OrphanReplayDocument) -> OrphanReplayedDocument:
    """Write an orphan again where its home is served now, and note that.

    Raises `NotFound`, `OrphanDecided`, `OrphanNotSafe` unless forced, `PoolUnreachable`, and whatever refuses a write.
    """
    orphan = _undecided(context, number)
    with closing(serving_pool(context, orphan.stream.home)) as serving:
        judgement = _judged(serving, orphan)
        if not (judgement.classification.is_safe or wish.force):
            raise OrphanNotSafe(f"orphan {number} is not safe to replay ({judgement.classification}): {judgement.why}")
        committed: CommittedDocument | None = None
        if judgement.classification is not Classification.ALREADY_THERE:
            module = context.modules[orphan.stream.module]
            committed = serving.write(orphan.stream, module, orphan.change)
        decided = _decide(context, number, Decision.REPLAYED, wish)
        return OrphanReplayedDocument(orphan=OrphanDocument.of(decided), serving_pool=serving.pool, committed=committed)


def discard(context: Context, number: int, wish: OrphanDiscardDocument) -> OrphanDocument:
    """Note that an orphan is given up; it stays in the ledger. Raises `NotFound`, `OrphanDecided`."""
    _undecided(context, number)
    return OrphanDocument.of(_decide(context, number, Decision.DISCARDED, wish))


def _undecided(context: Context, number: int) -> Orphan:
    orphan = read_orphan(context, number)
    if orphan.verdict is not None:
        raise _decided(orphan)
    return orphan


def _judged(serving: ServingPool, orphan: Orphan) -> Judgement:
    (present,) = serving.fingerprints(orphan.stream, [RecordKey(orphan.change.owner, orphan.change.key)])
    return judge(orphan, present)


def _decide(context: Context, number: int, decision: Decision, wish: OrphanDiscardDocument) -> Orphan:
    store = context.opened.store
    verdict = Verdict(decision=decision, by=wish.by, at=store.now(), note=wish.note)
    is_first = store.decide(number, verdict)
    orphan = read_orphan(context, number)
    if not is_first:
        raise _decided(orphan)
    return orphan


def _decided(orphan: Orphan) -> OrphanDecided:
    verdict = orphan.verdict
    assert verdict is not None, "only decided orphans are told to be so"  # noqa: S101
    when = iso(verdict.at)
    return OrphanDecided(f"orphan {orphan.number} was {verdict.decision} by {verdict.by!r:.80} at {when}")


__all__ = ["discard", "replay"]
