from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from tests.rabbitmq_server import require_rabbitmq
from twinpool.brokers.private_node import NOTE, PrivateNode
from twinpool.errors import BrokerUnreachable

pytestmark = pytest.mark.rabbitmq


@pytest.fixture
def directory() -> Iterator[Path]:
    require_rabbitmq()
    path = Path(tempfile.mkdtemp(prefix="twinpool-rabbitmq-"))
    yield path
    if (path / NOTE).exists():
        PrivateNode.attach(path).kill()
    shutil.rmtree(path)


def takes_connections(url: str) -> bool:
    try:
        pika.BlockingConnection(pika.URLParameters(url)).close()
    except pika.exceptions.AMQPConnectionError:
        return False
    return True


def listeners(pids: set[int]) -> set[str]:
    """Addresses on which any of the processes listens, as the kernel knows them."""
    sockets = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            target = str(link.readlink())
            if target.startswith("socket:["):
                sockets.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                found.add(fields[1].partition(":")[0])
    return found


def test_a_node_starts_listens_on_the_loopback_alone_and_stops_with_all_that_belongs_to_it(directory: Path) -> None:
    node = PrivateNode(directory)
    node.start()
    marks = dict(node._marks)
    loopback = {"0100007F", "0" * 24 + "01000000"}

    assert node.is_running()
    assert takes_connections(node.url())
    assert takes_connections(node.add_vhost("two/three"))
    assert listeners({marks["server"].pid, marks["mapper"].pid}) <= loopback
    assert directory.stat().st_mode & 0o077 == 0

    node.stop()

    assert not node.is_running()
    assert not any(mark.is_alive() for mark in marks.values())
    assert not takes_connections(node.url())


def test_a_node_outlives_the_process_that_started_it_and_is_found_again(directory: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from twinpool.brokers.private_node import PrivateNode; "
        "PrivateNode(Path(sys.argv[1])).start()"
    )
    subprocess.run([sys.executable, "-c", program, str(directory)], check=True)

    node = PrivateNode.attach(directory)

    assert node.is_running()
    assert takes_connections(node.url())
    node.start()
    node.stop()
    assert not PrivateNode.attach(directory).is_running()


def test_a_killed_node_starts_again_at_the_same_url_with_what_it_had(directory: Path) -> None:
    node = PrivateNode(directory)
    node.start()
    url = node.add_vhost("kept")

    node.kill()
    assert not node.is_running()
    assert not takes_connections(url)
    PrivateNode.attach(directory).start()

    assert takes_connections(url)


def test_plugins_and_settings_are_taken(directory: Path) -> None:
    node = PrivateNode(directory, plugins=["rabbitmq_management"], settings={"channel_max": "77"})
    node.start()

    host, _, port = node.management_url.removeprefix("http://").partition(":")
    socket.create_connection((host, int(port)), timeout=10).close()
    assert "{channel_max,77}" in node.ctl("environment").replace(" ", "")


def test_a_node_that_does_not_come_up_says_why_and_leaves_nothing_behind(directory: Path) -> None:
    node = PrivateNode(directory, settings={"no.such.setting": "1"})

    with pytest.raises(BrokerUnreachable, match="did not start") as failed:
        node.start()

    assert "no.such.setting" in str(failed.value)
    assert node._marks == {}


def test_a_tool_that_fails_says_why(directory: Path) -> None:
    node = PrivateNode(directory)
    with pytest.raises(BrokerUnreachable, match="never started"):
        node.ctl("status")
    node.start()

    with pytest.raises(BrokerUnreachable, match="nobody"):
        node.ctl("delete_user", "nobody")


def test_a_directory_without_a_node_cannot_be_attached_to(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnreachable, match="ever started"):
        PrivateNode.attach(tmp_path)


def test_a_damaged_note_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / NOTE).write_text("{", encoding="utf-8")

    with pytest.raises(BrokerUnreachable, match="damaged"):
        PrivateNode.attach(tmp_path)
