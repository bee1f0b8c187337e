"""Values for tests and doctests: ordinary ones, of which a test names only what it is about."""

from __future__ import annotations

from datetime import timedelta

from twinpool.vocabulary.change import Pending
from twinpool.vocabulary.names import ORIGIN, Instant, Position
from twinpool.vocabulary.states import ExportLedger, ExportProgress

NOW = 1_000_000.0  #: when progress is judged
ACK_TIMEOUT = timedelta(seconds=30)
SYNC_INTERVAL = timedelta(minutes=2)
BATCH_CHANGES = 10_000
BATCH_BYTES = 4 * 1024 * 1024


def export_progress(  # noqa: PLR0913 - each of them is a condition of the rule
    *,
    served: bool = True,
    session_opened: bool = True,
    failure: str | None = None,
    silence: float | None = 1.0,
    head: int = 100,
    acknowledged: int = 100,
    pending_changes: int = 0,
    pending_bytes: int = 0,
    pending_age: float | None = None,
    oldest: int = ORIGIN,
) -> ExportProgress:
    """Return the progress of a route: by default all is acknowledged, a second ago.

    `silence` is the age of the last proof in seconds (None: there never was one), `pending_age` that of the oldest
    pending change (None: nothing is pending).

    >>> export_progress(acknowledged=98, pending_changes=2, pending_age=5).head
    100
    """
    return ExportProgress(
        served=served,
        ledger=ExportLedger(
            session_opened=session_opened,
            acknowledged=Position(acknowledged),
            proven_at=None if silence is None else Instant(NOW - silence),
            attempted_at=Instant(NOW),
            failure=failure,
        ),
        head=Position(head),
        pending=Pending(
            changes=pending_changes,
            bytes=pending_bytes,
            oldest_at=None if pending_age is None else Instant(NOW - pending_age),
        ),
        batch_changes=BATCH_CHANGES,
        batch_bytes=BATCH_BYTES,
        sync_interval=SYNC_INTERVAL,
        ack_timeout=ACK_TIMEOUT,
        as_of=Instant(NOW),
        oldest=Position(oldest),
    )
