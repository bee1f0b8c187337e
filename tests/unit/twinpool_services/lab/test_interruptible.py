"""Work that a Ctrl-C may end: what its exit code says, whatever becomes of the interruption on its way."""

from __future__ import annotations

import signal

import pytest
import typer

from twinpool_services.lab import interruptible

INTERRUPTED = 130


def test_a_ctrl_c_ends_the_work_with_the_exit_code_that_says_so() -> None:
    with pytest.raises(typer.Exit) as end, interruptible():
        signal.raise_signal(signal.SIGINT)

    assert end.value.exit_code == INTERRUPTED


def test_an_interruption_that_becomes_another_error_is_an_interruption_still(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as end, interruptible():
        _caught_between_two_statements()

    assert end.value.exit_code == INTERRUPTED
    assert "RuntimeError: the loop is closed" in capsys.readouterr().err


def test_an_error_without_an_interruption_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="by itself"), interruptible():
        raise RuntimeError("by itself")


def test_handlers_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(typer.Exit), interruptible():
        signal.raise_signal(signal.SIGTERM)

    assert signal.getsignal(signal.SIGTERM) is before


def _caught_between_two_statements() -> None:
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        raise RuntimeError("the loop is closed")
