"""Ports for servers that are started later."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from twinpool.brokers import free_ports as module
from twinpool.brokers.free_ports import LOOPBACK, LOWEST, free_ports


def test_they_are_different_and_free() -> None:
    ports = free_ports(8)

    assert len(set(ports)) == 8
    for port in ports:
        with socket.socket() as listener:
            listener.bind((LOOPBACK, port))


def outgoing(directory: Path, monkeypatch: pytest.MonkeyPatch, lowest: int) -> None:
    path = directory / "ip_local_port_range"
    path.write_text(f"{lowest}\t60999\n", encoding="ascii")
    monkeypatch.setattr(module, "OUTGOING", path)


def test_they_lie_below_those_that_outgoing_connections_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outgoing(tmp_path, monkeypatch, LOWEST + 2_000)

    assert all(LOWEST <= port < LOWEST + 2_000 for port in free_ports(8))


def test_where_there_is_no_room_below_any_free_ones_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port: int = taken.getsockname()[1]
        monkeypatch.setattr(module, "LOWEST", port)
        outgoing(tmp_path, monkeypatch, port + 1)

        found = free_ports(2)

    assert port not in found
    assert len(set(found)) == 2


def test_where_the_range_is_not_known_any_free_ones_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OUTGOING", tmp_path / "nothing")

    assert len(set(free_ports(2))) == 2
