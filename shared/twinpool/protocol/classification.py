"""The export state of a route, defined once (design §3), and the roll-up over modules.

Pure: it concludes from an `ExportProgress` and touches nothing. The rows are checked in order, and no green
state is concluded from a proof that is older than the acknowledgement timeout (guarantee 6).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from twinpool.vocabulary.states import ExportProgress, ExportState, ImportLedger, ImportState


def classify_export(progress: ExportProgress) -> tuple[ExportState, str]:
    """Conclude the export state, with the reason where it is `NotInitialized` or `ErrorState`, else empty.

    >>> from twinpool.testing import export_progress
    >>> classify_export(export_progress(served=False))
    (<ExportState.NOT_INITIALIZED: 'NotInitialized'>, 'another pool serves this home')
    """
    ledger = progress.ledger
    if not progress.served:
        return ExportState.NOT_INITIALIZED, "another pool serves this home"
    if not ledger.session_opened:
        return ExportState.NOT_INITIALIZED, ledger.failure or "the backup pool has not answered yet"
    if ledger.failure is not None:
        return ExportState.ERROR, ledger.failure
    if (silence := silence_of(progress)) > progress.ack_timeout:
        return ExportState.ERROR, f"the backup pool has acknowledged nothing for {silence.total_seconds():.0f} s"
    if silence < -progress.ack_timeout:
        return ExportState.ERROR, "the store's clock was set back: the age of the last acknowledgement is unknown"
    if progress.head == ledger.acknowledged:
        return ExportState.FINAL, ""
    if fits_one_batch(progress) and age_of_oldest(progress) < progress.sync_interval:
        return ExportState.STEADY, ""
    return ExportState.NON_STEADY, ""


def silence_of(progress: ExportProgress) -> timedelta:
    """How long ago the last proof was heard. A canary is always sent in time, so silence is never innocent."""
    proven_at = progress.ledger.proven_at
    return timedelta.max if proven_at is None else timedelta(seconds=progress.as_of - proven_at)


def fits_one_batch(progress: ExportProgress) -> bool:
    """Whether everything pending could go in one batch. What the log has lost needs a snapshot, however small."""
    if progress.oldest > progress.ledger.acknowledged:
        return False
    pending = progress.pending
    return pending.changes <= progress.batch_changes and pending.bytes <= progress.batch_bytes


def age_of_oldest(progress: ExportProgress) -> timedelta:
    """How old the oldest pending change is; zero if nothing is pending."""
    oldest_at = progress.pending.oldest_at
    return timedelta(0) if oldest_at is None else timedelta(seconds=max(0.0, progress.as_of - oldest_at))


def classify_import(ledger: ImportLedger) -> ImportState:
    """Conclude the import state: an error stays until an import has succeeded."""
    return ImportState.NORMAL if ledger.failure is None else ImportState.ERROR


_WORST_FIRST = (ExportState.ERROR, ExportState.NON_STEADY, ExportState.STEADY, ExportState.FINAL)


def worst_export(states: Iterable[ExportState]) -> ExportState:
    """Roll export states up; `NotInitialized` only where every one is."""
    present = set(states)
    return next((state for state in _WORST_FIRST if state in present), ExportState.NOT_INITIALIZED)


def worst_import(states: Iterable[ImportState]) -> ImportState:
    """Roll import states up."""
    return ImportState.ERROR if ImportState.ERROR in set(states) else ImportState.NORMAL
