"""A front end as the process that it is: how it starts, what keeps it from starting, and how it stops."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.front_ends import POOL1
from tests.tokens import security_in
from twinpool.brokers.free_ports import free_ports
from twinpool.security.credentials import bearer, read_token_file
from twinpool_services.frontend.exit_codes import ExitCode

RECORD = f"/v1/homes/{POOL1}/modules/PresenceFocus/records/ada/k"
PATIENCE = 90.0  #: seconds; none of these tests is about speed


class Lab:
    """A deployment file, and the processes that a test starts with it."""

    def __init__(self, folder: Path, cleanup: ExitStack) -> None:
        self.folder, self._cleanup = folder, cleanup
        self.ports = free_ports(3)  #: of two front ends, and where no broker is
        self.log = folder / "log"
        self.headers = bearer(read_token_file(security_in(folder).token_file))
        self.store = folder / "data" / "pool1.db"
        self.store.parent.mkdir()
        self.file = folder / "twinpool.toml"
        self.write()

    def write(self) -> None:
        self.file.write_text(
            f"""
            [deployment]
            cms_master = "{POOL1}"
            lease_duration = "00:00:02"

            [broker]
            url = "amqp://guest:guest@127.0.0.1:{self.ports[2]}/"

            [[pool]]
            fqdn = "{POOL1}"
            store = "sqlite:///{self.store}"
            content = "{self.folder / "content"}"
            front_ends = [
                {{ name = "fe1.lab", listen = "127.0.0.1:{self.ports[0]}" }},
                {{ name = "fe2.lab", listen = "127.0.0.1:{self.ports[1]}" }},
            ]
            """
        )

    def start(self, name: str = "fe1.lab") -> subprocess.Popen[bytes]:
        program = str(Path(sys.executable).with_name("twinpool"))
        command = [program, "pool", "run", "--front-end", name, "--deployment", str(self.file)]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TWINPOOL")}
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=self.folder)
        self._cleanup.callback(process.wait)
        self._cleanup.callback(process.kill)
        return process

    def client(self, number: int = 0) -> httpx.Client:
        return self._cleanup.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{self.ports[number]}", timeout=PATIENCE, headers=self.headers)
        )

    @property
    def begun_put(self) -> bytes:
        """The beginning of a write, whose body is still to come."""
        head = f"PUT {RECORD} HTTP/1.1\r\nHost: x\r\nAuthorization: {self.headers['Authorization']}\r\n"
        return f"{head}Content-Length: 9\r\n\r\nx".encode()

    def said(self) -> str:
        return self.log.read_text()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with ExitStack() as cleanup:
        yield Lab(tmp_path, cleanup)


def wait_until(condition: Callable[[], bool], what: Callable[[], str]) -> None:
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, what()
        time.sleep(0.05)


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def is_active(client: httpx.Client) -> bool:
    return is_ready(client) and bool(client.get("/v1/front-end").json()["Active"])


def test_it_serves_without_a_broker_and_stops_in_order_when_asked(lab: Lab) -> None:
    process, client = lab.start(), lab.client()
    wait_until(lambda: is_active(client), lab.said)
    assert client.put(RECORD, content=b"v").status_code == 201

    process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE) == ExitCode.STOPPED
    assert "has stopped: SIGTERM" in lab.said()


def test_what_was_written_is_there_after_a_restart(lab: Lab) -> None:
    client = lab.client()
    for _ in range(2):
        process = lab.start()
        wait_until(lambda: is_ready(client), lab.said)
        client.put(RECORD, content=b"v")
        process.kill()
        process.wait(PATIENCE)
    lab.start()
    wait_until(lambda: is_ready(client), lab.said)

    assert client.get(RECORD).content == b"v"


def test_who_stops_in_order_gives_the_lease_back_so_that_the_other_takes_over(lab: Lab) -> None:
    first, client, other = lab.start(), lab.client(), lab.client(1)
    wait_until(lambda: is_active(client), lab.said)
    lab.start("fe2.lab")
    wait_until(lambda: is_ready(other), lab.said)

    first.send_signal(signal.SIGTERM)
    assert first.wait(PATIENCE) == ExitCode.STOPPED

    wait_until(lambda: is_active(other), lab.said)
    assert other.get("/v1/front-end").json()["Lease"]["Generation"] == 2


def test_requests_that_are_under_way_are_finished_before_it_stops(lab: Lab) -> None:
    process, client = lab.start(), lab.client()
    wait_until(lambda: is_ready(client), lab.said)
    going_on = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"a"
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: not _listens(lab.ports[0]), lab.said)
        going_on.set()
        yield b"b"

    answer = client.put(RECORD, content=pieces())

    assert going_on.is_set()
    assert answer.status_code == 201
    assert process.wait(PATIENCE) == ExitCode.STOPPED


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def test_a_client_that_never_finishes_does_not_keep_it_from_stopping(lab: Lab) -> None:
    process, client = lab.start(), lab.client()
    wait_until(lambda: is_ready(client), lab.said)
    with socket.create_connection(("127.0.0.1", lab.ports[0])) as connection:
        connection.sendall(lab.begun_put)
        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE) == ExitCode.STOPPED


def test_a_second_signal_insists(lab: Lab) -> None:
    process, client = lab.start(), lab.client()
    wait_until(lambda: is_ready(client), lab.said)
    with socket.create_connection(("127.0.0.1", lab.ports[0])) as connection:
        connection.sendall(lab.begun_put)
        process.send_signal(signal.SIGINT)
        wait_until(lambda: not _listens(lab.ports[0]), lab.said)
        process.send_signal(signal.SIGINT)

        assert process.wait(PATIENCE) == ExitCode.INSISTED


def test_a_name_that_is_taken_is_refused(lab: Lab) -> None:
    lab.start()
    client = lab.client()
    wait_until(lambda: is_ready(client), lab.said)

    assert lab.start().wait(PATIENCE) == ExitCode.REFUSED
    assert "fe1.lab" in lab.said()
    assert "not started" in lab.said()
    assert is_ready(client)


def test_a_port_that_is_taken_is_refused(lab: Lab) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", lab.ports[0]))
        holder.listen()

        assert lab.start().wait(PATIENCE) == ExitCode.REFUSED
        assert f"cannot listen on 127.0.0.1:{lab.ports[0]}" in lab.said()


def test_a_store_that_cannot_be_opened_is_tried_again_until_it_can(lab: Lab) -> None:
    lab.store.parent.rmdir()
    lab.store.parent.write_text("in the way")  # A file where the store's directory should be.
    process, client = lab.start(), lab.client()
    wait_until(lambda: _listens(lab.ports[0]), lab.said)

    assert client.get("/livez").json()["Store"] != "open"
    assert client.get("/readyz").status_code == 503
    status = client.get(f"/v1/pools/{POOL1}/backup-status").json()
    assert status["OverallExportStatus"] == "ErrorState"
    assert process.poll() is None
    assert "will try again" in lab.said()

    lab.store.parent.unlink()
    lab.store.parent.mkdir()
    wait_until(lambda: is_ready(client), lab.said)
    assert client.put(RECORD, content=b"v").status_code == 201


def test_it_can_be_stopped_while_the_store_cannot_be_opened(lab: Lab) -> None:
    lab.store.parent.rmdir()
    lab.store.parent.write_text("in the way")
    process = lab.start()
    wait_until(lambda: _listens(lab.ports[0]), lab.said)

    process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE) == ExitCode.STOPPED


@pytest.mark.parametrize("broken", ["guest@127.0.0.1", "guest:guest@127.0.0.1:none"])
def test_a_broker_url_that_cannot_be_read_ends_it_at_the_start_and_not_at_its_election(lab: Lab, broken: str) -> None:
    text = lab.file.read_text()
    lab.file.write_text(re.sub(r"guest:guest@127\.0\.0\.1:\d+", broken, text))

    assert lab.start().wait(PATIENCE) == ExitCode.CONFIGURATION
    assert "broker" in lab.said()
    assert "Traceback" not in lab.said()
