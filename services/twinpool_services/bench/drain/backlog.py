"""The backlog that is drained: the same rows for every contender, made from a seed.

A value follows from the place of its change in the backlog, so that nothing has to be kept: a backlog of any size is
written, written again and checked in little memory.
"""

from __future__ import annotations

import hashlib
import random
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from twinpool.vocabulary.change import Change, Record
from twinpool.wire import encode_changes

DISTINCT = 0.6  #: share of the changes that write a new key; the others update one
KEYS_OF_AN_OWNER = 8


class Content(NamedTuple):
    """What a store holds, short: two that are equal hold the same records."""

    records: int
    digest: str


@dataclass(frozen=True)
class Backlog:
    """Puts of random values, new keys and updates mixed."""

    changes: int
    transaction_size: int
    value_bytes: int = 96
    seed: int = 1

    @property
    def distinct(self) -> int:
        """How many keys there are in the end."""
        return max(1, round(self.changes * DISTINCT))

    def rows(self) -> Iterator[Change]:
        """Make every change, in order."""
        for place, number in enumerate(self._order):
            yield Change(*_key(number), self._value(place))

    def transactions(self) -> Iterator[tuple[Change, ...]]:
        """Make every transaction, in order; the last may be smaller."""
        rows = self.rows()
        while transaction := tuple(islice(rows, self.transaction_size)):
            yield transaction

    def result(self) -> Content:
        """Say what everybody holds in the end, concluded from the rows alone."""
        last = array("Q", bytes(8 * self.distinct))
        for place, number in enumerate(self._order):
            last[number] = place
        return content_of(Record(*_key(number), self._value(place)) for number, place in enumerate(last))

    @cached_property
    def _order(self) -> array[int]:
        """The key of each change: each key once, the others anywhere among them."""
        dice = random.Random(self.seed)  # noqa: S311 - nothing is to be kept secret
        numbers = list(range(self.distinct))
        numbers += [dice.randrange(self.distinct) for _ in range(self.changes - self.distinct)]
        dice.shuffle(numbers)
        return array("Q", numbers)

    def _value(self, place: int) -> bytes:
        return hashlib.shake_128(b"%d/%d" % (self.seed, place)).digest(self.value_bytes)


def content_of(records: Iterable[Record]) -> Content:
    """Count and digest records, which come in the order of their keys by code point."""
    digest, count = hashlib.blake2b(digest_size=16), 0
    for record in records:
        digest.update(encode_changes((Change(*record),)))
        count += 1
    return Content(count, digest.hexdigest())


def _key(number: int) -> tuple[str, str]:
    """Name owner and key of a number; names sort as numbers do."""
    owner, key = divmod(number, KEYS_OF_AN_OWNER)
    return f"sip:user{owner:08d}@bench.example", f"contacts/{key}"
