"""The lines of a lab of containers, on loopback: what a command does to what passes."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from twinpool.brokers.free_ports import free_ports
from twinpool.errors import InvalidConfiguration, InvalidParameter
from twinpool_services.chaos.lines import LinePlan, Lines, LineServer, NoLines, ask_lines, read_lines
from twinpool_services.chaos.tcp_proxy import LOOPBACK, Proxies
from twinpool_services.lab.containers import ContainerPlan, prepare

P1, P2 = "pool1.lab", "pool2.lab"


class Ground:
    """A far end, a line to it for each pool, and the place where commands are taken."""

    def __init__(self, far: socket.socket, ports: dict[str, int], place: Path) -> None:
        self.far, self.ports, self.place = far, ports, place

    def connection(self, pool: str) -> tuple[socket.socket, socket.socket]:
        near = socket.create_connection((LOOPBACK, self.ports[pool]), timeout=10)
        return near, self.far.accept()[0]

    def ask(self, **command: object) -> dict[str, dict[str, object]]:
        return {one["pool"]: one for one in ask_lines(command, self.place)}


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    place = tmp_path / "lines.sock"
    ports = dict(zip((P1, P2), free_ports(2), strict=True))
    with socket.create_server((LOOPBACK, 0)) as far, Proxies() as proxies:
        upstream = (LOOPBACK, int(far.getsockname()[1]))
        plans = [LinePlan(pool=pool, listen=port, upstream=upstream) for pool, port in ports.items()]
        with LineServer(Lines(plans, proxies, LOOPBACK), place) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            yield Ground(far, ports, place)
            server.shutdown()


def test_what_is_said_of_a_pool_holds_for_its_lines_alone_until_they_are_healed(ground: Ground) -> None:
    rule = {"cut_out": True, "cut_in": False, "delay": 0.0, "rate": None}
    said = ground.ask(do="set", pool=P2, rule=rule)
    assert (said[P1]["cut_out"], said[P2]["cut_out"]) == (False, True)
    ours, our_far = ground.connection(P1)
    theirs, their_far = ground.connection(P2)
    with closing(ours), closing(our_far), closing(theirs), closing(their_far):
        ours.sendall(b"passes")
        theirs.sendall(b"waits")
        assert our_far.recv(100) == b"passes"
        their_far.settimeout(0.1)
        with pytest.raises(TimeoutError):
            their_far.recv(100)
        ground.ask(do="heal")
        their_far.settimeout(10)
        assert their_far.recv(100) == b"waits"


def test_a_reset_ends_the_connections_of_a_pool_alone(ground: Ground) -> None:
    ours, our_far = ground.connection(P1)
    theirs, their_far = ground.connection(P2)
    with closing(ours), closing(our_far), closing(theirs), closing(their_far):
        for near, far in ((ours, our_far), (theirs, their_far)):
            near.sendall(b"here")
            assert far.recv(100) == b"here"
        assert ground.ask(do="reset", pool=P1)[P1]["passed"] == 4
        with pytest.raises(ConnectionResetError):
            ours.recv(100)
        theirs.sendall(b"still")
        assert their_far.recv(100) == b"still"


def test_a_pool_that_has_no_lines_is_refused(ground: Ground) -> None:
    with pytest.raises(InvalidParameter, match=r"none of pool1\.lab, pool2\.lab"):
        ground.ask(do="reset", pool="pool3.lab")


def test_where_no_lines_are_served_the_operator_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoLines):
        ask_lines({"do": "show"}, tmp_path / "lines.sock")


def test_a_lab_that_is_prepared_with_lines_leads_its_pools_through_them(tmp_path: Path) -> None:
    plan = ContainerPlan(pools=4, brokers=3, lines=True)
    prepare(plan, tmp_path)
    lines = read_lines(tmp_path / "facts" / "lines.json")
    assert len({line.listen for line in lines}) == 12
    url = plan.broker_url(plan.pool_names[1])
    ours = [line for line in lines if line.pool == P2]
    assert url == f"amqp://{','.join(f'lines:{line.listen}' for line in ours)}/twinpool"
    assert [line.upstream for line in ours] == [(f"rabbitmq{node}", 5672) for node in (1, 2, 3)]


@pytest.mark.parametrize("text", ["", '[{"pool": "pool1.lab"}]', json.dumps([{"pool": "p", "listen": 1}])])
def test_a_file_that_names_no_lines_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "lines.json").write_text(text)
    with pytest.raises(InvalidConfiguration):
        read_lines(tmp_path / "lines.json")
