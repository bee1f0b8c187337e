"""A pair that a test has written down, and the command run against it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.twinpool_services.cli.answering import deployment_text, front_end
from tests.unit.twinpool_services.cli.pair_double import P1, P2, Pair
from twinpool_services.cli import failover_following
from twinpool_services.cli.main import main
from twinpool_services.moving import gathering


@pytest.fixture
def failing_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    known = Pair()
    monkeypatch.setattr(gathering, "PATIENCE", 0.0)
    monkeypatch.setattr(failover_following, "LOOK", 0.01)
    with (
        front_end(lambda asked: known.answer(P1, asked)) as first,
        front_end(lambda asked: known.answer(P2, asked)) as second,
    ):
        (tmp_path / "twinpool.toml").write_text(deployment_text({P1: [first.port], P2: [second.port]}))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.stdin", io.StringIO())
        yield known


@pytest.fixture
def run_command(failing_pair: Pair, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def runs(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return runs
