"""How the parts of a worker stand at one moment: what only the active front end knows, and nobody keeps."""

from __future__ import annotations

from dataclasses import dataclass

from twinpool.protocol.exporting import Phase
from twinpool.vocabulary.names import Generation, PoolFqdn, Position, Route, Stream
from twinpool.vocabulary.session import SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportView:
    """An exporter."""

    route: Route
    phase: Phase
    session: SessionId | None
    cause: str  #: why the session under way, or the next one, is opened
    in_flight: int  #: unacknowledged batches and pieces
    window: int  #: that there may be
    read_to: Position | None  #: the log is read up to here
    silent_for: float  #: seconds since the importer was heard in this session
    next_cycle_in: float  #: seconds until the next cycle of forced collection
    batches_left: int | None  #: in this cycle; None is unlimited


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """An importer."""

    stream: Stream
    source: PoolFqdn
    head_heard: Position  #: the newest position that the exporter has told of
    heard_ago: float | None  #: seconds since the exporter was heard; None if it never was
    waiting: int  #: messages that wait to be opened
    applying_for: float | None  #: seconds that the batch at work has taken so far
    fetching: bool  #: it waits for content


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerView:
    """All that an active front end is doing."""

    generation: Generation
    blocked: str | None  #: why the broker asks us to stop publishing
    exports: tuple[ExportView, ...]
    imports: tuple[ImportView, ...]
