"""The cast of the simulation with the very classes that the backup service runs."""

from __future__ import annotations

from twinpool.simulation.cast import Cast, ExportParts, ImportParts
from twinpool_services.backup.exporter import Exporter, Haul, ReadLimits
from twinpool_services.backup.importer import Importer


class ShippedExporter(Exporter):
    """The service's exporter, told how much to read."""

    def __init__(self, parts: ExportParts) -> None:
        super().__init__(
            route=parts.route,
            machine=parts.machine,
            module=parts.module,
            store=parts.store,
            generation=parts.generation,
            send=parts.send,
            note_every=parts.note_every,
            monotonic=parts.monotonic,
        )
        self._limits = ReadLimits(changes=4, bytes=1_000_000)

    def read_on(self, max_changes: int) -> bool:
        return self.read(ReadLimits(changes=max_changes, bytes=1_000_000)) is Haul.FULL


class _Reading:
    """Fits the service's way to read to the simulation's."""

    def __init__(self, parts: ExportParts) -> None:
        self._exporter = ShippedExporter(parts)
        self.feed = self._exporter.feed

    def read(self, max_changes: int) -> bool:
        return self._exporter.read_on(max_changes)


def shipped_importer(parts: ImportParts) -> Importer:
    return Importer(
        stream=parts.route.stream,
        machine=parts.machine,
        module=parts.module,
        store=parts.store,
        generation=parts.generation,
        send=parts.send,
        fetch=parts.fetch,
    )


SHIPPED = Cast(exporter=_Reading, importer=shipped_importer)
