"""User data of one deployment goes to another as a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.labs import P1, PRESENCE, RunningLab, running_lab
from twinpool.vocabulary.names import Home, Stream

pytestmark = pytest.mark.rabbitmq


def test_an_archive_of_one_deployment_is_imported_by_another(
    lab: RunningLab, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    for number in range(30):
        lab.put(P1, f"archive/{number}", b"v%d" % number, owner="sip:ada@lab")
    lab.upload(P1, "archived.bin", [b"slides" * 100_000])
    file = str(tmp_path / "pool1.zip")
    exported = lab.command("Export-CsUserData", "-PoolFqdn", P1, "-FileName", file)
    assert exported.returncode == 0, exported.stderr

    with running_lab(request, pools=2, front_ends=1, lease_duration="00:00:02") as other:
        words = ("Import-CsUserData", "-PoolFqdn", P1, "-FileName", file, "--format", "json")
        would = other.command(*words, "-WhatIf")
        assert would.returncode == 0, would.stderr
        assert all(row["New"] and not row["Written"] for row in json.loads(would.stdout))
        with other.store(P1) as store:
            assert store.record_count(Stream(Home(P1), PRESENCE)) == 0

        done = other.command(*words)
        assert done.returncode == 0, done.stderr
        again = other.command(*words)
        assert [(row["New"], row["Replaced"]) for row in json.loads(again.stdout)] == [(0, 0), (0, 0)]
        with lab.store(P1) as theirs, other.store(P1) as ours:
            for module in (PRESENCE, "ConfServices.DataConf"):
                stream = Stream(Home(P1), type(PRESENCE)(module))
                both = [store.scan(stream, after=None, limit=10_000) for store in (theirs, ours)]
                assert both[0] == both[1]
        answer = other.client(P1).get(f"/v1/homes/{P1}/conferences/weekly/files/archived.bin")
        assert answer.content == b"slides" * 100_000
        other.await_final()
