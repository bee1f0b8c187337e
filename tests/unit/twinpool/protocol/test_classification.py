"""The export state, row by row of the rule, then all rows at once."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

import twinpool.testing
from twinpool.protocol import classification
from twinpool.protocol.classification import classify_export, classify_import, worst_export, worst_import
from twinpool.testing import ACK_TIMEOUT, BATCH_BYTES, BATCH_CHANGES, SYNC_INTERVAL, export_progress
from twinpool.vocabulary.names import Instant
from twinpool.vocabulary.states import ExportProgress, ExportState, ImportLedger, ImportState

TIMEOUT = ACK_TIMEOUT.total_seconds()
INTERVAL = SYNC_INTERVAL.total_seconds()


def state_of(progress: ExportProgress) -> ExportState:
    return classify_export(progress)[0]


def a_backlog(changes: int = 10, size: int = 1000, age: float = 1.0, silence: float = 1.0) -> ExportProgress:
    return export_progress(
        acknowledged=90, pending_changes=changes, pending_bytes=size, pending_age=age, silence=silence
    )


def test_a_home_that_another_pool_serves_is_not_initialized_whatever_else_is_wrong() -> None:
    progress = export_progress(served=False, failure="broken", silence=10 * TIMEOUT, acknowledged=1)
    assert classify_export(progress) == (ExportState.NOT_INITIALIZED, "another pool serves this home")


def test_a_route_on_which_no_session_was_ever_opened_is_not_initialized() -> None:
    progress = export_progress(session_opened=False, silence=None, head=0, acknowledged=0)
    assert classify_export(progress) == (ExportState.NOT_INITIALIZED, "the backup pool has not answered yet")


def test_not_initialized_says_why_the_first_attempt_failed() -> None:
    progress = export_progress(session_opened=False, silence=None, failure="no queue")
    assert classify_export(progress) == (ExportState.NOT_INITIALIZED, "no queue")


def test_a_failure_is_an_error_with_its_reason_even_if_all_is_acknowledged() -> None:
    assert classify_export(export_progress(failure="disk full")) == (ExportState.ERROR, "disk full")


def test_silence_beyond_the_timeout_is_an_error_even_if_all_is_acknowledged() -> None:
    state, reason = classify_export(export_progress(silence=TIMEOUT + 1))
    assert state is ExportState.ERROR
    assert reason == "the backup pool has acknowledged nothing for 31 s"


def test_silence_of_just_the_timeout_is_no_error() -> None:
    assert state_of(export_progress(silence=TIMEOUT)) is ExportState.FINAL


def test_a_proof_from_the_future_proves_nothing() -> None:
    state, reason = classify_export(export_progress(silence=-TIMEOUT - 1))
    assert state is ExportState.ERROR
    assert "clock was set back" in reason


def test_everything_acknowledged_is_final() -> None:
    assert classify_export(export_progress()) == (ExportState.FINAL, "")


def test_an_empty_stream_is_final_once_a_session_was_opened() -> None:
    assert state_of(export_progress(head=0, acknowledged=0)) is ExportState.FINAL


def test_a_young_backlog_of_one_batch_is_steady() -> None:
    assert classify_export(a_backlog(changes=BATCH_CHANGES, size=BATCH_BYTES)) == (ExportState.STEADY, "")


@pytest.mark.parametrize(
    "progress",
    [a_backlog(changes=BATCH_CHANGES + 1), a_backlog(size=BATCH_BYTES + 1), a_backlog(age=INTERVAL)],
    ids=["too many changes", "too many bytes", "too old"],
)
def test_a_larger_or_older_backlog_is_non_steady(progress: ExportProgress) -> None:
    assert classify_export(progress) == (ExportState.NON_STEADY, "")


def test_a_backlog_that_the_log_has_lost_is_non_steady_however_small_the_rest_is() -> None:
    progress = export_progress(acknowledged=10, oldest=50, head=51, pending_changes=1, pending_age=1.0)
    assert state_of(progress) is ExportState.NON_STEADY


progresses = st.builds(
    export_progress,
    served=st.booleans(),
    session_opened=st.booleans(),
    failure=st.none() | st.just("broken"),
    silence=st.none() | st.floats(-100, 100),
    head=st.integers(0, 5),
    acknowledged=st.integers(0, 5),
    pending_changes=st.integers(0, 2 * BATCH_CHANGES),
    pending_bytes=st.integers(0, 2 * BATCH_BYTES),
    pending_age=st.none() | st.floats(0, 2 * INTERVAL),
    oldest=st.integers(0, 5),
)


@given(progresses)
def test_no_green_state_stands_without_a_young_proof_and_final_means_all_is_acknowledged(
    progress: ExportProgress,
) -> None:
    state, reason = classify_export(progress)
    assert bool(reason) == (state in {ExportState.ERROR, ExportState.NOT_INITIALIZED})
    if state is ExportState.NOT_INITIALIZED:
        assert not progress.served or not progress.ledger.session_opened
        return
    assert progress.served
    assert progress.ledger.session_opened
    young = progress.ledger.proven_at is not None and abs(progress.as_of - progress.ledger.proven_at) <= TIMEOUT
    assert (state is ExportState.ERROR) == (progress.ledger.failure is not None or not young)
    if state is not ExportState.ERROR:
        assert (state is ExportState.FINAL) == (progress.head == progress.ledger.acknowledged)
    if state is ExportState.STEADY:
        assert progress.pending.changes <= progress.batch_changes
        assert progress.pending.bytes <= progress.batch_bytes
        assert progress.oldest <= progress.ledger.acknowledged


def test_states_roll_up_to_the_worst() -> None:
    states = [
        ExportState.NOT_INITIALIZED,
        ExportState.FINAL,
        ExportState.STEADY,
        ExportState.NON_STEADY,
        ExportState.ERROR,
    ]
    rolled = [worst_export(states[: count + 1]) for count in range(len(states))]
    assert rolled == states  # Each is worse than all before it.
    assert worst_export(reversed(states)) is ExportState.ERROR


def test_not_initialized_is_rolled_up_only_where_every_module_is() -> None:
    assert worst_export([ExportState.NOT_INITIALIZED] * 3) is ExportState.NOT_INITIALIZED
    assert worst_export([]) is ExportState.NOT_INITIALIZED
    assert worst_export([ExportState.NOT_INITIALIZED, ExportState.FINAL]) is ExportState.FINAL


@given(st.lists(st.sampled_from(ExportState)), st.lists(st.sampled_from(ExportState)))
def test_rolling_up_in_two_steps_is_rolling_up_at_once(some: list[ExportState], more: list[ExportState]) -> None:
    assert worst_export([worst_export(some), worst_export(more)]) is worst_export(some + more)


def test_an_import_is_in_error_while_its_last_failure_stands() -> None:
    assert classify_import(ImportLedger(failure=None, imported_at=None)) is ImportState.NORMAL
    assert classify_import(ImportLedger(failure="disk full", imported_at=Instant(1.0))) is ImportState.ERROR


def test_one_import_in_error_is_the_worst() -> None:
    assert worst_import([ImportState.NORMAL, ImportState.ERROR]) is ImportState.ERROR
    assert worst_import([ImportState.NORMAL]) is ImportState.NORMAL
    assert worst_import([]) is ImportState.NORMAL


@pytest.mark.parametrize("module", [classification, twinpool.testing], ids=lambda module: module.__name__)
def test_what_the_docstrings_show_is_true(module: object) -> None:
    results = doctest.testmod(module)  # type: ignore[arg-type]  # a parameter cannot be typed as a module here
    assert results.attempted > 0
    assert results.failed == 0
