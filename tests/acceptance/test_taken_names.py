"""Two front ends cannot have the same name, nor the same port: the second refuses to start and harms nobody."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.labs import P1, RunningLab

pytestmark = pytest.mark.rabbitmq

REFUSED = 3


@contextmanager
def listener_at(address: str) -> Iterator[None]:
    """Listen at an address in a front end's stead."""
    parts = urlsplit(address)
    with socket.create_server((parts.hostname or "", parts.port or 0)):
        yield


def test_a_second_front_end_of_the_same_name_refuses_to_start_and_the_first_is_unharmed(lab: RunningLab) -> None:
    name = lab.active(P1)
    generation = lab.lease(P1)["Generation"]

    second = lab.command("pool", "run", "--front-end", name)

    assert second.returncode == REFUSED
    assert f"a front end named {name} is already running" in second.stderr
    assert (lab.active(P1), lab.lease(P1)["Generation"]) == (name, generation)
    lab.put(P1, "contacts/bob", b"friend")
    lab.assert_in_step()


def test_a_front_end_whose_port_is_taken_refuses_to_start(lab: RunningLab) -> None:
    name = lab.other(P1, lab.active(P1))
    address = lab.lab.deployment.front_end(name)[1].address
    lab.lab.stop(name)
    with listener_at(address):
        refused = lab.command("pool", "run", "--front-end", name)

    assert refused.returncode == REFUSED
    assert urlsplit(address).netloc in refused.stderr
    lab.lab.start(name)
