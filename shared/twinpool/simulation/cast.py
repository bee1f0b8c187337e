"""Who plays in a simulation: the parts that planted faults replace, and what carries the machines' actions out.

The library knows no service, so what carries the actions out is given to the simulation: the tests give it the very
classes that the backup service runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from twinpool.modules.module import Module
from twinpool.ports.store import Store
from twinpool.protocol.classification import classify_export
from twinpool.protocol.export_steps import ExportEvent
from twinpool.protocol.exporting import Exporting
from twinpool.protocol.importing import ImportEvent, Importing
from twinpool.protocol.messages import FromExporter, FromImporter, StreamMessage
from twinpool.simulation.checking import Classify
from twinpool.simulation.model_store import ModelStore, PoolStore
from twinpool.vocabulary.names import Digest, Generation, Route


class ExportPerformer(Protocol):
    """Carries out what an exporting machine asks for."""

    def feed(self, event: ExportEvent) -> None:
        """Tell the machine something and do all that it asks for. Raises `LeaseLost`."""

    def read(self, max_changes: int) -> bool:
        """Read what the machine wants next and let it send that; whether there is more. Raises `LeaseLost`."""


class ImportPerformer(Protocol):
    """Carries out what an importing machine asks for."""

    def feed(self, event: ImportEvent) -> None:
        """Tell the machine something and do all that it asks for. Raises `LeaseLost`."""

    def repeat_acknowledgement(self) -> None:
        """Say the last acknowledgement again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportParts:
    """What an exporter is made of."""

    route: Route
    machine: Exporting
    module: Module
    store: Store
    generation: Generation
    send: Callable[[FromExporter], None]
    note_every: float
    monotonic: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportParts:
    """What an importer is made of."""

    route: Route
    machine: Importing
    module: Module
    store: Store
    generation: Generation
    send: Callable[[FromImporter], None]
    fetch: Callable[[Iterable[Digest]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody who plays."""

    exporter: Callable[[ExportParts], ExportPerformer]
    importer: Callable[[ImportParts], ImportPerformer]
    exporting: type[Exporting] = Exporting
    importing: type[Importing] = Importing
    new_store: Callable[[Callable[[], float]], PoolStore] = ModelStore
    classify: Classify = classify_export
    carry: Callable[[StreamMessage], StreamMessage] = lambda message: message  #: what becomes of it on the way
