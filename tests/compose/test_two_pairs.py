"""compose/two-pairs.yml: four pools over one broker, and a Central Management store that one pair serves for all.

The pools reach the broker by the lines of compose/lines.yml, which are bad for a while.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.compose.conftest import OpenLab
from tests.compose.lab import P1, P2, P3, P4, ComposeLab

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def lab(open_lab: OpenLab) -> Iterator[ComposeLab]:
    with open_lab("two-pairs", "lines", generation="v1") as running:
        yield running


def test_users_of_one_pair_move_while_both_pairs_are_written_to_and_nothing_is_lost(lab: ComposeLab) -> None:
    with lab.load(P1, P3, P4):
        moved = lab.twinpool("Invoke-CsPoolFailover", "-PoolFqdn", P4)
    assert moved["Result"] == "Done"
    assert lab.verdict()["served_by"] == {P1: P1, P3: P3, P4: P3}


def test_nothing_is_lost_over_lines_that_are_slow_reset_and_cut(lab: ComposeLab) -> None:
    def lines(*words: str) -> dict[str, dict[str, object]]:
        shown = json.loads(lab.execute("lines", "twinpool", "chaos", "lines", *words, "--format", "json"))
        return {one["pool"]: one for one in shown}

    with lab.load(P1):
        lines("set", P1, "--latency", "0.1", "--bandwidth", "50000")
        lab.more()
        lines("reset", P1)
        cut = lines("set", P2, "--cut", "both")
        lab.more()
        healed = lines("heal")
    assert (cut[P2]["cut_in"], cut[P1]["delay"], healed[P1]["delay"]) == (True, 0.1, 0.0)
    assert all(int(str(one["passed"])) > 0 for one in healed.values())
    lab.verdict()


def test_the_cms_is_served_by_one_pair_and_replicated_to_every_pool(lab: ComposeLab) -> None:
    lab.execute("cli", "twinpool", "Set-CsBackupServiceConfiguration", "-SyncInterval", "00:01:00")
    status = ("cli", "twinpool", "Get-CsManagementStoreReplicationStatus", "--format", "json")

    def in_step() -> bool:
        rows = json.loads(lab.execute(*status))
        return [(row["ReplicaFqdn"], row["UpToDate"]) for row in rows] == [(pool, True) for pool in (P1, P2, P3, P4)]

    lab.eventually(in_step, "every pool has the newest configuration")
    assert lab.twinpool("Get-CsBackupServiceConfiguration")["SyncInterval"] == "00:01:00"
    store = lab.twinpool("Get-CsManagementStoreReplicationStatus", "-CentralManagementStoreStatus")
    assert store["ActiveMasterFqdn"].endswith(P1)
