"""Counts what the backup service lets see."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import assert_never

from twinpool.ports.broker import Outcome
from twinpool.vocabulary.names import Route
from twinpool_services.backup import (
    AcknowledgementHeard,
    BatchImported,
    BatchSent,
    BatchSettled,
    ExportObservation,
    ImportObservation,
    ImportStumbled,
    LinkChanged,
    LinkState,
    MessageQuarantined,
    Observation,
    PieceSent,
    RefusalHeard,
    RefusalSaid,
    SessionOpened,
)
from twinpool_services.telemetry import catalogue as of
from twinpool_services.telemetry.board import Board


class Counting:
    """An observer that keeps a board up to date."""

    def __init__(self, board: Board, clock: Callable[[], float] = time.time) -> None:
        """Begin without a link to the broker."""
        self._board, self._clock = board, clock
        self._tell_link(LinkState.IDLE)

    def note(self, observation: Observation, /) -> None:
        """Count something."""
        match observation:
            case LinkChanged(state):
                self._tell_link(state)
            case MessageQuarantined(queue):
                self._board.count(of.QUARANTINED, queue)
            case BatchImported() | ImportStumbled() | RefusalSaid():
                self._note_import(observation)
            case _:
                self._note_export(observation)

    def _note_export(self, observation: ExportObservation) -> None:
        board, labels = self._board, _labels(observation.route)
        match observation:
            case SessionOpened(cause=cause):
                board.count(of.SESSIONS, *labels, cause)
            case BatchSent():
                board.observe(of.BATCH_CHANGES, observation.changes, *labels)
                board.observe(of.BATCH_PAYLOAD, observation.payload_bytes, *labels)
                board.observe(of.BATCH_WIRE, observation.wire_bytes, *labels)
            case BatchSettled(outcome=outcome):
                board.count(of.BATCH_OUTCOMES, *labels, outcome.value)
                if outcome is Outcome.CONFIRMED:
                    board.observe(of.CONFIRM_SECONDS, observation.seconds, *labels)
            case PieceSent(records=records):
                board.count(of.SNAPSHOT_RECORDS, *labels, by=records)
            case AcknowledgementHeard():
                pass  # How far it has come is read from the ledger.
            case RefusalHeard(reason=reason):
                board.count(of.EXPORT_REFUSALS, *labels, reason)
            case _:
                assert_never(observation)

    def _note_import(self, observation: ImportObservation) -> None:
        stream = observation.stream
        match observation:
            case BatchImported():
                self._count_imported(observation)
            case ImportStumbled():
                self._board.count(of.IMPORT_FAILURES, stream.home, stream.module)
            case RefusalSaid(reason=reason):
                self._board.count(of.IMPORT_REFUSALS, stream.home, stream.module, reason)
            case _:
                assert_never(observation)

    def _count_imported(self, imported: BatchImported) -> None:
        board, labels = self._board, (imported.stream.home, imported.stream.module)
        # Clocks differ a little: nothing is imported before it was committed.
        board.observe(of.IMPORT_LAG, max(0.0, self._clock() - imported.oldest_at), *labels)
        board.observe(of.IMPORT_SECONDS, imported.seconds, *labels)
        board.count(of.IMPORTED_CHANGES, *labels, by=imported.changes)

    def _tell_link(self, state: LinkState) -> None:
        states = [(of.BROKER_STATE, {"state": each.value}, float(each is state)) for each in LinkState]
        self._board.tell("link", states)


def _labels(route: Route) -> tuple[str, str, str]:
    return route.stream.home, route.stream.module, route.destination
