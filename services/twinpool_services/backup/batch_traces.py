"""Which trace each of the newest batches belongs to; the active front end leaves it in the pool store.

A write belongs to the trace that its client began, which the front end that took it knows and the one that sends it
does not. By position each finds the other: whoever took a write looks here for the batch that carried it.
"""

from __future__ import annotations

import json

from twinpool.errors import StoreUnavailable
from twinpool.ports.store import Store
from twinpool.vocabulary.names import Generation, Home, ModuleName, Position, Stream
from twinpool_services.backup.tracing import CarriedBatch, Tracing

NAME = "batch-traces"  #: of the document in the pool store


class BatchTraces:
    """Keeps the document up to date while there are traced batches. For the worker's own thread."""

    def __init__(self, store: Store, tracing: Tracing, generation: Generation) -> None:
        """Begin with what this process has sent."""
        self._store, self._tracing, self._generation = store, tracing, generation
        self._told: CarriedBatch | None = None

    def publish(self) -> None:
        """Tell of the newest batches, if there are newer ones. Raises `StoreUnavailable`, `LeaseLost`."""
        batches = self._tracing.batches()
        if not batches or batches[-1] == self._told:
            return
        rows = [[one.stream.home, one.stream.module, one.after, one.last, one.traceparent] for one in batches]
        self._store.save_operation(NAME, json.dumps(rows).encode(), generation=self._generation)
        self._told = batches[-1]


def join_traces(store: Store, tracing: Tracing) -> None:
    """Join writes that this front end took with the batches that carried them. Raises `StoreUnavailable`."""
    if tracing.has_unjoined and (document := store.operation(NAME)) is not None:
        tracing.join(_read(document))


def _read(document: bytes) -> list[CarriedBatch]:
    try:
        return [
            CarriedBatch(Stream(Home(home), ModuleName(module)), Position(after), Position(last), str(traceparent))
            for home, module, after, last, traceparent in json.loads(document)
        ]
    except (ValueError, TypeError) as error:
        raise StoreUnavailable(f"the traces of batches cannot be understood: {error}") from error
