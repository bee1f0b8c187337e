"""Pools that are paired anew: the new backup pool gets everything, and nothing of the old one is believed or lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.labs import P1, P2, PRESENCE, RunningLab, running_lab
from twinpool.vocabulary.names import Home, PoolFqdn, Stream

pytestmark = pytest.mark.rabbitmq

P3 = PoolFqdn("pool3.lab")
CONTACTS_OF_1, CONTACTS_OF_2 = Stream(Home(P1), PRESENCE), Stream(Home(P2), PRESENCE)


def test_a_pool_that_is_paired_anew_is_backed_up_whole_and_keeps_what_it_had_until_told(
    request: pytest.FixtureRequest, events_are_logged_as_json: None, tmp_path: Path
) -> None:
    report = ("-Report", str(tmp_path / "report.html"))
    with running_lab(request, pools=3, front_ends=1, lease_duration="00:00:02") as lab:
        for number in range(50):
            lab.put(P1, f"contacts/{number}", b"of pool1")
            lab.put(P2, f"contacts/{number}", b"of pool2")
        lab.await_final()
        done = lab.command("Backup-CsPool", "-PoolFqdn", P1, "-FullBackup", *report, "--format", "json")
        assert done.returncode == 0, done.stderr
        assert {row["ExportStatus"] for row in json.loads(done.stdout)["BackupModules"]} == {"FinalState"}

        pair_anew(lab)

        # Until the new backup pool is heard for the first time a module is NotInitialized, with nothing to send.
        lab.eventually(lambda: lab.module(P1)["ExportStatus"] == "FinalState", "pool1 is backed up at pool3")
        lab.await_final(P1)
        with lab.store(P3) as store:
            assert store.record_count(CONTACTS_OF_1) == 50
        lab.put(P2, "contacts/new", b"of no concern to pool1 any more")
        with lab.store(P1) as store:
            assert store.record_count(CONTACTS_OF_2) == 50, "what the former backup pool left stays"
        assert lab.status(P1)["OverallImportStatus"] == "NormalState"

        removed = lab.command("Remove-CsUserStoreBackupData", "-PoolFqdn", P1, "--format", "json")
        assert (removed.returncode, json.loads(removed.stdout)["Records"]) == (0, 50), removed.stderr
        with lab.store(P1) as store:
            assert (store.record_count(CONTACTS_OF_1), store.record_count(CONTACTS_OF_2)) == (50, 0)
        again = lab.command("Backup-CsPool", "-PoolFqdn", P1, *report, "--format", "json")
        assert again.returncode == 0, again.stderr


def pair_anew(lab: RunningLab) -> None:
    """Pair pool 1 with pool 3 instead of pool 2, and restart all front ends with the new file."""
    names = [name for pool in (P1, P2, P3) for name in lab.names(pool)]
    for name in names:
        lab.lab.stop(name)
    file = lab.lab.deployment_file
    text = file.read_text(encoding="utf-8")
    changed = text.replace(f'pools = ["{P1}", "{P2}"]', f'pools = ["{P1}", "{P3}"]')
    assert changed != text
    file.write_text(changed, encoding="utf-8")
    lab.start(*names)
