"""A file of 200 MB replicates with flat memory, and goes on where it stopped when the importer dies (guarantee 7)."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs import P1, P2, RunningLab

pytestmark = pytest.mark.rabbitmq

MIB = 1024 * 1024
SIZE = 200 * MIB
ALLOWED_GROWTH = 64 * MIB


def pieces(seed: int) -> Iterator[bytes]:
    """Make content up that does not compress, a piece at a time."""
    source = random.Random(seed)
    return (source.randbytes(MIB) for _ in range(SIZE // MIB))


def digest_of(content: Iterator[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=32)
    for piece in content:
        digest.update(piece)
    return digest.hexdigest()


def peak_memory(lab: RunningLab, name: str) -> int:
    """Return the most memory that a front end has ever used, in bytes."""
    status = Path(f"/proc/{lab.about(name)['ProcessId']}/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def sizes_of_partials(lab: RunningLab) -> dict[str, int]:
    """Return what has come of files that are on their way to pool2."""
    found = {}
    for path in lab.pool(P2).content.rglob("*.partial"):
        try:
            found[path.name] = path.stat().st_size
        except FileNotFoundError:  # complete in this moment
            continue
    return found


def test_memory_stays_flat_while_a_large_file_goes_over(lab: RunningLab) -> None:
    lab.upload(P1, "warm-up.bin", [bytes(4 * MIB)])
    lab.await_final()
    active = [lab.active(pool) for pool in (P1, P2)]
    uploading = lab.other(P1, active[0])  # so that what is measured is replication
    before = [peak_memory(lab, name) for name in active]

    answer = lab.at(uploading).put(f"/v1/homes/{P1}/conferences/weekly/files/talk.bin", content=pieces(1))
    assert answer.is_success
    lab.await_final()

    grown = [peak_memory(lab, name) - peak for name, peak in zip(active, before, strict=True)]
    print(f"peak memory grew by {grown[0] / MIB:.1f} MiB at the exporter and {grown[1] / MIB:.1f} MiB at the importer")
    assert max(grown) < ALLOWED_GROWTH
    assert [lab.active(pool) for pool in (P1, P2)] == active
    copy = lab.client(P2).get(f"/v1/homes/{P1}/conferences/weekly/files/talk.bin", headers={"Range": "bytes=0-9"})
    assert copy.headers["ETag"] == f'"{digest_of(pieces(1))}"'
    lab.assert_equal()


def test_a_transfer_goes_on_where_it_stopped_when_the_importer_dies(lab: RunningLab) -> None:
    former = lab.active(P2)
    lab.upload(P1, "recording.bin", pieces(2))
    name, reached = lab.eventually(
        lambda: next((item for item in sizes_of_partials(lab).items() if item[1] > 8 * MIB), None), "part has come"
    )

    lab.lab.kill(former)

    reached = sizes_of_partials(lab)[name]
    assert 0 < reached < SIZE, "it was killed in the middle"
    seen: list[int] = []

    def resumed() -> bool:
        size = sizes_of_partials(lab).get(name)
        seen.extend(() if size is None else (size,))
        return size is None

    lab.eventually(resumed, "the transfer is complete")
    print(f"{reached / MIB:.0f} of {SIZE // MIB} MiB had come when the importer was killed; it went on from there")
    assert min(seen) >= reached, "nothing that had come was thrown away"
    lab.assert_in_step()
    lab.lab.start(former)
