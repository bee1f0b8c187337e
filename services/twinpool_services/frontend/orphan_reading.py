"""Orphans as operators look at them: page by page, each judged by what the serving pool holds now. All of it blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from twinpool.errors import Invalid, NotFound, PoolUnreachable, Refused
from twinpool.failover.orphan_classification import Classification, Judgement, judge
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Home, ModuleName, Stream
from twinpool.vocabulary.orphan import Orphan, fingerprint
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.orphan_difference import difference
from twinpool_services.frontend.orphan_documents import OrphanDetailDocument, OrphanDocument, OrphanPage
from twinpool_services.frontend.orphan_serving import serving_pool

MOST_LOOKED_AT = 5_000  #: orphans that one page looks through for those that are wanted
FIRST_PIECE = 16  #: that are read before it is known how large they are
PIECE_BYTES = 4 * 1024 * 1024  #: of values that are read at a time, about


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which orphans a page is of."""

    after: int
    limit: int
    home: Home | None
    module: ModuleName | None
    undecided: bool
    classification: Classification | None

    @property
    def is_picky(self) -> bool:
        """Whether orphans of the right home and state may not be of the page."""
        return self.module is not None or self.classification is not None

    def takes(self, judged: OrphanDocument) -> bool:
        """Whether an orphan of the right home and state is of the page."""
        return (self.module in {None, judged.backup_module}) and (self.classification in {None, judged.classification})


def read_page(context: Context, wanted: Wanted) -> OrphanPage:
    """Return a page of orphans; without classification, but with the reason, while the serving pool cannot be asked.

    That reason is raised if orphans of one classification are wanted, for nobody can say then which they are.
    """
    found: list[OrphanDocument] = []
    seen, looked_at = wanted.after, 0
    for piece in _pieces(context, wanted):
        for judged in _judged(context, piece, needed=wanted.classification is not None):
            if len(found) == wanted.limit:
                return _page(context, wanted, found, seen)
            seen = judged.number
            found += [judged] if wanted.takes(judged) else []
        looked_at += len(piece)
        if looked_at >= MOST_LOOKED_AT:
            return _page(context, wanted, found, seen)
    return _page(context, wanted, found, None)


def read_orphan(context: Context, number: int) -> Orphan:
    """Return one orphan. Raises `NotFound`."""
    orphan = context.opened.store.orphan(number)
    if orphan is None:
        raise NotFound(f"{context.pool.fqdn} has no orphan {number}")
    return orphan


def read_detail(context: Context, number: int) -> OrphanDetailDocument:
    """Return one orphan beside what the serving pool holds. Raises `NotFound`, `PoolUnreachable`."""
    orphan = read_orphan(context, number)
    with closing(serving_pool(context, orphan.stream.home)) as serving:
        present = serving.value(orphan.stream, _key(orphan))
        judgement = judge(orphan, None if present is None else fingerprint(present))
        return OrphanDetailDocument.between(
            orphan, judgement, present, difference(orphan.change.value, present), serving_pool=serving.pool
        )


def _page(context: Context, wanted: Wanted, found: list[OrphanDocument], following: int | None) -> OrphanPage:
    store = context.opened.store
    homes = [status.home for status in store.homes()] if wanted.home is None else [wanted.home]
    return OrphanPage(
        pool_fqdn=context.pool.fqdn,
        orphans=found,
        next=following,
        total=sum(store.count_orphans(home) for home in homes),
        undecided=sum(store.count_orphans(home, undecided=True) for home in homes),
    )


def _pieces(context: Context, wanted: Wanted) -> Iterator[list[Orphan]]:
    """Yield the orphans of a home in order, so many at a time that their values fit the memory."""
    at_most = 1_000 if wanted.is_picky else wanted.limit + 1
    after, size = wanted.after, min(FIRST_PIECE, at_most)
    while piece := context.opened.store.orphans(after=after, limit=size, home=wanted.home, undecided=wanted.undecided):
        yield piece
        after = piece[-1].number
        weight = sum(len(each.change.value or b"") for each in piece)
        size = max(1, min(at_most, len(piece) * PIECE_BYTES // max(weight, 1), 8 * size))


def _judged(context: Context, piece: Sequence[Orphan], *, needed: bool) -> Iterable[OrphanDocument]:
    judgements: dict[int, Judgement | str] = {}
    for stream in {each.stream for each in piece}:
        undecided = [each for each in piece if each.stream == stream and each.verdict is None]
        try:
            judgements |= _judgements(context, stream, undecided)
        except (PoolUnreachable, Refused, Invalid) as error:
            if needed:
                raise
            judgements |= dict.fromkeys((each.number for each in undecided), str(error))
    for each in piece:
        judgement = judgements.get(each.number, "")
        if isinstance(judgement, str):
            yield OrphanDocument.of(each, why=judgement)
        else:
            yield OrphanDocument.of(each, judgement)


def _judgements(context: Context, stream: Stream, orphans: Sequence[Orphan]) -> dict[int, Judgement]:
    if not orphans:
        return {}
    with closing(serving_pool(context, stream.home)) as serving:
        keys = sorted({_key(each) for each in orphans})
        present = dict(zip(keys, serving.fingerprints(stream, keys), strict=True))
    return {each.number: judge(each, present[_key(each)]) for each in orphans}


def _key(orphan: Orphan) -> RecordKey:
    return RecordKey(orphan.change.owner, orphan.change.key)


__all__ = ["Wanted", "read_detail", "read_orphan", "read_page"]
