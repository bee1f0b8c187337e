"""How a pool that gave way gets back the records that only it had changed.

What it had changed past the fork is kept as orphans; its records, though, still hold these changes. The serving pool
logs the present state of those records as ordinary change sets, which then come by the stream like any other.

Invariants
- No session of the stream is opened before the serving pool has logged all of them: so an importer that stands at the
  head holds them, and `FinalState` still implies that both pools hold the same.
- A repair is forgotten only after the serving pool's word, in the term that we know, that it is logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twinpool.failover.messages import MOST_REPAIRS, Repaired, RepairWanted
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Instant, PoolFqdn, Position, Term
from twinpool.vocabulary.orphan import Untouched

REPEAT = 1.0  #: seconds after which a request without an answer is made again


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class RepairsRead:
    """The answer to `ReadRepairs`."""

    keys: Sequence[RecordKey]


@dataclass(frozen=True, slots=True)
class Heard:
    """The serving pool answered."""

    message: Repaired


RepairingEvent = Tick | RepairsRead | Heard


@dataclass(frozen=True, slots=True)
class ReadRepairs:
    """Call `Terms.repairs`, then tell `RepairsRead`."""

    limit: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the serving pool."""

    message: RepairWanted


@dataclass(frozen=True, slots=True)
class NoteRepaired:
    """Call `Terms.note_repaired`."""

    keys: Sequence[RecordKey]
    untouched: Sequence[Untouched] | None = None


RepairingAction = ReadRepairs | Ask | NoteRepaired


class Repairing:
    """The repairs of one stream that we import in one term; the importer opens once `done`."""

    def __init__(self, term: Term, number: int) -> None:
        """Begin; the first `Tick` finds out whether there is anything to repair.

        Requests are numbered above `number`, which has to be unlike that of any other machine of this term (the
        lease's generation times 2**20), so that an answer to one that is gone is none to this one.
        """
        self.done = False
        self._term = term
        self._asked: RepairWanted | None = None
        self._asked_at = Instant(0)
        self._number = number

    def handle(self, event: RepairingEvent, now: Instant) -> list[RepairingAction]:
        """Take an event in and say what is to be done, in this order."""
        if self.done:
            return []
        if isinstance(event, Tick):
            return self._tick(now)
        if isinstance(event, RepairsRead):
            return self._repairs_read(event.keys, now)
        return self._repaired(event.message)

    def _tick(self, now: Instant) -> list[RepairingAction]:
        if self._asked is None:
            return [ReadRepairs(MOST_REPAIRS)]
        if now < self._asked_at + REPEAT:
            return []
        self._asked_at = now
        return [Ask(self._asked)]

    def _repairs_read(self, keys: Sequence[RecordKey], now: Instant) -> list[RepairingAction]:
        if not keys:
            self.done = True
            return []
        self._number += 1
        self._asked, self._asked_at = RepairWanted(term=self._term, request=self._number, keys=tuple(keys)), now
        return [Ask(self._asked)]

    def _repaired(self, answer: Repaired) -> list[RepairingAction]:
        asked = self._asked
        if asked is None or (answer.term, answer.request) != (asked.term, asked.request):
            return []
        self._asked = None
        return [NoteRepaired(asked.keys, answer.untouched), ReadRepairs(MOST_REPAIRS)]


def may_touch(request: RepairWanted, status: HomeStatus, pool: PoolFqdn) -> bool:
    """Whether we are the one to log these records, now: else there is no answer, and we are asked again."""
    serves = status.serving_pool == pool and status.mode is Mode.READ_WRITE
    return serves and status.term == request.term


def repaired(request: RepairWanted, position: Position, untouched: Sequence[Untouched] | None = None) -> Repaired:
    """Return the answer, after `Terms.touch` has returned a position; `untouched` was found out before that."""
    told = None if untouched is None else tuple(untouched)
    return Repaired(term=request.term, request=request.request, position=position, untouched=told)
