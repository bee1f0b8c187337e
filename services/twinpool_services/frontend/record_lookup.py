"""What a pool holds at some places: fingerprints of many records, or the values of a few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import Field

from twinpool.errors import HomeNotServed
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Stream
from twinpool.vocabulary.orphan import fingerprint
from twinpool_services.frontend.context import Context, status_of_home
from twinpool_services.frontend.documents import Document

MOST_RECORDS, MOST_VALUES = 1_000, 16


class PlaceDocument(Document):
    """Where a record stands."""

    owner: str
    key: str


class LookupDocument(Document):
    """Which records are looked up."""

    records: list[PlaceDocument] = Field(min_length=1, max_length=MOST_RECORDS)
    values: bool = False  #: return the values, too; of up to 16 records


class FoundDocument(Document):
    """What stands at one place; all is null if nothing does."""

    fingerprint: str | None  #: BLAKE2b-128 of the value, in hexadecimal digits
    size: int | None
    value: str | None  #: in base64, if asked for


class FoundPage(Document):
    """What stands at each place, in the order asked for."""

    records: list[FoundDocument]


@dataclass(frozen=True, slots=True)
class Found:
    """A record that is there."""

    fingerprint: bytes
    size: int
    value: bytes


def require_serving(context: Context, stream: Stream) -> None:
    """Make sure that what we hold is what counts. Raises `HomeNotServed`. May block."""
    status = status_of_home(context.opened.store, stream.home)
    if status is None or status.serving_pool != context.pool.fqdn:
        raise HomeNotServed(stream.home, status.serving_pool if status else None)


def look_up(context: Context, stream: Stream, keys: Iterable[RecordKey]) -> Iterator[Found | None]:
    """Read records one by one, so that one value is in memory at a time. May block."""
    for key in keys:
        value = context.opened.store.read(stream, key)
        yield None if value is None else Found(fingerprint(value), len(value), value)
