"""All that one front end lets see of itself, put together."""

from __future__ import annotations

from opentelemetry.trace import TracerProvider

from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.backup import Observers, Tracing
from twinpool_services.telemetry.board import Board
from twinpool_services.telemetry.chronicle import Chronicle
from twinpool_services.telemetry.counting import Counting
from twinpool_services.telemetry.journal import Journal


class Telemetry:
    """Numbers, memories and spans of one front end."""

    def __init__(self, pool: PoolFqdn, provider: TracerProvider | None = None) -> None:
        """Begin with nothing seen; spans are made by a provider, else by the process's own."""
        self.board, self.journal, self.chronicle = Board(pool), Journal(), Chronicle()
        self.tracing = Tracing(pool, provider)
        self.observer = Observers((Counting(self.board), self.journal, self.chronicle))
