"""The cast of the simulation with the very classes that the backup service runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from twinpool.ports.broker import Delivery
from twinpool.protocol.messages import Batch, Open, Piece, StreamMessage
from twinpool.simulation.actors import ROUTE
from twinpool.simulation.cast import Cast, ExportParts, ImportParts
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import PoolFqdn, Term
from twinpool.wire import Envelope, decode, encode
from twinpool_services.backup.exporter import Exporter, Habits, ReadLimits
from twinpool_services.backup.importer import Importer
from twinpool_services.backup.pacing import Haul


class ShippedExporter:
    """The service's exporter; the simulation says how much it reads."""

    def __init__(self, parts: ExportParts, kind: type[Exporter] = Exporter) -> None:
        self._exporter = kind(
            route=parts.route,
            machine=parts.machine,
            module=parts.module,
            store=parts.store,
            generation=parts.generation,
            send=parts.send,
            habits=Habits(note_every=parts.note_every, monotonic=parts.monotonic),
        )
        self.feed = self._exporter.feed

    def read(self, max_changes: int) -> bool:
        return self._exporter.read(ReadLimits(changes=max_changes, bytes=1_000_000)) in {Haul.MORE, Haul.FULL}


def shipped_importer(parts: ImportParts, kind: type[Importer] = Importer) -> Importer:
    return kind(
        stream=parts.route.stream,
        machine=parts.machine,
        module=parts.module,
        store=parts.store,
        generation=parts.generation,
        send=parts.send,
        fetch=parts.fetch,
    )


class MemoryPool(MemoryStore):
    """The shipped store in memory; its positions have no gaps."""

    def __init__(self, clock: Callable[[], float]) -> None:
        pool = PoolFqdn(ROUTE.stream.home)
        super().__init__(pool, clock=clock)
        self.declare_home(HomeStatus(home=ROUTE.stream.home, term=Term(1), serving_pool=pool, mode=Mode.READ_WRITE))

    def contents(self) -> Mapping[RecordKey, bytes]:
        return cast("Mapping[RecordKey, bytes]", self._state(ROUTE.stream).records)

    def burn_position(self) -> None:
        pass


def by_wire(message: StreamMessage) -> StreamMessage:
    """Encode a message and decode it again."""
    towards = ROUTE.destination if isinstance(message, Open | Batch | Piece) else PoolFqdn(ROUTE.stream.home)
    letter = encode(Envelope(source=PoolFqdn("p3.sim"), destination=towards, stream=ROUTE.stream, message=message))
    decoded = decode(
        Delivery(
            queue="simulated",
            content_type=letter.content_type,
            headers=letter.headers,
            body=letter.body,
            tag=1,
            epoch=1,
            redelivered=False,
        )
    ).message
    assert type(decoded) is type(message)
    assert isinstance(decoded, StreamMessage)
    return decoded


SHIPPED = Cast(exporter=ShippedExporter, importer=shipped_importer)
IN_MEMORY = replace(SHIPPED, new_store=MemoryPool, carry=by_wire)


def cast_of(seed: int) -> Cast:
    """Play every other schedule on the store and the wire that are shipped, the rest on positions that have gaps."""
    return IN_MEMORY if seed % 2 else SHIPPED
