from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conformance.backends import Stores
from tests.conformance.streams import POOL, eventually
from twinpool.errors import NameTaken, TwinpoolError
from twinpool.ports.store import Store
from twinpool.vocabulary.names import FrontEndName

FE1 = FrontEndName("fe1")

CLAIM = """
import sys
from twinpool.stores.opening import open_store
claim = open_store(sys.argv[1], "pool1.lab").claim_name("fe1")
print("claimed", flush=True)
sys.stdin.read()
"""


def test_a_name_that_is_claimed_is_taken_until_it_is_given_back(stores: Stores, store: Store) -> None:
    other = stores.open(POOL)
    claim = store.claim_name(FE1)
    with pytest.raises(NameTaken):
        store.claim_name(FE1)
    with pytest.raises(NameTaken):
        other.claim_name(FE1)
    claim.release()
    other.claim_name(FE1).release()


def test_different_names_do_not_meet(store: Store) -> None:
    claims = [store.claim_name(FrontEndName(name)) for name in ("fe1", "fe2", "FE1", "../fe1", "fe/1", "x" * 300)]
    for claim in claims:
        claim.release()


def test_a_name_is_free_once_its_process_was_killed(shared_stores: Stores) -> None:
    url = shared_stores.url(POOL)
    store = shared_stores.open(POOL)
    with subprocess.Popen(
        [sys.executable, "-c", CLAIM, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        with pytest.raises(NameTaken):
            store.claim_name(FE1)
        process.kill()
        process.wait()
        assert eventually(lambda: _claims(store))


def _claims(store: Store) -> bool:
    try:
        store.claim_name(FE1).release()
    except TwinpoolError:
        return False
    return True
