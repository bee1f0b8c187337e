"""What real workers find out about orphans while a pool comes back: classified truly, once all is repaired."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pairs import CONTACTS, MODULES, P1, P2, RunningPair, eventually, memory_links, running_pair
from twinpool.brokers.memory import MemoryBroker
from twinpool.failover.operation import Kind
from twinpool.failover.orphan_classification import Classification, judge
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.names import Home, PoolFqdn
from twinpool.vocabulary.orphan import Orphan, fingerprint
from twinpool_services.backup import FailoverWish, find_failover, plan_failover, request_failover

HOME = Home(P1)
OWNER = "alice@lab"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[RunningPair]:
    def store(fqdn: PoolFqdn) -> Store:
        return open_store(f"sqlite:///{tmp_path}/{fqdn}.db", fqdn)

    with running_pair(tmp_path, store, memory_links(MemoryBroker())) as running:
        yield running


def fail_over(pair: RunningPair) -> None:
    """Have the second pool take the first one's home alone."""
    second = pair.second
    token = plan_failover(second.store, second.premises.deployment, MODULES, HOME).token
    wish = FailoverWish(home=HOME, kind=Kind.DISASTER, plan_token=token)
    asked = request_failover(second.store, second.premises.deployment, MODULES, wish)
    eventually(lambda: find_failover(second.store, asked.id).has_ended, "the disaster failover is over")


def classification(pair: RunningPair, orphan: Orphan) -> Classification:
    value = pair.second.store.read(CONTACTS, RecordKey(OWNER, orphan.change.key))
    return judge(orphan, None if value is None else fingerprint(value)).classification


def test_what_a_pool_comes_back_with_is_classified_by_what_its_partner_did(pair: RunningPair) -> None:
    for key in ("left", "changed", "deleted", "equal", "changed later"):
        pair.first.put(key, b"shared")
    eventually(pair.in_step, "the records have come over")
    pair.first.stop_all()
    for key in ("left", "changed", "deleted", "equal", "changed later", "new"):
        pair.first.put(key, b"only here")
    fail_over(pair)
    pair.second.put("changed", b"newer")
    pair.second.put("equal", b"only here")
    pair.second.write(CONTACTS, Change(OWNER, "deleted", None))

    pair.first.start(1)
    eventually(lambda: pair.first.store.count_orphans(HOME) == 6 and pair.in_step(), "the first gives way")
    pair.second.put("changed later", b"newer")

    assert {each.change.key: classification(pair, each) for each in pair.first.store.orphans()} == {
        "left": Classification.SAFE,
        "changed": Classification.CONFLICT,
        "deleted": Classification.DELETED,
        "equal": Classification.ALREADY_THERE,
        "changed later": Classification.CONFLICT,
        "new": Classification.SAFE,
    }
    assert P2 in {status.serving_pool for status in pair.first.store.homes() if status.home == HOME}
