"""A walk visits every record once, in pieces that are bounded in number and weight."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from twinpool.modules.module import FIRST_PAGE, weight_of
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.vocabulary.change import Record, RecordKey, Transaction
from twinpool.vocabulary.names import Home, ModuleName, Stream

STREAM = Stream(Home("pool1.lab"), ModuleName("UserServices.PresenceFocus"))


class Shelf:
    """Records to be read, that remembers how much was asked for at once."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = sorted(records)
        self.heaviest_page = 0

    def scan(self, stream: Stream, *, after: RecordKey | None, limit: int, owner: str | None = None) -> list[Record]:
        assert (stream, owner) == (STREAM, None)
        page = [record for record in self.records if after is None or record[:2] > after][:limit]
        self.heaviest_page = max(self.heaviest_page, sum(map(weight_of, page)))
        return page

    def write(self, transactions: Sequence[Transaction]) -> list[object]:
        raise NotImplementedError

    read = record_count = write


def pieces(shelf: Shelf, *, limit: int, max_bytes: int) -> list[list[Record]]:
    walked: list[list[Record]] = []
    after: RecordKey | None = None
    while piece := PresenceFocus().walk(shelf, STREAM, after=after, limit=limit, max_bytes=max_bytes):  # type: ignore[arg-type]  # a walk only scans
        walked.append(list(piece))
        after = RecordKey(*piece[-1][:2])
    return walked


@pytest.mark.parametrize("value_bytes", [0, 10, 1000, 100_000])
@pytest.mark.parametrize("limit", [1, 7, 500])
def test_every_record_is_visited_once_within_the_limits(value_bytes: int, limit: int) -> None:
    shelf = Shelf([Record(f"user{n:04}", "k", bytes(value_bytes)) for n in range(700)])

    walked = pieces(shelf, limit=limit, max_bytes=50_000)

    assert [record for piece in walked for record in piece] == shelf.records
    assert all(len(piece) <= limit for piece in walked)
    assert all(sum(map(weight_of, piece)) <= 50_000 or len(piece) == 1 for piece in walked)


def test_pieces_are_filled_when_records_are_small() -> None:
    shelf = Shelf([Record(f"user{n:04}", "k", b"x") for n in range(2000)])

    assert [len(piece) for piece in pieces(shelf, limit=1000, max_bytes=1_000_000)] == [1000, 1000]


def test_large_records_are_not_read_by_the_thousand() -> None:
    shelf = Shelf([Record(f"user{n:04}", "k", bytes(100_000)) for n in range(300)])

    pieces(shelf, limit=10_000, max_bytes=1_000_000)

    assert shelf.heaviest_page <= FIRST_PAGE * 100_100


def test_an_empty_stream_is_walked_at_once() -> None:
    assert pieces(Shelf([]), limit=10, max_bytes=10) == []
