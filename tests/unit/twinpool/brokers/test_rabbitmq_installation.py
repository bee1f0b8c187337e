from __future__ import annotations

from pathlib import Path

import pytest

from twinpool.brokers.rabbitmq_installation import RabbitmqNotInstalled, find_installation
from twinpool.errors import BrokerUnreachable


def test_a_path_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_SERVER", "/nowhere/rabbitmq-server")

    with pytest.raises(RabbitmqNotInstalled, match="/nowhere/rabbitmq-server"):
        find_installation()


def test_a_server_without_its_tool_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "rabbitmq-server").touch()
    monkeypatch.setenv("RABBITMQ_SERVER", str(tmp_path / "rabbitmq-server"))

    with pytest.raises(RabbitmqNotInstalled, match="rabbitmqctl"):
        find_installation()


def test_the_error_says_what_to_do() -> None:
    assert "apt-get install rabbitmq-server" in RabbitmqNotInstalled.hint
    assert issubclass(RabbitmqNotInstalled, BrokerUnreachable)
