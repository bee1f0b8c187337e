"""Records, homes, and the log of change sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from twinpool.errors import HomeNotServed, HomeReadOnly, NotFound, TwinpoolError
from twinpool.stores.memory.ground import Ground
from twinpool.stores.text import check_keys, check_stream, check_text
from twinpool.vocabulary.change import ChangeSet, Committed, Pending, Record, RecordKey, Transaction
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Generation, Home, Position, Stream, Term


class MemoryRecords(Ground):
    """What a front end does with records."""

    def write(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        """Commit transactions together; see `Records.write`."""
        with self._lock:
            outcomes = [self._outcome(transaction) for transaction in transactions]
            if any(isinstance(outcome, Committed) for outcome in outcomes):
                self._wakeups.grow()
            return outcomes

    def read(self, stream: Stream, at: RecordKey) -> bytes | None:
        """Return the value of a record, None if there is none."""
        with self._lock:
            return self._state(stream).records.get((at.owner, at.key))

    def scan(self, stream: Stream, *, after: RecordKey | None, limit: int, owner: str | None = None) -> list[Record]:
        """Return up to `limit` records in key order after `after`, of one owner if given."""
        with self._lock:
            found = self._state(stream).records
            places = sorted(place for place in found if (after is None or place > after) and owner in {None, place[0]})
            return [Record(*place, found[place]) for place in places[:limit]]

    def record_count(self, stream: Stream) -> int:
        """Count the records of a stream."""
        with self._lock:
            return len(self._state(stream).records)

    def _outcome(self, transaction: Transaction) -> Committed | TwinpoolError:
        stream = transaction.stream
        try:
            check_stream(stream)
            check_keys(transaction.changes)
            term = self._term(stream.home)
        except TwinpoolError as refusal:
            return refusal
        state, at = self._kept_state(stream), self.now()
        for owner, key, value in transaction.changes:
            if value is None:
                state.records.pop((owner, key), None)
            else:
                state.records[owner, key] = value
        state.head = Position(state.head + 1)
        state.log.append(ChangeSet(state.head, at, len(transaction.changes), transaction.payload))
        return Committed(position=state.head, term=term, at=at)

    def _term(self, home: Home) -> Term:
        status = self._homes.get(home)
        if status is None or status.serving_pool != self.pool:
            raise HomeNotServed(home, None if status is None else status.serving_pool)
        if status.mode is Mode.READ_ONLY:
            raise HomeReadOnly(home)
        return status.term


class MemoryHomes(Ground):
    """Who serves what."""

    def declare_home(self, status: HomeStatus) -> HomeStatus:
        """Note a home unless it is already known, and return what is known."""
        check_text(status.home, status.serving_pool)
        with self._lock:
            return self._homes.setdefault(status.home, status)

    def homes(self) -> list[HomeStatus]:
        """Return all homes that are known, in order of their names."""
        with self._lock:
            return [self._homes[home] for home in sorted(self._homes)]

    def set_mode(self, home: Home, mode: Mode, *, generation: Generation) -> None:
        """Make a home read-only or writable; see `Homes.set_mode`. Raises `NotFound`."""
        with self._fenced(generation):
            if home not in self._homes:
                raise NotFound(f"no home {home} is known")
            self._homes[home] = replace(self._homes[home], mode=mode)


class MemoryLog(Ground):
    """The logs of all streams."""

    def head(self, stream: Stream) -> Position:
        """Return the position of the newest committed change set ever; ORIGIN if none."""
        with self._lock:
            return self._state(stream).head

    def oldest(self, stream: Stream) -> Position:
        """Return up to where the log has been pruned; ORIGIN if never."""
        with self._lock:
            return self._state(stream).oldest

    def bounds(self, stream: Stream) -> tuple[Position, Position]:
        """Return both of one moment."""
        with self._lock:
            state = self._state(stream)
            return state.oldest, state.head

    def settled(self, stream: Stream) -> Position:
        """Return the head, for no position is ever given up."""
        return self.head(stream)

    def collect(self, stream: Stream, *, after: Position, max_changes: int, max_bytes: int) -> list[ChangeSet]:
        """Return consecutive change sets after a position; see `ChangeLog.collect`."""
        found: list[ChangeSet] = []
        changes = size = 0
        for change_set in self._behind(stream, after):
            changes += change_set.change_count
            size += len(change_set.payload)
            if found and (changes > max_changes or size > max_bytes):
                break
            found.append(change_set)
        return found

    def pending(self, stream: Stream, *, after: Position) -> Pending:
        """Count what lies behind a position."""
        behind = self._behind(stream, after)
        return Pending(
            changes=sum(change_set.change_count for change_set in behind),
            bytes=sum(len(change_set.payload) for change_set in behind),
            oldest_at=behind[0].committed_at if behind else None,
        )

    def prune(self, stream: Stream, *, up_to: Position, generation: Generation, limit: int = 10_000) -> int:
        """Forget up to `limit` of the oldest change sets at or below a position; return how many went."""
        with self._fenced(generation):
            state = self._state(stream)
            number = max(0, min(up_to - state.oldest, limit, len(state.log)))
            del state.log[:number]
            state.oldest = Position(state.oldest + number)
            return number

    def log_size(self, stream: Stream) -> int:
        """Return the bytes of payload that the log of a stream holds."""
        with self._lock:
            return sum(len(change_set.payload) for change_set in self._state(stream).log)

    def _behind(self, stream: Stream, after: Position) -> list[ChangeSet]:
        """Return what the log holds after a position; the first one of the log follows `oldest`, without gaps."""
        with self._lock:
            state = self._state(stream)
            return state.log[max(0, after - state.oldest) :]


__all__ = ["MemoryHomes", "MemoryLog", "MemoryRecords"]
