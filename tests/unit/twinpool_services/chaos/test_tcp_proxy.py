"""A proxy between two sockets of our own: what passes, what does not, and what comes late."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.pairs import eventually
from twinpool_services.chaos.tcp_proxy import Line, Proxies

SILENCE = 0.2  #: seconds in which nothing must come


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket, Proxies, Line]]:
    """A pool's end, the far end, and the line between them."""
    with socket.create_server(("127.0.0.1", 0)) as server, Proxies() as proxies:
        port = proxies.lead("pool1.lab", "broker", ("127.0.0.1", server.getsockname()[1]))
        with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as near:
            far, _ = server.accept()
            far.settimeout(10)
            with closing(far):
                yield near, far, proxies, proxies.of("pool1.lab", "broker")[0]


def silent(end: socket.socket) -> bool:
    end.settimeout(SILENCE)
    try:
        return end.recv(100) == b""
    except TimeoutError:
        return True
    finally:
        end.settimeout(10)


Ends = tuple[socket.socket, socket.socket, Proxies, Line]


def test_everything_passes_both_ways_in_order(ends: Ends) -> None:
    near, far, _, _ = ends
    for piece in (b"one", b"two"):
        near.sendall(piece)
    far.sendall(b"back")

    assert near.recv(100) == b"back"
    got = b""
    while len(got) < 6:
        got += far.recv(100)
    assert got == b"onetwo"


def test_a_line_that_is_cut_outwards_still_lets_in_and_goes_on_when_it_is_whole(ends: Ends) -> None:
    near, far, proxies, line = ends
    line.rule.cut_out = True
    near.sendall(b"out")
    far.sendall(b"in")

    assert near.recv(100) == b"in"
    assert silent(far)

    proxies.heal()
    assert far.recv(100) == b"out"


def test_a_line_that_is_cut_inwards_still_lets_out(ends: Ends) -> None:
    near, far, _, line = ends
    line.rule.cut_in = True
    near.sendall(b"out")
    far.sendall(b"in")

    assert far.recv(100) == b"out"
    assert silent(near)


def test_connections_are_reset_and_can_be_made_anew(ends: Ends) -> None:
    near, _, proxies, line = ends
    eventually(lambda: proxies.reset([line]) == 1, "there is one connection")

    with pytest.raises(ConnectionResetError):
        near.recv(100)


def test_a_slow_line_loses_nothing(ends: Ends) -> None:
    near, far, _, line = ends
    line.rule.delay, line.rule.rate = 0.05, 1_000_000.0
    near.sendall(bytes(300_000))
    near.shutdown(socket.SHUT_WR)

    got = 0
    while piece := far.recv(65_536):
        got += len(piece)
    assert got == 300_000
