"""What a front end lets the outside see of itself: metrics, traces, and the words of its log.

What other services may use is named here.
"""

from twinpool_services.telemetry.board import Board, Series
from twinpool_services.telemetry.chronicle import EXPORT_CODES, IMPORT_CODES, Chronicle, Happening
from twinpool_services.telemetry.counting import Counting
from twinpool_services.telemetry.facts import Facts, FailoverCount, OrphanCount
from twinpool_services.telemetry.journal import BatchEntry, ImportEntry, Journal, Kept, WriteEntry
from twinpool_services.telemetry.otel import start_tracing
from twinpool_services.telemetry.store_timing import timed_store
from twinpool_services.telemetry.telemetry import Telemetry
from twinpool_services.telemetry.tracks import ROUTE_COLUMNS, SECONDS, STREAM_COLUMNS, Merging, Range
from twinpool_services.telemetry.watch import Watch

__all__ = [
    "BatchEntry",
    "Board",
    "Chronicle",
    "Counting",
    "EXPORT_CODES",
    "Facts",
    "FailoverCount",
    "Happening",
    "IMPORT_CODES",
    "ImportEntry",
    "Journal",
    "Kept",
    "Merging",
    "OrphanCount",
    "ROUTE_COLUMNS",
    "Range",
    "SECONDS",
    "STREAM_COLUMNS",
    "Series",
    "Telemetry",
    "Watch",
    "WriteEntry",
    "start_tracing",
    "timed_store",
]
