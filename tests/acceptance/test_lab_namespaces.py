"""A lab whose pools and broker have network namespaces of their own: the kernel parts them, and joins them again."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.labs import P1, P2, RunningLab
from tests.rabbitmq_server import require_rabbitmq
from twinpool_services.lab import Lab, LabPlan, Namespaces, Network, Watcher
from twinpool_services.lab.namespaces import NamespacesUnavailable

pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.timeout(400),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may make network namespaces"),
    pytest.mark.skipif(shutil.which("iptables", path="/usr/sbin:/sbin") is None, reason="iptables is not installed"),
]


@pytest.fixture(scope="module")
def lab(events_are_logged_as_json: None) -> Iterator[RunningLab]:
    require_rabbitmq()
    with ExitStack() as cleanup:
        directory = Path(tempfile.mkdtemp(prefix="twinpool-lab-"))
        cleanup.callback(shutil.rmtree, directory, ignore_errors=True)
        made = Lab(directory)
        plan = LabPlan(front_ends=1, network=Network.NAMESPACES, heartbeat="00:00:02", lease_duration="00:00:02")
        try:
            made.up(plan)
        except NamespacesUnavailable as error:
            pytest.skip(str(error))
        cleanup.callback(made.down, erase=True)
        yield RunningLab(made, cleanup.enter_context(Watcher(made.deployment)), cleanup)


def namespaces(lab: RunningLab) -> Namespaces:
    found = lab.lab.servers.namespaces
    assert found is not None
    return found


@pytest.mark.parametrize(("outwards", "inwards"), [(True, True), (False, True)])
def test_a_partition_is_noticed_and_over_once_the_pools_are_joined(
    lab: RunningLab, outwards: bool, inwards: bool
) -> None:
    (name,) = lab.names(P2)
    lab.await_final()
    before = len(lab.events(name, "link.down"))

    namespaces(lab).part(P2, outwards=outwards, inwards=inwards)
    lab.eventually(lambda: len(lab.events(name, "link.down")) > before, "pool2 has lost the broker")
    lab.put(P1, "contacts/bob", b"friend")
    namespaces(lab).join(P2)

    lab.eventually(partial(lab.acknowledged, P1), "it is acknowledged")
    lab.assert_in_step()


def test_what_a_lab_needs_is_gone_with_it() -> None:
    pool = [P1]
    ours = Namespaces(Path("/nowhere/twinpool-namespaces"), pool)
    ours.up()
    name = ours.command(P1)[-1]
    there = Path("/run/netns", name).exists()

    ours.down()
    ours.down()

    assert there
    assert not Path("/run/netns", name).exists()
