"""The store of a pool is full or gone: both sides say so, writes are refused, and both recover by themselves."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.labs import P1, P2, RunningLab, running_lab
from twinpool_services.lab import Lab, LabPlan
from twinpool_services.lab.lab import DEPLOYMENT
from twinpool_services.lab.plan import deployment_text

pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system"),
]

MIB = 1024 * 1024
SIZE_MIB = 24


class SmallDisk:
    """A file system in memory that a test can fill."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """Leave no room on it."""
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(64 * 1024))
            except OSError:
                return

    def free(self) -> None:
        """Make room again."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk() -> Iterator[SmallDisk]:
    with tempfile.TemporaryDirectory(prefix="twinpool-disk-") as name:
        options = ["-o", f"size={SIZE_MIB}m,mode=0700"]
        subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", name], check=True)
        try:
            yield SmallDisk(Path(name))
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


@pytest.fixture(scope="module")
def disk() -> Iterator[SmallDisk]:
    with small_disk() as disk:
        yield disk


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, events_are_logged_as_json: None, disk: SmallDisk) -> Iterator[RunningLab]:
    """A pair of which pool2 has its store on the small disk; its conference files lie elsewhere."""

    def prepare(lab: Lab, plan: LabPlan) -> None:
        stores = {P1: f"sqlite:///{P1}.db", P2: f"sqlite:///{disk.path}/{P2}.db"}
        (lab.directory / DEPLOYMENT).write_text(deployment_text(plan, plan.broker_url or "", stores))

    with running_lab(request, prepare=prepare, lease_duration="00:00:02") as running:
        running.configure(AckTimeout="00:00:05")
        yield running


@pytest.fixture(autouse=True)
def room(disk: SmallDisk) -> Iterator[None]:
    """Leave room for the next test, however this one ends."""
    yield
    disk.free()


def import_state(lab: RunningLab) -> tuple[str, str]:
    row = lab.module(P2)
    return row["ImportStatus"], row["Reason"]


def says_full(lab: RunningLab) -> bool:
    """Tell whether the importing pool says that imports fail, and why."""
    state, reason = import_state(lab)
    return state == "ErrorState" and "full" in reason


def test_a_full_store_of_the_importing_pool_is_told_on_both_sides_and_recovers_by_itself(
    lab: RunningLab, disk: SmallDisk
) -> None:
    """Claims 25 and 26: export and import are in ErrorState, with the reason, until there is room again."""
    lab.put(P1, "contacts/bob", b"friend")
    lab.await_final()
    disk.fill()
    for number in range(8):
        lab.put(P1, f"contacts/{number}", bytes(MIB))

    lab.eventually(lambda: lab.module(P1)["ExportStatus"] == "ErrorState", "the source says so")
    lab.eventually(lambda: says_full(lab), "the importing pool says so")
    lab.eventually(lambda: "full" in lab.module(P1)["Reason"], "the source says why")

    disk.free()

    lab.assert_in_step()
    assert import_state(lab) == ("NormalState", "")


def test_writes_to_a_full_store_are_refused_and_nothing_of_them_stays(lab: RunningLab, disk: SmallDisk) -> None:
    path = f"/v1/homes/{P2}/modules/PresenceFocus/records/dora@lab/big"
    disk.fill()

    refused = lab.client(P2).put(path, content=bytes(MIB))

    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert "full" in refused.json()["detail"]
    assert refused.headers["Retry-After"]
    assert lab.client(P2).get(path).status_code == 404
    disk.free()
    lab.eventually(lambda: lab.client(P2).put(path, content=bytes(MIB)).is_success, "there is room again")
    lab.assert_in_step()


def test_a_store_that_cannot_be_read_is_told_and_recovers_by_itself(lab: RunningLab, disk: SmallDisk) -> None:
    """Its file is gone for a while, as on a disk that is not mounted."""
    lab.await_final()
    aside = disk.path / "aside"
    aside.mkdir()
    files = [path for path in disk.path.glob(f"{P2}.db*") if path.is_file()]
    for path in files:
        path.rename(aside / path.name)
    lab.put(P1, "contacts/carol", b"friend")

    lab.eventually(lambda: lab.module(P1)["ExportStatus"] == "ErrorState", "the source says so")
    lab.eventually(lambda: import_state(lab)[0] == "ErrorState", "the importing pool says so")
    ready = lab.client(P2).get("/readyz")
    assert ready.status_code == 503, ready.text
    assert not ready.json()["Checks"]["store"]["Ok"], ready.text

    for path in files:
        (aside / path.name).rename(path)

    lab.assert_in_step()
