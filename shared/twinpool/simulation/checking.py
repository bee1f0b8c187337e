"""What must hold after every durable change, whatever has happened (guarantees 2, 3 and 6).

- The importer's records are a state that the source once had: the one at the importer's cursor. After the source's
  store was lost they may be one that it had before, until a snapshot of the new one has been swapped in.
- The cursor never goes down, except by loss of a store.
- Only the newest lease generation changes anything, and only the newest session noted is applied.
- What is acknowledged is durable at the importer, when it is said and when it is noted.
- A failure stands until something is acknowledged after it.
- `FinalState` means that both pools hold the same, and no green state outlives its proof.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from twinpool.protocol.messages import Acknowledgement, FromImporter, Opened, StreamMessage
from twinpool.simulation.model_store import PoolStore, RecordMap
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import ORIGIN, Generation, Position, Route
from twinpool.vocabulary.session import NO_SESSION, Cursor, SessionId
from twinpool.vocabulary.states import ExportProgress, ExportState

Classify = Callable[[ExportProgress], tuple[ExportState, str]]

GREEN = frozenset({ExportState.FINAL, ExportState.STEADY, ExportState.NON_STEADY})
APPLYING = frozenset({"apply", "begin", "begin_staging", "stage", "stage_changes", "swap_in"})


class Violation(Exception):
    """A guarantee does not hold."""


def demand(holds: bool, what: str) -> None:  # noqa: FBT001 - reads like an assertion
    """Raise `Violation` unless something holds."""
    if not holds:
        raise Violation(what)


class Checker:
    """Watches both stores of a pair."""

    def __init__(
        self, route: Route, source: PoolStore, target: PoolStore, classify: Classify, ack_timeout: float
    ) -> None:
        """Watch these stores, both of which are empty."""
        self._route, self._stream = route, route.stream
        self._source, self._target = source, target
        self._classify, self._ack_timeout = classify, ack_timeout
        self._states: dict[Position, RecordMap] = {ORIGIN: {}}
        self._former_states: dict[Position, RecordMap] | None = None  # before the source's store was lost
        self._staged_here = True  # what is staged is a snapshot of the source's store as it is now, and of none before
        self._opened_by_source: set[SessionId] = set()
        self._cursor: Cursor | None = None
        self._noted: SessionId = NO_SESSION
        self._lost = False  # the importer's store was, and the exporter has not heard of it yet
        self._opened_since: list[Opened] = []  # what was said of the new store
        self._heard_at = float("-inf")
        self._failed = False  # a failure was noted, and no acknowledgement was heard since
        self.generations: dict[int, Generation] = {}  #: of each store, by its identity

    # ── what happens ────────────────────────────────────────────────────────────────────────────────────────

    def wrote(self, position: Position) -> None:
        """Remember the state that the source has now."""
        self._states[position] = dict(self._source.contents())
        self.check()

    def heard(self, message: FromImporter, now: float) -> None:
        """The exporter in office heard a proof."""
        if isinstance(message, Opened | Acknowledgement):
            self._heard_at = now
        if isinstance(message, Acknowledgement):
            self._failed = False

    def said(self, message: FromImporter) -> None:
        """An importer says something: what it claims must be durable by now."""
        if isinstance(message, Opened) and self._lost:
            self._opened_since.append(message)
        if isinstance(message, Opened | Acknowledgement) and not self._lost:
            if message.session < self._target.import_progress(self._stream).session:
                return  # Said late, of a session that was overtaken; a newer one may have put the cursor back.
            claimed = message.cursor.position if message.cursor else ORIGIN
            demand(claimed <= self._durable(), f"{claimed} was acknowledged before it was durable: {message}")

    def lost_target(self, target: PoolStore) -> None:
        """The importer's store was replaced by an empty one."""
        self._target, self._cursor, self._noted = target, None, NO_SESSION
        self._lost, self._opened_since = True, []

    def lost_source(self, source: PoolStore) -> None:
        """The exporter's store was replaced by an empty one."""
        self._source, self._heard_at, self._failed = source, float("-inf"), False
        self._former_states, self._states = self._states, {ORIGIN: {}}
        self._staged_here = False
        self._opened_by_source.clear()

    @property
    def is_cut(self) -> bool:
        """Whether the importer holds what the exporter's store, which was lost, once held."""
        return self._former_states is not None

    def opened(self, session: SessionId) -> None:
        """The exporter in office has asked for a session."""
        self._opened_by_source.add(session)

    def done(self, store: PoolStore, name: str, given: Mapping[str, object], heard: StreamMessage | None) -> None:
        """A store call has succeeded; `heard` is what its caller is hearing."""
        generation, session = given.get("generation"), given.get("session")
        if generation is None:
            return
        newest = self.generations[id(store)]
        demand(generation == newest, f"generation {generation} did {name} though {newest} is in office")
        if store is self._target and name in APPLYING:
            demand(session == self._noted, f"session {session} did {name} though {self._noted} is noted")
        if name == "raise_generation":
            demand(self.is_cut, "a generation was raised, and nothing was lost")
        if store is self._target and name == "begin_staging":
            self._staged_here = session in self._opened_by_source
        if store is self._target and name == "swap_in" and self._staged_here:
            self._former_states, self._cursor = None, None
        if name == "note_acknowledged":
            demand(not self._failed, "a failure was cleared by an acknowledgement from before it")
        self._failed |= name == "note_attempt" and given.get("failure") is not None
        if name == "note_opened" and any(heard is opened for opened in self._opened_since):
            self._lost = False
        self.check()

    def noted(self, session: SessionId) -> None:
        """The importer's store has noted a session."""
        demand(session > self._noted, f"session {session} was noted after {self._noted}")
        self._noted = session

    # ── what must hold ──────────────────────────────────────────────────────────────────────────────────────

    def check(self) -> None:
        """Raise `Violation` unless everything holds."""
        self._check_prefix()
        self._check_state()

    def _check_prefix(self) -> None:
        cursor = self._target.import_progress(self._stream).cursor
        if cursor is not None:
            before = self._cursor.position if self._cursor else ORIGIN
            demand(cursor.position >= before, f"the cursor went from {before} down to {cursor.position}")
            expected = self._state_at(cursor.position, self._former_states or self._states)
            if (held := self._target.contents()) != expected:
                there, here = _shown(held), _shown(expected)
                raise Violation(f"the importer at {cursor.position} holds {there}, the source held {here}")
        else:
            demand(self._cursor is None, "the cursor was forgotten")
        self._cursor = cursor

    def _check_state(self) -> None:
        if self._lost:
            return
        ledger = self._source.export_ledger(self._route)
        durable = self._durable()
        demand(
            self.is_cut or ledger.acknowledged <= durable,
            f"{ledger.acknowledged} is noted as acknowledged, {durable} is durable",
        )
        state, _reason = self.state()
        if state is ExportState.FINAL:
            demand(self._target.contents() == self._source.contents(), "FinalState, but the pools differ")
        if state in GREEN:
            silence = self._source.now() - self._heard_at
            # Half a timeout for a pause between hearing and noting, as long as pauses are here.
            demand(silence <= 2 * self._ack_timeout, f"{state} after {silence:.1f} s without a proof")

    def state(self) -> tuple[ExportState, str]:
        """Classify what the source's store says of itself now."""
        ledger = self._source.export_ledger(self._route)
        progress = ExportProgress(
            served=True,
            ledger=ledger,
            head=self._source.head(self._stream),
            pending=self._source.pending(self._stream, after=ledger.acknowledged),
            batch_changes=4,
            batch_bytes=1_000_000,
            sync_interval=timedelta(seconds=5),
            ack_timeout=timedelta(seconds=self._ack_timeout),
            as_of=self._source.now(),
            oldest=self._source.oldest(self._stream),
        )
        return self._classify(progress)

    def has_converged(self, since: float) -> bool:
        """Whether both pools hold the same, and say so by a proof that was noted since then."""
        proven_at = self._source.export_ledger(self._route).proven_at
        if self._lost or self.is_cut or proven_at is None or proven_at < since:
            return False
        return self._target.contents() == self._source.contents() and self.state()[0] is ExportState.FINAL

    def _durable(self) -> Position:
        cursor = self._target.import_progress(self._stream).cursor
        return cursor.position if cursor else ORIGIN

    def _state_at(self, position: Position, states: Mapping[Position, RecordMap]) -> Mapping[RecordKey, bytes]:
        # A cursor may stand on a position that was rolled back only if it stands behind the state before it.
        while position not in states:
            demand(position > ORIGIN, f"there never was a position {position}")
            position = Position(position - 1)
        return states[position]


def _shown(records: Mapping[RecordKey, bytes]) -> str:
    return "{" + ", ".join(f"{owner}/{key}: {value.decode()}" for (owner, key), value in sorted(records.items())) + "}"


__all__ = ["APPLYING", "Checker", "Classify", "Violation", "demand"]
